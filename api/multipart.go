package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// CreateUploadInput describes the object that a multipart upload is to become.
type CreateUploadInput struct {
	Bucket, Key  string
	Attributes   eventlog.Attributes
	Algorithm    string // additional checksum; empty for the default
	ChecksumType string // FULL_OBJECT or COMPOSITE; empty for the algorithm's default
}

// CreateUpload begins a multipart upload.
func (s *Service) CreateUpload(ctx context.Context, by Caller, in CreateUploadInput) (*projections.Upload, error) {
	panic("")
}

// UploadPartInput is a part of an upload.
type UploadPartInput struct {
	Bucket, Key, Upload string
	Number              int // 1 to 10,000
	Body                Body
}

// UploadPart stores a part, in place of one with the same number. Errors: NoSuchUpload and those of PutObject.
func (s *Service) UploadPart(ctx context.Context, by Caller, in UploadPartInput) (*projections.Part, error) {
	panic("")
}

// CompletedPart is a part as the client lists it to complete an upload.
type CompletedPart struct {
	Number   int
	ETag     string            // quotes are optional
	Checksum eventlog.Checksum // to compare with the part's; zero if not given
}

// CompleteUploadInput says which parts become the object.
type CompleteUploadInput struct {
	Bucket, Key, Upload string
	Parts               []CompletedPart // ascending by number
	Conditions          WriteConditions
	Size                *int64            // x-amz-mp-object-size: what the parts must add up to
	Checksum            eventlog.Checksum // of the whole object, to be checked; zero if not given
}

// CompleteUpload makes an object of an upload's parts, and ends the upload; no bytes move. Errors: NoSuchUpload,
// InvalidPart, InvalidPartOrder, EntityTooSmall (a part but the last under 5 MiB), MalformedXML (no parts), BadDigest.
func (s *Service) CompleteUpload(ctx context.Context, by Caller, in CompleteUploadInput) (*projections.Object, error) {
	panic("")
}

// AbortUpload ends an upload and drops its parts. Errors: NoSuchUpload.
func (s *Service) AbortUpload(ctx context.Context, by Caller, bucket, key, upload string) error {
	panic("")
}

// ListPartsInput selects a page of an upload's parts.
type ListPartsInput struct {
	Bucket, Key, Upload string
	After               int // parts with greater numbers: part-number-marker
	MaxParts            int // 0 to 1000
}

// ListPartsOutput is a page of parts, ascending by number.
type ListPartsOutput struct {
	Upload    *projections.Upload
	Parts     []*projections.Part
	Truncated bool
	Next      int // the last part's number, or 0
}

// ListParts returns a page of an upload's parts. Errors: NoSuchUpload.
func (s *Service) ListParts(ctx context.Context, by Caller, in ListPartsInput) (*ListPartsOutput, error) {
	panic("")
}
