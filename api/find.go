package api

import (
	"context"
	"errors"

	"github.com/bleepstore/bleepstore/projections"
)

// found is an object that exists.
type found struct {
	bucket  *projections.Bucket
	object  *projections.Object
	current bool // it is the current object of its key
}

// showsTags tells whether the caller may read the object's tags.
func (f *found) showsTags(by Caller) bool {
	return permit(by.performing("GetObjectTagging", ""), ofLabels, f.bucket, f.object.Owner, nil) == nil
}

func (f *found) versionID() string { return versionID(f.bucket, &f.object.Object) }

// find returns the object that is named, if the caller may work with it. Errors: NoSuchBucket, AccessDenied, NoSuchKey,
// NoSuchVersion, MethodNotAllowed for a delete marker, and InvalidArgument for a version id that is none.
func (s *Service) find(ctx context.Context, by Caller, in ObjectName) (*found, error) {
	bucket, err := s.bucket(ctx, by, in.Bucket)
	if err != nil {
		return nil, err
	}
	history, err := s.history(ctx, bucket, in.Key)
	if err != nil {
		return nil, err
	}
	if bucket.Versioning != "" && (in.Version != "" || history.current == nil) {
		snapshot, err := s.snapshot(ctx)
		if err != nil {
			return nil, err
		}
		defer snapshot.Close()
		if history, err = readHistory(ctx, snapshot, bucket, in.Key); err != nil {
			return nil, err
		}
	}
	version, err := history.named(ctx, in.Version)
	switch {
	case err != nil:
		return nil, err
	case version == nil:
		return nil, s.missing(ctx, by, in, history)
	}
	if err := permitVersion(by, bucket, version); err != nil {
		return nil, err
	}
	if version.DeleteMarker {
		e := NewError(MethodNotAllowed, Detail{"Method", by.Operation}, Detail{"ResourceType", "DeleteMarker"})
		e.Marker = &Marker{VersionID: versionID(bucket, &version.Object), Modified: version.Modified}
		return nil, e
	}
	object := history.current
	if object == nil || object.Version != version.Version {
		object = &projections.Object{Bucket: version.Bucket, Key: version.Key, Object: version.Object}
	}
	return &found{bucket: bucket, object: object, current: object == history.current}, nil
}

// permitVersion returns AccessDenied if the caller may not perform the operation, as far as it depends on a version. A
// delete marker is the bucket's owner's, whoever has deleted.
func permitVersion(by Caller, bucket *projections.Bucket, version *projections.Version) error {
	owner := version.Owner
	if version.DeleteMarker {
		owner = bucket.Owner
	}
	if err := permit(by, ofLabels, bucket, owner, nil); err != nil {
		return err
	}
	return permit(by, ofObject, bucket, owner, version.Grants)
}

// mayCompare returns an error if conditions would tell the caller of a version, nil for a key that has none, what they may
// not read.
func mayCompare(by Caller, h *history, version *projections.Version) error {
	if version != nil {
		return permitVersion(by.performing("GetObject", ""), h.bucket, version)
	}
	return permit(by.performing("ListObjects", ""), ofBucket, h.bucket, h.bucket.Owner, h.bucket.Grants)
}

// source returns an object that the caller copies.
func (s *Service) source(ctx context.Context, by Caller, in ObjectName, expectedOwner string) (*found, error) {
	source, err := s.find(ctx, by.performing("GetObject", expectedOwner), in)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == MethodNotAllowed {
		return nil, Errorf(InvalidRequest, "The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	return source, err
}

// missing is the error for an object that does not exist. That it does not is told to those alone who may list the bucket.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (s *Service) missing(ctx context.Context, by Caller, in ObjectName, h *history) error {
	if err := permit(by.performing("ListObjects", ""), ofBucket, h.bucket, h.bucket.Owner, h.bucket.Grants); err != nil {
		return err
	}
	if in.Version != "" {
		return NewError(NoSuchVersion, Detail{"Key", in.Key}, Detail{"VersionId", in.Version})
	}
	e := NewError(NoSuchKey, Detail{"Key", in.Key})
	marker, err := h.newest(ctx)
	if err != nil {
		return err
	}
	if marker != nil {
		e.Marker = &Marker{VersionID: versionID(h.bucket, &marker.Object)}
	}
	return e
}
