package s3

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// testTargets knows a target that takes events, one that does not, and one that panics if it is tried.
type testTargets struct{}

const (
	wellTarget   = "arn:bleepstore:sqs::well:webhook"
	brokenTarget = "arn:bleepstore:sqs::broken:webhook"
	secretTarget = "arn:bleepstore:sqs::secret:webhook"
)

func (testTargets) Known(arn string) bool {
	return arn == wellTarget || arn == brokenTarget || arn == secretTarget
}

func (testTargets) Test(_ context.Context, arn, bucket, _ string) error {
	switch {
	case arn == secretTarget || bucket != "bucket":
		panic("the target was tried")
	case arn == brokenTarget:
		return errors.New("it is broken")
	}
	return nil
}

// notifyRule is a rule of a document: kind is the element, such as Queue.
func notifyRule(kind, id, target, events, filters string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<%sConfiguration>", kind)
	if id != "" {
		fmt.Fprintf(&b, "<Id>%s</Id>", id)
	}
	fmt.Fprintf(&b, "<%s>%s</%[1]s>", kind, target)
	for event := range strings.FieldsSeq(events) {
		fmt.Fprintf(&b, "<Event>%s</Event>", event)
	}
	if filters != "" {
		b.WriteString("<Filter><S3Key>")
		for filter := range strings.FieldsSeq(filters) {
			name, value, _ := strings.Cut(filter, "=")
			fmt.Fprintf(&b, "<FilterRule><Name>%s</Name><Value>%s</Value></FilterRule>", name, value)
		}
		b.WriteString("</S3Key></Filter>")
	}
	fmt.Fprintf(&b, "</%sConfiguration>", kind)
	return b.String()
}

func notifyDocument(rules ...string) string {
	return `<NotificationConfiguration xmlns="` + namespace + `">` + strings.Join(rules, "") + "</NotificationConfiguration>"
}

func TestNotificationConfigurationsComeBackAsTheyWere(t *testing.T) {
	s := newBucket(t, "bucket")
	document := notifyDocument(
		notifyRule("Topic", "a", wellTarget, "s3:ObjectCreated:* s3:ReducedRedundancyLostObject", "prefix=in/ suffix=.jpg"),
		notifyRule("Queue", "b", wellTarget, "s3:ObjectRemoved:Delete s3:ObjectAcl:Put", ""),
		notifyRule("CloudFunction", "c", wellTarget, "s3:ObjectCreated:*", "suffix=.png"),
	)
	s.do("PUT", "/bucket?notification", document).want(200, "")
	got := s.do("GET", "/bucket?notification", "").want(200, "").body
	if _, got, _ = strings.Cut(got, "\n"); got != document {
		t.Errorf("got %s, want %s", got, document)
	}

	s.do("PUT", "/bucket?notification", notifyDocument(notifyRule("Queue", "", wellTarget, "s3:ObjectTagging:*", "Prefix=a"))).want(200, "")
	a := s.do("GET", "/bucket?notification", "").want(200, "")
	if id := a.element("Id"); len(id) < 8 {
		t.Errorf("a rule without an id is given %q", id)
	}
	s.do("PUT", "/bucket?notification", notifyDocument()).want(200, "")
	if a := s.do("GET", "/bucket?notification", "").want(200, ""); strings.Contains(a.body, "Queue") {
		t.Errorf("rules that were removed are there: %s", a.body)
	}
}

func TestNotificationConfigurationsThatCannotBe(t *testing.T) {
	s := newBucket(t, "bucket")
	queue := func(events, filters string) string { return notifyRule("Queue", "", wellTarget, events, filters) }
	const put, created = "s3:ObjectCreated:Put", "s3:ObjectCreated:*"
	for name, test := range map[string]struct {
		rules   []string
		code    string
		message string
	}{
		"unknown event":           {[]string{queue("s3:ObjectCreated:Append", "")}, "InvalidArgument", "The event is not supported for notifications"},
		"event without a kind":    {[]string{queue("s3:ObjectCreated", "")}, "InvalidArgument", "The event is not supported for notifications"},
		"event without a service": {[]string{queue("ObjectCreated:Put", "")}, "InvalidArgument", "The event is not supported for notifications"},
		"no event":                {[]string{queue("", "")}, "MalformedXML", ""},
		"no target":               {[]string{notifyRule("Queue", "", "", put, "")}, "MalformedXML", ""},
		"target of another kind":  {[]string{strings.ReplaceAll(notifyRule("Queue", "", wellTarget, put, ""), "Queue>", "Topic>")}, "MalformedXML", ""},
		"filter of another kind":  {[]string{queue(put, "infix=a")}, "InvalidArgument", "filter rule name must be either prefix or suffix"},
		"two prefixes":            {[]string{queue(put, "prefix=a Prefix=b")}, "InvalidArgument", "Cannot specify more than one prefix rule in a filter."},
		"long prefix":             {[]string{queue(put, "prefix="+strings.Repeat("a", 1025))}, "InvalidArgument", "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"},
		"one event twice": {
			[]string{queue(put, ""), queue(created, "")},
			"InvalidArgument",
			"Configurations overlap. Configurations on the same bucket cannot share a common event type.",
		},
		"overlapping prefixes": {
			[]string{queue(put, "prefix=a"), queue(created, "prefix=ab")},
			"InvalidArgument",
			"Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.",
		},
		"prefix and suffix": {[]string{queue(put, "prefix=a"), queue(put, "suffix=b")}, "InvalidArgument", ""},
		"one id twice": {
			[]string{notifyRule("Queue", "x", wellTarget, put, "prefix=a"), notifyRule("Topic", "x", wellTarget, put, "prefix=b")}, "InvalidArgument", "",
		},
		"EventBridge":    {[]string{"<EventBridgeConfiguration/>"}, "NotImplemented", ""},
		"too much":       {manyRules(90, strings.Repeat("p", 1000)), "InvalidRequest", ""},
		"too many rules": {manyRules(101, ""), "MalformedXML", ""},
		"unknown target": {
			[]string{notifyRule("Topic", "", "arn:aws:sns:us-east-1:1:t", put, "")},
			"InvalidArgument",
			"Unable to validate the following destination configurations",
		},
		"target that does not take events": {
			[]string{notifyRule("Queue", "", brokenTarget, put, "")},
			"InvalidArgument",
			"Unable to validate the following destination configurations",
		},
	} {
		t.Run(name, func(t *testing.T) {
			status := 400
			if test.code == "NotImplemented" {
				status = 501
			}
			a := s.do("PUT", "/bucket?notification", notifyDocument(test.rules...)).want(status, test.code)
			if got := a.element("Message"); test.message != "" && got != test.message {
				t.Errorf("message %q, want %q", got, test.message)
			}
		})
	}
	if a := s.do("GET", "/bucket?notification", "").want(200, ""); strings.Contains(a.body, "Configuration>") && len(a.elements("Id")) > 0 {
		t.Errorf("what was refused is there: %s", a.body)
	}
	// Rules may share what they do not overlap in.
	s.do("PUT", "/bucket?notification", notifyDocument(
		queue(put, "prefix=a"), queue(put, "prefix=b suffix=x"), queue(put, "prefix=b suffix=y"), queue("s3:ObjectCreated:Copy", ""),
	)).want(200, "")
}

func manyRules(n int, prefix string) (rules []string) {
	for i := range n {
		rules = append(rules, notifyRule("Queue", "", wellTarget, "s3:ObjectCreated:*", fmt.Sprintf("prefix=%03d%s", i, prefix)))
	}
	return rules
}

func TestTargetsThatDoNotTakeEventsAreTold(t *testing.T) {
	s := newBucket(t, "bucket")
	one := notifyDocument(notifyRule("Queue", "", brokenTarget, "s3:ObjectCreated:Put", ""))
	a := s.do("PUT", "/bucket?notification", one).want(400, "InvalidArgument")
	if name, value := a.element("ArgumentName"), a.element("ArgumentValue"); name != brokenTarget || value != "it is broken" {
		t.Errorf("argument %s is %s", name, value)
	}
	two := notifyDocument(
		notifyRule("Queue", "q", brokenTarget, "s3:ObjectCreated:Put", ""), notifyRule("Topic", "t", "nothing", "s3:ObjectRemoved:*", ""),
	)
	a = s.do("PUT", "/bucket?notification", two).want(400, "InvalidArgument")
	if first, second := a.element("ArgumentName1"), a.element("ArgumentName2"); first != brokenTarget || second != "nothing" {
		t.Errorf("arguments are %s and %s", first, second)
	}
	s.do("PUT", "/bucket?notification", two, "X-Amz-Skip-Destination-Validation: true").want(200, "")
}

// Who may not configure a bucket has nothing sent to a target.
func TestNotificationsAreForTheOwner(t *testing.T) {
	s := newBucket(t, "bucket")
	document := notifyDocument(notifyRule("Queue", "", secretTarget, "s3:ObjectCreated:Put", ""))
	for _, stranger := range []*testServer{s.as("alt"), s.anonymous()} {
		stranger.do("PUT", "/bucket?notification", document).want(403, "AccessDenied")
		stranger.do("GET", "/bucket?notification", "").want(403, "AccessDenied")
	}
	s.do("PUT", "/missing?notification", document).want(404, "NoSuchBucket")
}

func FuzzNotificationConfiguration(f *testing.F) {
	f.Add([]byte(notifyDocument(notifyRule("Queue", "id", wellTarget, "s3:ObjectCreated:*", "prefix=a suffix=b"))))
	f.Add([]byte("<NotificationConfiguration><TopicConfiguration/></NotificationConfiguration>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var configuration notificationConfiguration
		if !checkDecode(t, data, &configuration) {
			return
		}
		rules, err := configuration.rules()
		if n := len(configuration.Topics) + len(configuration.Queues) + len(configuration.Functions); err == nil && len(rules) != n {
			t.Error("rules are lost")
		}
	})
}
