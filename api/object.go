package api

import (
	"context"
	"encoding/hex"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// PutObjectInput is what PutObject stores.
type PutObjectInput struct {
	Bucket, Key string
	Body        Body
	Attributes  eventlog.Attributes
	ACL         ACLRequest
	Conditions  WriteConditions
	Via         eventlog.Via // ViaPut or ViaPost
}

// Created is an object that was made.
type Created struct {
	Object        *projections.Object
	VersionID     string // as S3 has it; empty if the bucket never kept versions
	SourceVersion string // of a copy: the source's version id, likewise
}

// PutObject stores an object. Nothing is visible unless all of it was received, checked and made durable.
// Errors: NoSuchBucket, AccessDenied, KeyTooLongError, EntityTooLarge, BadDigest, IncompleteBody, PreconditionFailed,
// those of ACLRequest, and those of the Body's Reader.
func (s *Service) PutObject(ctx context.Context, by Caller, in PutObjectInput) (*Created, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, err
	}
	// What can be refused is refused before the body, so that a client need not send it.
	bucket, err := s.bucket(ctx, by, in.Bucket)
	if err != nil {
		return nil, err
	}
	if _, err := s.objectGrants(in.ACL, bucket, ownerFor(by, in.ACL, bucket)); err != nil {
		return nil, err
	}
	c, err := s.receive(ctx, in.Body, labelOf(in.Bucket, in.Key, in.Attributes))
	if err != nil {
		return nil, err
	}
	leave, err := s.enter(maxCommands, bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, true))
	if err != nil {
		s.discard(ctx, c.blob)
		return nil, err
	}
	defer leave()
	next, err := s.replace(ctx, by, in.Bucket, in.Key, in.Conditions)
	if err == nil {
		err = next.own(s, by, in.ACL)
	}
	if err != nil {
		s.discard(ctx, c.blob)
		return nil, err
	}
	object := &next.created.Object
	object.Size = c.blob.Size
	object.ETag = hex.EncodeToString(c.md5)
	object.Checksum = c.checksum
	object.Checksum.Type = FullObject
	object.Attributes = in.Attributes
	object.Blobs = []eventlog.Blob{c.blob}
	next.created.Via = in.Via
	created, err := s.create(ctx, by, next)
	s.settle(ctx, c.blob, err)
	return created, err
}

// creation is an object.created event on its way, and the bucket that it is in.
type creation struct {
	bucket   *projections.Bucket
	replaced *projections.Object // that is current until then; nil for none
	created  *eventlog.ObjectCreated
}

// replace begins the creation of an object in the place of the current one of its key, which the caller has locked.
func (s *Service) replace(ctx context.Context, by Caller, bucketName, key string, conditions WriteConditions) (*creation, error) {
	bucket, err := s.bucket(ctx, by, bucketName)
	if err != nil {
		return nil, err
	}
	history, err := s.history(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	if conditions.IfMatch != "" {
		if err := mayCompare(by, history, history.currentVersion()); err != nil {
			return nil, err
		}
	}
	if err := conditions.check(key, history.current); err != nil {
		return nil, err
	}
	place, err := history.succeed(ctx)
	if err != nil {
		return nil, err
	}
	return &creation{bucket: bucket, replaced: history.current, created: &eventlog.ObjectCreated{
		Bucket: bucketName, Key: key, Displaced: place.displaced,
		Object: eventlog.Object{
			Version: place.version, Null: place.null, OlderNull: place.olderNull, Modified: now(),
		},
	}}, nil
}

// own gives the object its owner and its ACL.
func (c *creation) own(s *Service, by Caller, acl ACLRequest) (err error) {
	object := &c.created.Object
	object.Owner = ownerFor(by, acl, c.bucket)
	object.Grants, err = s.objectGrants(acl, c.bucket, object.Owner)
	return err
}

// create commits the creation of an object.
func (s *Service) create(ctx context.Context, by Caller, next *creation) (*Created, error) {
	created := next.created
	object := &projections.Object{Bucket: created.Bucket, Key: created.Key, Object: created.Object}
	changed := totalsOf(object).Minus(totalsOf(next.replaced))
	if err := s.commitObjects(ctx, by, created.Object.Modified, changed, created); err != nil {
		return nil, err
	}
	return &Created{
		Object:    object,
		VersionID: versionID(next.bucket, &created.Object),
	}, nil
}

// freed lists the blobs that an object no longer names when it is gone.
func freed(object *eventlog.Object) []eventlog.FreeBlob {
	if object.Manifest != nil {
		return []eventlog.FreeBlob{{
			ID: object.Manifest.ID, Manifest: true, Size: object.Manifest.Size, CRC64NVME: object.Manifest.CRC64NVME,
		}}
	}
	return freedBlobs(object.Blobs)
}

func freedBlobs(blobs []eventlog.Blob) []eventlog.FreeBlob {
	if len(blobs) == 0 {
		return nil
	}
	free := make([]eventlog.FreeBlob, len(blobs))
	for i, blob := range blobs {
		free[i].ID = blob.ID
		if blob.Place == "" {
			free[i].Size = blob.Size
		}
	}
	return free
}
