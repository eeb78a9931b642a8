package api

import (
	"context"
	"fmt"

	"github.com/bleepstore/bleepstore/projections"
)

// ListObjects returns a page of a bucket's current objects. Errors: NoSuchBucket, AccessDenied.
func (s *Service) ListObjects(ctx context.Context, by Caller, l projections.Listing) (projections.Page[*projections.Object], error) {
	if _, err := s.bucket(ctx, by, l.Bucket); err != nil {
		return projections.Page[*projections.Object]{}, err
	}
	page, err := projections.ListObjects(ctx, s.store, l)
	if err != nil {
		return page, fmt.Errorf("list objects of bucket %q: %w", l.Bucket, err)
	}
	return page, nil
}

// ListUploads returns a page of a bucket's multipart uploads. Errors: NoSuchBucket, AccessDenied.
func (s *Service) ListUploads(ctx context.Context, by Caller, l projections.Listing) (projections.Page[*projections.Upload], error) {
	if _, err := s.bucket(ctx, by, l.Bucket); err != nil {
		return projections.Page[*projections.Upload]{}, err
	}
	page, err := projections.ListUploads(ctx, s.store, l)
	if err != nil {
		return page, fmt.Errorf("list uploads of bucket %q: %w", l.Bucket, err)
	}
	return page, nil
}
