package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// PutPublicAccessBlock says what a bucket does about grants to everybody. Errors: NoSuchBucket, AccessDenied.
func (s *Service) PutPublicAccessBlock(ctx context.Context, by Caller, name string, block eventlog.PublicAccessBlock) error {
	return s.configure(ctx, by, name, func(*projections.Bucket) (eventlog.Data, error) {
		return &eventlog.BucketPublicAccessBlockSet{Bucket: name, PublicAccessBlock: block}, nil
	})
}

// DeletePublicAccessBlock lets a bucket do nothing about grants to everybody. Errors: NoSuchBucket, AccessDenied.
func (s *Service) DeletePublicAccessBlock(ctx context.Context, by Caller, name string) error {
	return s.configure(ctx, by, name, func(bucket *projections.Bucket) (eventlog.Data, error) {
		if bucket.PublicAccessBlock == nil {
			return nil, nil
		}
		return &eventlog.BucketPublicAccessBlockDeleted{Bucket: name}, nil
	})
}
