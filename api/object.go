package api

import (
	"context"
	"io"

	"github.com/bleepstore/bleepstore/eventlog"
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
// PreconditionFailed, MetadataTooLarge, and those of the Body's Reader.
func (s *Service) PutObject(ctx context.Context, by Caller, in PutObjectInput) (*projections.Object, error) {
	panic("")
}

// Range is a part of an object that a client asks for, as in "bytes=First-Last".
type Range struct {
	First int64 // offset of the first byte; -1 for "the last Last bytes"
	Last  int64 // offset of the last byte, inclusive; -1 for "to the end"
}

// GetObjectInput names an object, and says what of it is wanted, and when.
type GetObjectInput struct {
	Bucket, Key string
	Version     string // version id; empty for the current object
	Range       *Range // nil for all
	PartNumber  int    // of a multipart object; 0 for all. Excludes Range
	Conditions  ReadConditions
}

// GetObjectOutput is an object with the range of its bytes that was asked for.
type GetObjectOutput struct {
	Object *projections.Object
	// Partial tells that the range [Offset, Offset+Length) was asked for. Otherwise Offset is 0 and Length the size.
	Partial        bool
	Offset, Length int64
	// PartsCount is the number of the object's parts, where PartNumber asked for one; else 0.
	PartsCount int
	// Body yields the range; the caller closes it. It is nil from HeadObject. Where bytes can go to a socket without being
	// copied, it is an io.WriterTo.
	Body io.ReadCloser
}

// GetObject opens an object. Errors: NoSuchBucket, NoSuchKey, NoSuchVersion, AccessDenied, InvalidRange,
// PreconditionFailed, NotModified.
func (s *Service) GetObject(ctx context.Context, by Caller, in GetObjectInput) (*GetObjectOutput, error) {
	panic("")
}

// HeadObject is GetObject without a Body.
func (s *Service) HeadObject(ctx context.Context, by Caller, in GetObjectInput) (*GetObjectOutput, error) {
	panic("")
}

// DeleteObjectInput names an object to delete.
type DeleteObjectInput struct {
	Bucket, Key string
	Version     string          // version id; empty for the current object
	Conditions  WriteConditions // IfMatch only
}

// DeleteObject removes the object; a key that has none is no error.
func (s *Service) DeleteObject(ctx context.Context, by Caller, in DeleteObjectInput) error {
	panic("")
}

// DeleteKey is one entry of DeleteObjects.
type DeleteKey struct {
	Key     string
	Version string // version id; empty for the current object
	IfMatch string // the ETag that the object must have; empty for any
}

// DeleteResult is what became of one entry of DeleteObjects.
type DeleteResult struct {
	DeleteKey
	Err *Error // nil if the object is gone
}

// DeleteObjects removes up to 1,000 objects in one atomic commit: after a crash, all of them are gone or none is.
// The results are in the order of the entries. An entry may fail on its own; the error returned is one of the whole.
func (s *Service) DeleteObjects(ctx context.Context, by Caller, bucket string, keys []DeleteKey) ([]DeleteResult, error) {
	panic("")
}

// CopyObjectInput says what to copy where.
type CopyObjectInput struct {
	SourceBucket, SourceKey, SourceVersion string
	SourceConditions                       ReadConditions // a failure of any is PreconditionFailed

	Bucket, Key string
	Conditions  WriteConditions
	// Attributes replace those of the source, apart from the tags; nil keeps them: the metadata directive.
	Attributes *eventlog.Attributes
	// Tags replace those of the source; nil keeps them: the tagging directive.
	Tags *[]eventlog.Tag
	// StorageClass is the copy's, which is never taken from the source; empty is STANDARD.
	StorageClass string
	// Algorithm is the additional checksum that the copy is to have; empty keeps that of the source.
	Algorithm string
}

// CopyObject makes an object that names the same blobs as another; no bytes move, unless another checksum is asked for,
// which has to read them. A copy onto itself that changes nothing is InvalidRequest, as on S3.
func (s *Service) CopyObject(ctx context.Context, by Caller, in CopyObjectInput) (*projections.Object, error) {
	panic("")
}
