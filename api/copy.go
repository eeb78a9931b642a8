package api

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// CopyObjectInput says what to copy where.
type CopyObjectInput struct {
	SourceBucket, SourceKey, SourceVersion string
	SourceConditions                       ReadConditions // a failure of any is PreconditionFailed

	Bucket, Key string
	Conditions  WriteConditions
	// Attributes replace those of the source, apart from tags and storage class; nil keeps them: the metadata directive.
	Attributes *eventlog.Attributes
	// Tags replace those of the source; nil keeps them: the tagging directive.
	Tags *[]eventlog.Tag
	// StorageClass is the copy's, which is never taken from the source; empty is STANDARD.
	StorageClass string
	// Algorithm is the additional checksum that the copy is to have; empty keeps that of the source.
	Algorithm string
}

// changesNothing tells whether a copy of an object onto itself would leave it as it is.
func (in *CopyObjectInput) changesNothing(source *projections.Object) bool {
	return in.Attributes == nil && in.Tags == nil && in.Algorithm == "" && in.StorageClass == source.Attributes.StorageClass
}

// CopyObject makes an object that names the same blobs as another; no bytes move, unless another checksum is asked for,
// which has to read them. The copy keeps the source's ETag. A copy onto itself that changes nothing is InvalidRequest,
// as on S3. Errors: those of GetObject and PutObject.
func (s *Service) CopyObject(ctx context.Context, by Caller, in CopyObjectInput) (*projections.Object, error) {
	for _, key := range []string{in.SourceKey, in.Key} {
		if err := checkKey(key); err != nil {
			return nil, err
		}
	}
	// A checksum may have to read all of the source, which is not for when others wait for the locks.
	source, err := s.copySource(ctx, by, in)
	if err != nil {
		return nil, err
	}
	checksum, err := s.copiedChecksum(ctx, in, source)
	if err != nil {
		return nil, err
	}
	// The source is locked too: were it deleted meanwhile, its blobs would become garbage while the copy names them.
	defer s.locks.acquire(
		bucketLock(in.SourceBucket, false), keyLock(in.SourceBucket, in.SourceKey, false),
		bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, true))()
	hashed := source.Version
	if source, err = s.copySource(ctx, by, in); err != nil {
		return nil, err
	}
	if source.Version != hashed {
		if checksum, err = s.copiedChecksum(ctx, in, source); err != nil {
			return nil, err
		}
	}
	current, err := s.replaceable(ctx, by, in.Bucket, in.Key, in.Conditions)
	if err != nil {
		return nil, err
	}
	if in.SourceBucket == in.Bucket && in.SourceKey == in.Key && in.changesNothing(source) {
		return nil, Errorf(InvalidRequest, "This copy request is illegal because it is trying to copy an object to itself "+
			"without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	object := newObject(by, current)
	object.Size, object.ETag = source.Size, source.ETag
	object.Blobs, object.Parts, object.Manifest = source.Blobs, source.Parts, source.Manifest
	object.Attributes, object.Checksum = copiedAttributes(in, source), checksum
	return s.create(ctx, by, &eventlog.ObjectCreated{
		Bucket: in.Bucket, Key: in.Key, Via: eventlog.ViaCopy, Object: object, Freed: freed(current),
		Source: &eventlog.Source{Bucket: in.SourceBucket, Key: in.SourceKey, Version: source.Version},
	})
}

func (s *Service) copySource(ctx context.Context, by Caller, in CopyObjectInput) (*projections.Object, error) {
	if _, err := s.bucket(ctx, by, in.SourceBucket); err != nil {
		return nil, err
	}
	source, err := s.existing(ctx, in.SourceBucket, in.SourceKey, in.SourceVersion)
	if err != nil {
		return nil, err
	}
	if err := in.SourceConditions.checkSource(source); err != nil {
		return nil, err
	}
	if source.Size > MaxPutSize {
		return nil, Errorf(InvalidRequest,
			"The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(MaxPutSize))
	}
	return source, nil
}

func copiedAttributes(in CopyObjectInput, source *projections.Object) eventlog.Attributes {
	attributes := source.Attributes
	attributes.WebsiteRedirect = "" // which S3 does not copy
	if in.Attributes != nil {
		attributes = *in.Attributes
		attributes.Tags = source.Attributes.Tags
	}
	if in.Tags != nil {
		attributes.Tags = slices.Clone(*in.Tags)
	}
	attributes.StorageClass = in.StorageClass
	return attributes
}

// copiedChecksum returns the source's checksum, or computes the one that is asked for from the source's bytes.
func (s *Service) copiedChecksum(ctx context.Context, in CopyObjectInput, source *projections.Object) (eventlog.Checksum, error) {
	if in.Algorithm == "" || in.Algorithm == source.Checksum.Algorithm && source.Checksum.Type == FullObject {
		return source.Checksum, nil
	}
	h := newChecksum(in.Algorithm)
	if h == nil {
		return eventlog.Checksum{}, Errorf(InvalidRequest, "The checksum algorithm %q is not supported.", in.Algorithm)
	}
	r, err := s.open(ctx, source, 0, source.Size)
	if err != nil {
		return eventlog.Checksum{}, err
	}
	defer r.Close()
	if _, err := io.Copy(h, struct{ io.Reader }{r}); err != nil { // by Read, which heeds ctx
		return eventlog.Checksum{}, fmt.Errorf("read object %q of bucket %q for its checksum: %w", in.SourceKey, in.SourceBucket, err)
	}
	return eventlog.Checksum{Algorithm: in.Algorithm, Type: FullObject, Value: encodeSum(h)}, nil
}
