package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// PutBucketTags replaces the tags of a bucket, which were checked. Without any it has none, as if they were deleted.
// Errors: NoSuchBucket, AccessDenied.
func (s *Service) PutBucketTags(ctx context.Context, by Caller, bucket string, tags []eventlog.Tag) error {
	if len(tags) == 0 {
		return s.DeleteBucketTags(ctx, by, bucket)
	}
	return s.configure(ctx, by, bucket, func(*projections.Bucket) (eventlog.Data, error) {
		return &eventlog.BucketTagsSet{Bucket: bucket, Tags: tags}, nil
	})
}

// DeleteBucketTags removes the tags of a bucket. Errors: NoSuchBucket, AccessDenied.
func (s *Service) DeleteBucketTags(ctx context.Context, by Caller, bucket string) error {
	return s.configure(ctx, by, bucket, func(b *projections.Bucket) (eventlog.Data, error) {
		if len(b.Tags) == 0 {
			return nil, nil
		}
		return &eventlog.BucketTagsDeleted{Bucket: bucket}, nil
	})
}
