package s3

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// notificationConfiguration is the document of a bucket's rules about notifications.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
type notificationConfiguration struct {
	XMLName     xml.Name              `xml:"NotificationConfiguration"`
	Topics      []notificationElement `xml:"TopicConfiguration"`
	Queues      []notificationElement `xml:"QueueConfiguration"`
	Functions   []notificationElement `xml:"CloudFunctionConfiguration"`
	EventBridge *struct{}             `xml:"EventBridgeConfiguration"`
}

// notificationElement is a rule of one of the kinds, which has the target of its kind.
type notificationElement struct {
	ID       string `xml:"Id"`
	Topic    string
	Queue    string
	Function string                         `xml:"CloudFunction"`
	Events   []string                       `xml:"Event"`
	Filters  []struct{ Name, Value string } `xml:"Filter>S3Key>FilterRule"`
}

// rules are those of the document. Errors: InvalidArgument, NotImplemented.
func (configuration *notificationConfiguration) rules() ([]eventlog.NotificationRule, error) {
	if configuration.EventBridge != nil {
		return nil, api.Errorf(api.NotImplemented, "There is no Amazon EventBridge here that events could be sent to.")
	}
	var rules []eventlog.NotificationRule
	add := func(kind eventlog.NotificationKind, elements []notificationElement, target func(*notificationElement) string) error {
		for i := range elements {
			e := &elements[i]
			rule := eventlog.NotificationRule{ID: e.ID, Kind: kind, Target: target(e), Events: e.Events}
			if err := e.filter(&rule); err != nil {
				return err
			}
			rules = append(rules, rule)
		}
		return nil
	}
	if err := add(eventlog.NotifyTopic, configuration.Topics, func(e *notificationElement) string { return e.Topic }); err != nil {
		return nil, err
	}
	if err := add(eventlog.NotifyQueue, configuration.Queues, func(e *notificationElement) string { return e.Queue }); err != nil {
		return nil, err
	}
	err := add(eventlog.NotifyFunction, configuration.Functions, func(e *notificationElement) string { return e.Function })
	return rules, err
}

// filter gives a rule the prefix and the suffix that keys must have.
func (e *notificationElement) filter(rule *eventlog.NotificationRule) error {
	seen := make(map[string]bool)
	for _, f := range e.Filters {
		name := strings.ToLower(f.Name)
		if seen[name] {
			return api.InvalidArgumentf("FilterRule.Name", f.Name, "Cannot specify more than one %s rule in a filter.", name)
		}
		seen[name] = true
		switch name {
		case "prefix":
			rule.Prefix = f.Value
		case "suffix":
			rule.Suffix = f.Value
		default:
			return api.InvalidArgumentf("FilterRule.Name", f.Name, "filter rule name must be either prefix or suffix")
		}
	}
	return nil
}

// notificationNames are, by the kind of a rule, the names of its element and of its target's.
var notificationNames = map[eventlog.NotificationKind]struct{ rule, target string }{
	eventlog.NotifyTopic:    {"TopicConfiguration", "Topic"},
	eventlog.NotifyQueue:    {"QueueConfiguration", "Queue"},
	eventlog.NotifyFunction: {"CloudFunctionConfiguration", "CloudFunction"},
}

// getBucketNotification implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
func (c *call) getBucketNotification() error {
	bucket, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	x := newXML(256 + 512*len(bucket.Notification))
	x.root("NotificationConfiguration")
	for i := range bucket.Notification {
		x.notificationRule(&bucket.Notification[i])
	}
	x.close("NotificationConfiguration")
	c.xml(http.StatusOK, x)
	return nil
}

func (x *xmlWriter) notificationRule(rule *eventlog.NotificationRule) {
	names := notificationNames[rule.Kind]
	x.open(names.rule)
	x.text("Id", rule.ID)
	x.text(names.target, rule.Target)
	x.texts("Event", rule.Events)
	if rule.Prefix != "" || rule.Suffix != "" {
		x.open("Filter")
		x.open("S3Key")
		x.filterRule("prefix", rule.Prefix)
		x.filterRule("suffix", rule.Suffix)
		x.close("S3Key")
		x.close("Filter")
	}
	x.close(names.rule)
}

func (x *xmlWriter) filterRule(name, value string) {
	if value == "" {
		return
	}
	x.open("FilterRule")
	x.text("Name", name)
	x.text("Value", value)
	x.close("FilterRule")
}

// putBucketNotification implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
func (c *call) putBucketNotification() error {
	var configuration notificationConfiguration
	if err := c.readConfiguration(&configuration); err != nil {
		return err
	}
	rules, err := configuration.rules()
	if err != nil {
		return err
	}
	skip := strings.EqualFold(c.header("X-Amz-Skip-Destination-Validation"), "true")
	if err := c.h.Service.PutBucketNotification(c.r.Context(), c.by, c.bucket, rules, skip); err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}
