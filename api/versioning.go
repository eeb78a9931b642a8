package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// PutBucketVersioning says whether a bucket keeps versions from now on. Errors: NoSuchBucket, AccessDenied.
func (s *Service) PutBucketVersioning(ctx context.Context, by Caller, bucket string, status eventlog.Versioning) error {
	return s.configure(ctx, by, bucket, func(b *projections.Bucket) (eventlog.Data, error) {
		if b.Versioning == status {
			return nil, nil
		}
		return &eventlog.BucketVersioningSet{Bucket: bucket, Status: status}, nil
	})
}
