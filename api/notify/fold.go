package notify

import (
	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/feed"
	"github.com/bleepstore/bleepstore/projections"
)

// bucket is what has to be known of a bucket to tell a target of its events: as of a position of the log, because each event goes
// by the configuration that its bucket had then.
type bucket struct {
	Owner string                      `json:"owner"` // canonical id
	Rules []eventlog.NotificationRule `json:"rules,omitzero"`
}

// fold keeps the buckets of one target up to date with the log.
type fold struct {
	arn     string // of the target: only rules about it are kept
	region  string
	buckets map[string]bucket
	changed map[string]bool // names of buckets that are not as they were stored
}

func (f *fold) put(name string, b bucket) {
	f.buckets[name] = b
	f.changed[name] = true
}

// begin puts a bucket as a metadata store has it.
func (f *fold) begin(b *projections.Bucket) {
	f.put(b.Name, bucket{Owner: b.Owner.ID, Rules: f.own(b.Notification)})
}

// own are those of rules that are about the target.
func (f *fold) own(rules []eventlog.NotificationRule) (own []eventlog.NotificationRule) {
	for _, rule := range rules {
		if rule.Target == f.arn {
			own = append(own, rule)
		}
	}
	return own
}

// apply applies an event, and returns what the target is to be told of it; nil if nothing. Errors: the event has no JSON.
func (f *fold) apply(e *feed.Event) (*Undelivered, error) {
	switch d := e.Data.(type) {
	case *eventlog.BucketCreated:
		f.put(d.Bucket, bucket{Owner: d.Owner.ID})
		return nil, nil
	case *eventlog.BucketDeleted:
		delete(f.buckets, d.Bucket)
		f.changed[d.Bucket] = true
		return nil, nil
	case *eventlog.BucketNotificationSet:
		f.put(d.Bucket, bucket{Owner: f.buckets[d.Bucket].Owner, Rules: f.own(d.Rules)})
		return nil, nil
	}
	in := f.buckets[e.Bucket]
	if len(in.Rules) == 0 {
		return nil, nil
	}
	name, known := feed.S3Name(e)
	if !known {
		return nil, nil
	}
	name = "s3:" + name
	rule := api.MatchNotification(in.Rules, name, e.Key)
	if rule == nil {
		return nil, nil
	}
	body, err := feed.S3.Line(e, feed.Origin{Region: f.region, BucketOwner: in.Owner, Configuration: rule.ID})
	if err != nil {
		return nil, err
	}
	return &Undelivered{
		ID: e.Commit.Log + "-" + e.ID().Sequencer(), Bucket: e.Bucket, Key: e.Key, Event: name, Time: e.Time, Body: body,
	}, nil
}
