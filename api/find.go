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
	version, err := history.named(ctx, in.Version)
	switch {
	case err != nil:
		return nil, err
	case version == nil:
		return nil, s.missing(ctx, by, in, history)
	}
	if err := permit(by, ofObject, bucket, version.Owner, version.Grants); err != nil {
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
