package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// CopyObjectInput says what to copy where.
type CopyObjectInput struct {
	Source              ObjectName
	SourceExpectedOwner string         // the account that the source's bucket must belong to; empty for any
	SourceConditions    ReadConditions // a failure of any is PreconditionFailed

	Bucket, Key string
	Conditions  WriteConditions
	ACL         ACLRequest // which is never taken from the source
	// Attributes replace those of the source, apart from tags and storage class; nil keeps them: the metadata directive.
	Attributes *eventlog.Attributes
	// Tags replace those of the source; nil keeps them: the tagging directive.
	Tags *[]eventlog.Tag
	// StorageClass is the copy's, which is never taken from the source; empty is STANDARD.
	StorageClass string
	// WebsiteRedirect is the copy's, which is never taken from the source.
	WebsiteRedirect string
	// Algorithm is the additional checksum that the copy is to have; empty keeps that of the source.
	Algorithm string
}

// changesNothing tells whether a copy of an object onto itself would leave it as it is.
func (in *CopyObjectInput) changesNothing(source *projections.Object) bool {
	return in.Attributes == nil && in.Tags == nil && in.Algorithm == "" &&
		in.StorageClass == source.Attributes.StorageClass && in.WebsiteRedirect == source.Attributes.WebsiteRedirect
}

// CopyObject makes an object that names the same blobs as another; no bytes move, unless another checksum is asked for,
// which has to read them. The copy keeps the source's ETag. A copy onto itself that changes nothing is InvalidRequest,
// as on S3. Errors: those of GetObject and PutObject.
func (s *Service) CopyObject(ctx context.Context, by Caller, in CopyObjectInput) (*Created, error) {
	for _, key := range []string{in.Source.Key, in.Key} {
		if err := checkKey(key); err != nil {
			return nil, err
		}
	}
	// A checksum may have to read all of the source, which is not for when others wait for the locks. If the source is
	// another one when they are held, that begins again.
	for {
		source, err := s.copySource(ctx, by, in)
		if err != nil {
			return nil, err
		}
		checksum, err := s.copiedChecksum(ctx, in, source.object)
		if err != nil {
			return nil, err
		}
		created, err := s.copyUnchanged(ctx, by, in, source.object.Version, checksum)
		if !errors.Is(err, errSourceChanged) {
			return created, err
		}
	}
}

// errSourceChanged says that the source of a copy is another object than the one whose checksum is known.
var errSourceChanged = errors.New("the source has changed")

// copyUnchanged copies if the source is still the version that has the checksum.
func (s *Service) copyUnchanged(ctx context.Context, by Caller, in CopyObjectInput, version string, checksum eventlog.Checksum) (*Created, error) {
	// The source is locked too: were it deleted meanwhile, its blobs would become garbage while the copy names them.
	leave, err := s.enter(maxCommands,
		bucketLock(in.Source.Bucket, false), keyLock(in.Source.Bucket, in.Source.Key, false),
		bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, true))
	if err != nil {
		return nil, err
	}
	defer leave()
	source, err := s.copySource(ctx, by, in)
	if err != nil {
		return nil, err
	}
	if source.object.Version != version {
		return nil, errSourceChanged
	}
	next, err := s.replace(ctx, by, in.Bucket, in.Key, in.Conditions)
	if err != nil {
		return nil, err
	}
	if err := next.own(s, by, in.ACL); err != nil {
		return nil, err
	}
	if in.Source.Bucket == in.Bucket && in.Source.Key == in.Key && source.current && in.changesNothing(source.object) {
		return nil, Errorf(InvalidRequest, "This copy request is illegal because it is trying to copy an object to itself "+
			"without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	object, original := &next.created.Object, source.object
	object.Size, object.ETag = original.Size, original.ETag
	object.Blobs, object.Parts, object.Manifest = original.Blobs, original.Parts, original.Manifest
	object.Attributes, object.Checksum = copiedAttributes(in, original), checksum
	next.created.Via = eventlog.ViaCopy
	next.created.Source = &eventlog.Source{Bucket: in.Source.Bucket, Key: in.Source.Key, Version: original.Version}
	created, err := s.create(ctx, by, next)
	if err != nil {
		return nil, err
	}
	created.SourceVersion = source.versionID()
	return created, nil
}

// copySource returns what is to be copied.
func (s *Service) copySource(ctx context.Context, by Caller, in CopyObjectInput) (*found, error) {
	source, err := s.source(ctx, by, in.Source, in.SourceExpectedOwner)
	if err != nil {
		return nil, err
	}
	if err := in.SourceConditions.checkSource(source.object); err != nil {
		return nil, err
	}
	if in.Tags == nil && len(source.object.Attributes.Tags) > 0 && !source.showsTags(by) {
		return nil, NewError(AccessDenied)
	}
	if source.object.Size > MaxPutSize {
		return nil, Errorf(InvalidRequest,
			"The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(MaxPutSize))
	}
	return source, nil
}

func copiedAttributes(in CopyObjectInput, source *projections.Object) eventlog.Attributes {
	attributes := source.Attributes
	if in.Attributes != nil {
		attributes = *in.Attributes
		attributes.Tags = source.Attributes.Tags
	}
	if in.Tags != nil {
		attributes.Tags = slices.Clone(*in.Tags)
	}
	attributes.StorageClass, attributes.WebsiteRedirect = in.StorageClass, in.WebsiteRedirect
	return attributes
}

// copiedChecksum returns the source's checksum, or computes the one that is asked for: from the source's bytes, but for
// CRC64NVME, which each blob of ours has.
func (s *Service) copiedChecksum(ctx context.Context, in CopyObjectInput, source *projections.Object) (eventlog.Checksum, error) {
	if in.Algorithm == "" || in.Algorithm == source.Checksum.Algorithm && source.Checksum.Type == FullObject {
		return source.Checksum, nil
	}
	if in.Algorithm == CRC64NVME {
		m, err := s.Manifest(ctx, source)
		if err != nil {
			return eventlog.Checksum{}, err
		}
		if !slices.ContainsFunc(m.Blobs, func(blob eventlog.Blob) bool { return blob.CRC64NVME == "" }) {
			return combineBlobs(m.Blobs)
		}
	}
	h := newChecksum(in.Algorithm)
	if h == nil {
		return eventlog.Checksum{}, Errorf(InvalidRequest, "The checksum algorithm %q is not supported.", in.Algorithm)
	}
	r, err := s.open(ctx, source, 0, source.Size, false)
	if err != nil {
		return eventlog.Checksum{}, err
	}
	defer r.Close()
	if _, err := io.Copy(h, struct{ io.Reader }{r}); err != nil { // by Read, which heeds ctx
		return eventlog.Checksum{}, fmt.Errorf("read object %q of bucket %q for its checksum: %w", in.Source.Key, in.Source.Bucket, err)
	}
	return eventlog.Checksum{Algorithm: in.Algorithm, Type: FullObject, Value: encodeSum(h)}, nil
}
