package api

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
)

// Limits of multipart uploads.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	MaxPartNumber = 10_000
	MinPartSize   = 5 << 20 // bytes; the last part may be smaller
)

// uploadID is the form of the ids of uploads: those that are made here, and those that may be imported.
var uploadID = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}$`)

// ValidUploadID tells whether id has the form of an upload's id, which can be the name of a file. There need not be such an
// upload.
func ValidUploadID(id string) bool { return uploadID.MatchString(id) }

// CreateUploadInput describes the object that a multipart upload is to become.
type CreateUploadInput struct {
	Bucket, Key  string
	Attributes   eventlog.Attributes
	ACL          ACLRequest
	Algorithm    string // additional checksum; empty for the default, CRC64NVME
	ChecksumType string // FULL_OBJECT or COMPOSITE; empty for the algorithm's default
}

// CreateUpload begins a multipart upload. Errors: NoSuchBucket, AccessDenied, KeyTooLongError, InvalidRequest.
func (s *Service) CreateUpload(ctx context.Context, by Caller, in CreateUploadInput) (*projections.Upload, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, err
	}
	checksum, err := uploadChecksum(in)
	if err != nil {
		return nil, err
	}
	leave, err := s.enter(maxCommands, bucketLock(in.Bucket, false))
	if err != nil {
		return nil, err
	}
	defer leave()
	bucket, err := s.bucket(ctx, by, in.Bucket)
	if err != nil {
		return nil, err
	}
	if by.anonymous() {
		return nil, Errorf(AccessDenied, "Anonymous users cannot initiate multipart uploads. Please authenticate.")
	}
	upload := &projections.Upload{
		Bucket: in.Bucket, Key: in.Key, ID: sortid.New(), Initiated: now(),
		Owner: by.Account, Attributes: in.Attributes, Checksum: checksum,
	}
	owner := ownerFor(by, in.ACL, bucket)
	if upload.Grants, err = s.objectGrants(in.ACL, bucket, owner); err != nil {
		return nil, err
	}
	if owner != by.Account {
		upload.ObjectOwner = owner
	}
	return upload, s.commit(ctx, by, upload.Initiated, &eventlog.UploadCreated{
		Bucket: in.Bucket, Key: in.Key, Upload: upload.ID, Owner: upload.Owner, Attributes: upload.Attributes,
		Grants: upload.Grants, ObjectOwner: upload.ObjectOwner, Checksum: upload.Checksum,
	})
}

// uploadChecksum returns the checksum that parts and object are to have, zero if the client leaves it to the server.
func uploadChecksum(in CreateUploadInput) (eventlog.Checksum, error) {
	if in.Algorithm == "" {
		if in.ChecksumType != "" {
			return eventlog.Checksum{}, Errorf(InvalidRequest,
				"The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return eventlog.Checksum{}, nil
	}
	kind, ok := checksumType(in.Algorithm, in.ChecksumType)
	if !ok {
		return eventlog.Checksum{}, Errorf(InvalidRequest,
			"The %s checksum type cannot be used with the %s checksum algorithm.", in.ChecksumType, strings.ToLower(in.Algorithm))
	}
	return eventlog.Checksum{Algorithm: in.Algorithm, Type: kind}, nil
}

// upload returns an upload that the caller may work with. Errors: NoSuchUpload and those of bucket.
func (s *Service) upload(ctx context.Context, by Caller, bucket, key, id string) (*projections.Upload, error) {
	record, err := s.bucket(ctx, by, bucket)
	if err != nil {
		return nil, err
	}
	upload, err := s.store().Upload(ctx, bucket, key, id)
	if errors.Is(err, projections.ErrNotFound) {
		// Whether there was such an upload is told to those alone who could have begun it.
		if err := permit(by.performing("CreateMultipartUpload", ""), ofBucket, record, record.Owner, record.Grants); err != nil {
			return nil, err
		}
		return nil, NewError(NoSuchUpload, Detail{"UploadId", id})
	}
	if err != nil {
		return nil, fmt.Errorf("read upload %s of %q in bucket %q: %w", id, key, bucket, err)
	}
	return upload, permit(by, ofUpload, record, upload.Owner, record.Grants)
}

// UploadPartInput is a part of an upload.
type UploadPartInput struct {
	Bucket, Key, Upload string
	Number              int // 1 to 10,000
	Body                Body
}

// UploadPart stores a part, in place of one with the same number. Errors: NoSuchUpload and those of PutObject.
func (s *Service) UploadPart(ctx context.Context, by Caller, in UploadPartInput) (*projections.Part, error) {
	if in.Number < 1 || in.Number > MaxPartNumber {
		return nil, InvalidArgumentf("partNumber", fmt.Sprint(in.Number),
			"Part number must be an integer between 1 and %d, inclusive", MaxPartNumber)
	}
	upload, err := s.upload(ctx, by, in.Bucket, in.Key, in.Upload)
	if err != nil {
		return nil, err
	}
	c, err := s.receivePart(ctx, upload, in.Body, in.Number)
	if err != nil {
		return nil, err
	}
	// The key is shared: parts come in together, but not while the upload is completed or aborted.
	leave, err := s.enter(maxCommands, bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, false), partLock(in.Upload, in.Number))
	if err != nil {
		s.discard(ctx, c.blob)
		return nil, err
	}
	defer leave()
	stored, err := s.decidePart(ctx, by, in, c)
	if err != nil {
		s.discard(ctx, c.blob)
		return nil, err
	}
	err = s.commit(ctx, by, stored.Part.Modified, stored)
	s.settle(ctx, c.blob, err)
	if err != nil {
		return nil, err
	}
	return &projections.Part{Upload: in.Upload, Part: stored.Part, Blob: stored.Blob}, nil
}

// receivePart receives the content of a part under the checksum algorithm of its upload. Of an upload that names none,
// each part may be sent under any. Where the object is to have a composite checksum, the client must send those of the
// parts, as on S3; else they are computed if it does not.
func (s *Service) receivePart(ctx context.Context, upload *projections.Upload, body Body, number int) (*content, error) {
	chosen := upload.Checksum
	if body.Algorithm == "" && chosen.Type == FullObject {
		body.Algorithm = chosen.Algorithm
	}
	if chosen.Algorithm != "" && body.Algorithm != chosen.Algorithm {
		return nil, Errorf(InvalidRequest, "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(chosen.Algorithm), cmp.Or(strings.ToLower(body.Algorithm), "null"))
	}
	label := labelOf(upload.Bucket, upload.Key, upload.Attributes)
	label.Upload, label.Part = upload.ID, number
	return s.receive(ctx, body, label)
}

func (s *Service) decidePart(ctx context.Context, by Caller, in UploadPartInput, c *content) (*eventlog.PartStored, error) {
	if _, err := s.upload(ctx, by, in.Bucket, in.Key, in.Upload); err != nil {
		return nil, err
	}
	stored := &eventlog.PartStored{
		Bucket: in.Bucket, Key: in.Key, Upload: in.Upload, Blob: c.blob,
		Part: eventlog.Part{
			Number: in.Number, Size: c.blob.Size, ETag: hex.EncodeToString(c.md5), Modified: now(), Checksum: c.checksum,
		},
	}
	switch replaced, err := s.store().Part(ctx, in.Upload, in.Number); {
	case err == nil:
		stored.Freed = freedBlobs([]eventlog.Blob{replaced.Blob})
	case !errors.Is(err, projections.ErrNotFound):
		return nil, fmt.Errorf("read part %d of upload %s: %w", in.Number, in.Upload, err)
	}
	return stored, nil
}

// AbortUpload ends an upload and drops its parts. Errors: NoSuchUpload, NoSuchBucket, AccessDenied.
func (s *Service) AbortUpload(ctx context.Context, by Caller, bucket, key, id string) error {
	leave, err := s.enter(maxFreeing, bucketLock(bucket, false), keyLock(bucket, key, true))
	if err != nil {
		return err
	}
	defer leave()
	upload, err := s.upload(ctx, by, bucket, key, id)
	if err != nil {
		return err
	}
	return s.abort(ctx, by, upload)
}

// abort ends an upload whose key, or bucket, the caller has locked exclusively.
func (s *Service) abort(ctx context.Context, by Caller, upload *projections.Upload) error {
	parts, err := s.parts(ctx, upload)
	if err != nil {
		return err
	}
	aborted := &eventlog.UploadAborted{Bucket: upload.Bucket, Key: upload.Key, Upload: upload.ID}
	for _, part := range parts {
		aborted.Freed = append(aborted.Freed, freedBlobs([]eventlog.Blob{part.Blob})...)
	}
	return s.commit(ctx, by, now(), aborted)
}

// parts returns all parts of an upload, ascending by number.
func (s *Service) parts(ctx context.Context, upload *projections.Upload) ([]*projections.Part, error) {
	var all []*projections.Part
	for after := 0; ; {
		page, err := s.store().Parts(ctx, upload.ID, after, scanLimit)
		if err != nil {
			return nil, fmt.Errorf("read parts of upload %s behind %d: %w", upload.ID, after, err)
		}
		all = append(all, page...)
		if len(page) < scanLimit {
			return all, nil
		}
		after = page[len(page)-1].Number
	}
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

// ListParts returns a page of an upload's parts. Errors: NoSuchUpload, NoSuchBucket, AccessDenied.
func (s *Service) ListParts(ctx context.Context, by Caller, in ListPartsInput) (*ListPartsOutput, error) {
	upload, err := s.upload(ctx, by, in.Bucket, in.Key, in.Upload)
	if err != nil {
		return nil, err
	}
	parts, err := s.store().Parts(ctx, in.Upload, in.After, in.MaxParts+1)
	if err != nil {
		return nil, fmt.Errorf("read parts of upload %s behind %d: %w", in.Upload, in.After, err)
	}
	out := &ListPartsOutput{Upload: upload, Parts: parts}
	if len(parts) > in.MaxParts {
		out.Parts, out.Truncated = parts[:in.MaxParts], in.MaxParts > 0
	}
	if n := len(out.Parts); n > 0 {
		out.Next = out.Parts[n-1].Number
	}
	return out, nil
}
