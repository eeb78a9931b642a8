package api

import (
	"context"
	"encoding/hex"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
)

// PutObjectInput is what PutObject stores.
type PutObjectInput struct {
	Bucket, Key string
	Body        Body
	Attributes  eventlog.Attributes
	Conditions  WriteConditions
}

// PutObject stores an object and returns its record. Nothing is visible unless all of it was received, checked and made
// durable. Errors: NoSuchBucket, AccessDenied, KeyTooLongError, EntityTooLarge, BadDigest, IncompleteBody,
// PreconditionFailed, and those of the Body's Reader.
func (s *Service) PutObject(ctx context.Context, by Caller, in PutObjectInput) (*projections.Object, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, err
	}
	if _, err := s.bucket(ctx, by, in.Bucket); err != nil {
		return nil, err // before the body, so that a client need not send it
	}
	c, err := s.receive(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	defer s.locks.acquire(bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, true))()
	current, err := s.replaceable(ctx, by, in.Bucket, in.Key, in.Conditions)
	if err != nil {
		s.discard(ctx, c.blob)
		return nil, err
	}
	object := newObject(by, current)
	object.Size = c.blob.Size
	object.ETag = hex.EncodeToString(c.md5)
	object.Checksum = c.checksum
	object.Checksum.Type = FullObject
	object.Attributes = in.Attributes
	object.Blobs = []eventlog.Blob{c.blob}
	created, err := s.create(ctx, by, &eventlog.ObjectCreated{
		Bucket: in.Bucket, Key: in.Key, Via: eventlog.ViaPut, Object: object, Freed: freed(current),
	})
	if refused(err) {
		s.discard(ctx, c.blob)
	}
	return created, err
}

// replaceable returns the current object of a key, nil if there is none, if the caller may replace it.
func (s *Service) replaceable(ctx context.Context, by Caller, bucket, key string, conditions WriteConditions) (*projections.Object, error) {
	if _, err := s.bucket(ctx, by, bucket); err != nil {
		return nil, err
	}
	current, err := s.current(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	return current, conditions.check(key, current)
}

// newObject begins the record of an object that is to follow current, which is nil if the key has none.
func newObject(by Caller, current *projections.Object) eventlog.Object {
	previous := ""
	if current != nil {
		previous = current.Version
	}
	return eventlog.Object{Version: sortid.After(previous), Null: true, Modified: now(), Owner: by.Account}
}

// create commits an object.created event and returns the object's record.
func (s *Service) create(ctx context.Context, by Caller, created *eventlog.ObjectCreated) (*projections.Object, error) {
	if err := s.commit(ctx, by, created.Object.Modified, created); err != nil {
		return nil, err
	}
	return &projections.Object{
		Bucket: created.Bucket, Key: created.Key, Upload: created.Upload, Object: created.Object,
	}, nil
}

// freed lists the blobs that an object, nil for none, no longer names when it is gone.
func freed(object *projections.Object) []eventlog.FreeBlob {
	switch {
	case object == nil:
		return nil
	case object.Manifest != nil:
		return []eventlog.FreeBlob{{ID: object.Manifest.ID, Manifest: true}}
	}
	return freedBlobs(object.Blobs)
}

func freedBlobs(blobs []eventlog.Blob) []eventlog.FreeBlob {
	free := make([]eventlog.FreeBlob, len(blobs))
	for i, blob := range blobs {
		free[i].ID = blob.ID
	}
	return free
}
