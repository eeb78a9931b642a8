package api

import (
	"context"
	"fmt"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/tracing"
	"github.com/bleepstore/bleepstore/projections"
)

// ListObjects returns a page of a bucket's current objects. Errors: NoSuchBucket, AccessDenied.
func (s *Service) ListObjects(ctx context.Context, by Caller, l projections.Listing) (projections.Page[*projections.Object], error) {
	bucket, err := s.bucket(ctx, by, l.Bucket)
	if err != nil {
		return projections.Page[*projections.Object]{}, err
	}
	ctx, span := tracing.Start(ctx, "metadata list objects")
	page, err := projections.ListObjects(ctx, s.store(), l)
	span.End(err)
	if err != nil {
		return page, fmt.Errorf("list objects of bucket %q: %w", l.Bucket, err)
	}
	for i, object := range page.Records {
		if ownsAll(bucket, object.Owner) {
			owned := *object // the record itself is shared
			owned.Owner = bucket.Owner
			page.Records[i] = &owned
		}
	}
	return page, nil
}

// ownsAll tells whether the owner of a bucket is to be shown as that of what has another one: without ACLs, all in the
// bucket is theirs.
func ownsAll(bucket *projections.Bucket, owner eventlog.Owner) bool {
	return bucket.Ownership == eventlog.BucketOwnerEnforced && owner != bucket.Owner
}

// ListUploads returns a page of a bucket's multipart uploads. Errors: NoSuchBucket, AccessDenied.
func (s *Service) ListUploads(ctx context.Context, by Caller, l projections.Listing) (projections.Page[*projections.Upload], error) {
	if _, err := s.bucket(ctx, by, l.Bucket); err != nil {
		return projections.Page[*projections.Upload]{}, err
	}
	ctx, span := tracing.Start(ctx, "metadata list uploads")
	page, err := projections.ListUploads(ctx, s.store(), l)
	span.End(err)
	if err != nil {
		return page, fmt.Errorf("list uploads of bucket %q: %w", l.Bucket, err)
	}
	return page, nil
}

// ListVersions returns a page of all versions of a bucket's objects. The listing's MarkerID is a version id as S3 has it, or
// the NextID of a page.
// Errors: NoSuchBucket, AccessDenied, InvalidArgument for a MarkerID that is no version id.
func (s *Service) ListVersions(ctx context.Context, by Caller, l projections.Listing) (projections.Page[projections.ListedVersion], error) {
	var page projections.Page[projections.ListedVersion]
	bucket, err := s.bucket(ctx, by, l.Bucket)
	if err != nil {
		return page, err
	}
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		return page, err
	}
	defer snapshot.Close()
	if l.MarkerID != "" {
		if l.MarkerID, err = internalVersion(ctx, snapshot, bucket, l.Marker, l.MarkerID); err != nil {
			return page, err
		}
	}
	ctx, span := tracing.Start(ctx, "metadata list versions")
	page, err = projections.ListVersions(ctx, snapshot, l)
	span.End(err)
	if err != nil {
		return page, fmt.Errorf("list versions of bucket %q: %w", l.Bucket, err)
	}
	if bucket.Versioning == "" && page.NextID != "" {
		page.NextID = NullVersion // a key has no other
	}
	for i, version := range page.Records {
		if ownsAll(bucket, version.Owner) {
			owned := *version.Version
			owned.Owner = bucket.Owner
			page.Records[i].Version = &owned
		}
	}
	return page, nil
}

// internalVersion returns the id in the store for a version id as S3 has it; empty if the key has no null version.
func internalVersion(ctx context.Context, records projections.Records, bucket *projections.Bucket, key, id string) (string, error) {
	history, err := readHistory(ctx, records, bucket, key)
	if err != nil {
		return "", err
	}
	version, err := history.named(ctx, id)
	switch {
	case err != nil:
		return "", err
	case version != nil:
		return version.Version, nil
	case id == NullVersion:
		return "", nil
	}
	return id, nil // of a version that is gone
}
