package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
)

// Limits of the rules of a bucket about notifications. The last one is this server's: a bucket's record has to fit into an item
// of any metadata engine.
const (
	maxNotificationRules = 100
	maxNotificationID    = 255      // characters
	maxNotificationFix   = 1024     // bytes of a prefix or suffix
	maxNotificationBytes = 64 << 10 // of all rules, in JSON
)

// Targets are where notifications can be sent to. Clients choose among them, and cannot make any.
type Targets interface {
	// Known tells whether an ARN names a target.
	Known(arn string) bool
	// Test sends the event that S3 sends to try a target. An error says, without telling where the target is, why it does not
	// take events. It ends soon after ctx.
	Test(ctx context.Context, arn string, bucket string, request string) error
}

// notificationEvents are S3's events, by the kinds of which s3:KIND:* is all. Some never happen here: objects are not lost,
// restored, replicated or moved between storage classes. Rules about them are kept as on S3, so that configurations can be
// taken over as they are.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
var notificationEvents = map[string][]string{
	"ReducedRedundancyLostObject": nil,
	"ObjectCreated":               {"Put", "Post", "Copy", "CompleteMultipartUpload"},
	"ObjectRemoved":               {"Delete", "DeleteMarkerCreated"},
	"ObjectRestore":               {"Post", "Completed", "Delete"},
	"Replication":                 {"OperationFailedReplication", "OperationNotTracked", "OperationMissedThreshold", "OperationReplicatedAfterThreshold"},
	"LifecycleExpiration":         {"Delete", "DeleteMarkerCreated"},
	"LifecycleTransition":         nil,
	"IntelligentTiering":          nil,
	"ObjectTagging":               {"Put", "Delete"},
	"ObjectAcl":                   {"Put"},
}

// expandNotificationEvent returns the events that a name of S3 stands for, as they are named in rules; none if there is no such.
func expandNotificationEvent(name string) []string {
	kind, event, hasEvent := strings.Cut(strings.TrimPrefix(name, "s3:"), ":")
	events, known := notificationEvents[kind]
	switch {
	case !known || !strings.HasPrefix(name, "s3:") || hasEvent != (len(events) > 0):
		return nil
	case !hasEvent || slices.Contains(events, event):
		return []string{name}
	case event != "*" || kind == "ObjectAcl": // S3 has no s3:ObjectAcl:*
		return nil
	}
	all := make([]string, len(events))
	for i, event := range events {
		all[i] = "s3:" + kind + ":" + event
	}
	return all
}

// PutBucketNotification replaces the rules about who is told of what happens in a bucket, and first tries their targets, unless
// skip says that they need not even exist. A rule without an ID is given one. Errors: NoSuchBucket, AccessDenied, InvalidArgument, InvalidRequest.
func (s *Service) PutBucketNotification(ctx context.Context, by Caller, bucket string, rules []eventlog.NotificationRule, skip bool) error {
	for i := range rules {
		if rules[i].ID == "" {
			rules[i].ID = sortid.New()
		}
	}
	if err := checkNotification(rules); err != nil {
		return err
	}
	if !skip && len(rules) > 0 {
		if _, err := s.bucket(ctx, by, bucket); err != nil {
			return err // who may not configure the bucket has nothing sent
		}
		if err := s.testTargets(ctx, by, bucket, rules); err != nil {
			return err
		}
	}
	return s.configure(ctx, by, bucket, func(b *projections.Bucket) (eventlog.Data, error) {
		if len(rules) == 0 && len(b.Notification) == 0 {
			return nil, nil
		}
		return &eventlog.BucketNotificationSet{Bucket: bucket, Rules: rules}, nil
	})
}

// testTargets sends a test event to each target of the rules, at once. Nothing is locked meanwhile: a target may hang.
func (s *Service) testTargets(ctx context.Context, by Caller, bucket string, rules []eventlog.NotificationRule) error {
	failed := make(map[string]string) // why, by ARN
	var mu sync.Mutex
	fail := func(arn, why string) {
		mu.Lock()
		defer mu.Unlock()
		failed[arn] = why
	}
	var tests sync.WaitGroup
	tried := make(map[string]bool)
	for _, rule := range rules {
		arn := rule.Target
		switch {
		case tried[arn]:
		case s.targets == nil || !s.targets.Known(arn):
			fail(arn, "The destination ARN does not exist or is not well-formed. Verify the destination ARN.")
		default:
			tests.Go(func() {
				if err := s.targets.Test(ctx, arn, bucket, by.Request); err != nil {
					fail(arn, err.Error())
				}
			})
		}
		tried[arn] = true
	}
	tests.Wait()
	if len(failed) == 0 {
		return nil
	}
	refused := Errorf(InvalidArgument, "Unable to validate the following destination configurations")
	for i, arn := range slices.Sorted(maps.Keys(failed)) {
		name, value := "ArgumentName", "ArgumentValue"
		if len(failed) > 1 {
			name, value = fmt.Sprint(name, i+1), fmt.Sprint(value, i+1)
		}
		refused.Details = append(refused.Details, Detail{name, arn}, Detail{value, failed[arn]})
	}
	return refused
}

// checkNotification returns an error unless the rules are such that a bucket can have them.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
func checkNotification(rules []eventlog.NotificationRule) error {
	if len(rules) > maxNotificationRules {
		return NewError(MalformedXML)
	}
	text, err := json.Marshal(rules)
	if err != nil {
		return InvalidArgumentf("NotificationConfiguration", "", "The configuration has text that is not UTF-8.")
	}
	if len(text) > maxNotificationBytes {
		return Errorf(InvalidRequest, "The notification configuration has more than the %d bytes that this server keeps.", maxNotificationBytes)
	}
	events := make([]map[string]bool, len(rules)) // of each rule
	for i := range rules {
		if err := checkNotificationRule(&rules[i]); err != nil {
			return err
		}
		events[i] = make(map[string]bool)
		for _, name := range rules[i].Events {
			for _, event := range expandNotificationEvent(name) {
				events[i][event] = true
			}
		}
		for j := range i {
			if err := checkOverlap(&rules[j], &rules[i], sharesEvent(events[j], events[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

func sharesEvent(a, b map[string]bool) bool {
	for event := range a {
		if b[event] {
			return true
		}
	}
	return false
}

func checkNotificationRule(rule *eventlog.NotificationRule) error {
	switch rule.Kind {
	case eventlog.NotifyTopic, eventlog.NotifyQueue, eventlog.NotifyFunction:
	default:
		return Errorf(InvalidRequest, "There is no kind %q of notifications.", rule.Kind)
	}
	if len(rule.Events) == 0 || rule.Target == "" || len([]rune(rule.ID)) > maxNotificationID {
		return NewError(MalformedXML)
	}
	for _, event := range rule.Events {
		if expandNotificationEvent(event) == nil {
			return InvalidArgumentf("Event", event, "The event is not supported for notifications")
		}
	}
	for name, value := range map[string]string{"prefix": rule.Prefix, "suffix": rule.Suffix} {
		if len(value) > maxNotificationFix {
			return InvalidArgumentf("FilterRule.Name", name, "Size of filter rule value cannot exceed %d bytes in UTF-8 representation",
				maxNotificationFix)
		}
	}
	return nil
}

// checkOverlap returns an error if two rules, which share an event or do not, could be about the same event of the same key. So each
// event has one target at most.
func checkOverlap(a, b *eventlog.NotificationRule, shareEvent bool) error {
	if a.ID == b.ID {
		return InvalidArgumentf("Id", a.ID, "Same ID used for multiple configurations. IDs must be unique")
	}
	if !shareEvent || !nested(a.Prefix, b.Prefix, strings.HasPrefix) || !nested(a.Suffix, b.Suffix, strings.HasSuffix) {
		return nil
	}
	if a.Prefix+a.Suffix+b.Prefix+b.Suffix == "" {
		return Errorf(InvalidArgument, "Configurations overlap. Configurations on the same bucket cannot share a common event type.")
	}
	return Errorf(InvalidArgument, "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "+
		"are overlapping for the same event type.")
}

func nested(a, b string, within func(string, string) bool) bool { return within(a, b) || within(b, a) }

// MatchNotification returns the rule that is about an event of a key, named as in rules, such as s3:ObjectCreated:Put; nil if
// none is.
func MatchNotification(rules []eventlog.NotificationRule, event, key string) *eventlog.NotificationRule {
	for i := range rules {
		rule := &rules[i]
		about := func(name string) bool { return slices.Contains(expandNotificationEvent(name), event) }
		if strings.HasPrefix(key, rule.Prefix) && strings.HasSuffix(key, rule.Suffix) && slices.ContainsFunc(rule.Events, about) {
			return rule
		}
	}
	return nil
}
