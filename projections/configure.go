package projections

import (
	"context"
	"fmt"

	"github.com/bleepstore/bleepstore/eventlog"
)

// configure folds an event about the configuration of a bucket.
func (f *folder) configure(ctx context.Context, e *eventlog.Event) error {
	switch d := e.Data.(type) {
	case *eventlog.BucketVersioningSet:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.Versioning = d.Status })
	case *eventlog.BucketACLSet:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.Grants = d.Grants })
	case *eventlog.BucketOwnershipSet:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.Ownership = d.Ownership })
	case *eventlog.BucketOwnershipDeleted:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.Ownership = "" })
	case *eventlog.BucketPublicAccessBlockSet:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.PublicAccessBlock = &d.PublicAccessBlock })
	case *eventlog.BucketPublicAccessBlockDeleted:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.PublicAccessBlock = nil })
	case *eventlog.BucketCORSSet:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.CORS = d.Rules })
	case *eventlog.BucketCORSDeleted:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.CORS = nil })
	case *eventlog.BucketTagsSet:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.Tags = d.Tags })
	case *eventlog.BucketTagsDeleted:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.Tags = nil })
	case *eventlog.BucketNotificationSet:
		return f.changeBucket(ctx, d.Bucket, func(b *Bucket) { b.Notification = d.Rules })
	default:
		return fmt.Errorf("fold an event of %v: unknown type %s", e.Time, d.EventType())
	}
}

// changeBucket changes a copy of a bucket's record: the one there is may be in use.
func (f *folder) changeBucket(ctx context.Context, name string, change func(*Bucket)) error {
	bucket, ok := f.buckets[name]
	if !ok {
		var err error
		if bucket, err = f.view.Bucket(ctx, name); err != nil {
			return fmt.Errorf("read bucket %q to change its configuration: %w", name, err)
		}
	}
	changed := *bucket
	change(&changed)
	f.putBucket(&changed)
	return nil
}

func (f *folder) putBucket(b *Bucket) {
	f.buckets[b.Name] = b
	f.add(PutBucket{b})
}
