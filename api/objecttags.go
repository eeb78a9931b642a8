package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// PutObjectTags replaces the tags of an object, which were checked, and returns its version id.
// Errors: those of HeadObject.
func (s *Service) PutObjectTags(ctx context.Context, by Caller, in ObjectName, tags []eventlog.Tag) (string, error) {
	return s.change(ctx, by, in,
		func(_ *projections.Bucket, object *eventlog.Object) error {
			object.Attributes.Tags = tags
			return nil
		},
		func(c eventlog.ObjectChanged) eventlog.Data { return &eventlog.ObjectTagsSet{ObjectChanged: c} })
}

// DeleteObjectTags removes the tags of an object, and returns its version id. Errors: those of HeadObject.
func (s *Service) DeleteObjectTags(ctx context.Context, by Caller, in ObjectName) (string, error) {
	return s.change(ctx, by, in,
		func(_ *projections.Bucket, object *eventlog.Object) error {
			object.Attributes.Tags = nil
			return nil
		},
		func(c eventlog.ObjectChanged) eventlog.Data { return &eventlog.ObjectTagsDeleted{ObjectChanged: c} })
}
