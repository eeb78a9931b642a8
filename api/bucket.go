package api

import (
	"context"

	"github.com/bleepstore/bleepstore/projections"
)

// ListBuckets returns the buckets that belong to the caller, ascending by name.
func (s *Service) ListBuckets(ctx context.Context, by Caller) ([]*projections.Bucket, error) {
	panic("")
}

// CreateBucket makes a bucket that belongs to the caller. The location is the request's LocationConstraint; empty means
// the server's region. Re-creating one's own bucket succeeds in us-east-1, without changing it, and is
// BucketAlreadyOwnedByYou elsewhere, as on S3; a bucket of somebody else is BucketAlreadyExists.
func (s *Service) CreateBucket(ctx context.Context, by Caller, bucket, location string) error {
	panic("")
}

// Bucket returns a bucket: HeadBucket and GetBucketLocation. Errors: NoSuchBucket, AccessDenied.
func (s *Service) Bucket(ctx context.Context, by Caller, bucket string) (*projections.Bucket, error) {
	panic("")
}

// DeleteBucket removes an empty bucket; one that holds objects or uploads is BucketNotEmpty.
func (s *Service) DeleteBucket(ctx context.Context, by Caller, bucket string) error {
	panic("")
}
