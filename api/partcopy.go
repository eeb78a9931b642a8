package api

import (
	"context"
	"fmt"

	"github.com/bleepstore/bleepstore/projections"
)

// UploadPartCopyInput says what to copy into which part.
type UploadPartCopyInput struct {
	Source              ObjectName
	SourceExpectedOwner string         // the account that the source's bucket must belong to; empty for any
	SourceConditions    ReadConditions // a failure of any is PreconditionFailed
	SourceRange         *Range         // within the source; nil for all of it

	Bucket, Key, Upload string
	Number              int // 1 to 10,000
}

// CopiedPart is a part that was copied.
type CopiedPart struct {
	*projections.Part
	SourceVersion string // version id of the source, as S3 has it; empty if its bucket never kept versions
}

// UploadPartCopy stores bytes of an object as a part. They are read and written again: a part is a blob of its own.
// Errors: those of GetObject and UploadPart, and InvalidArgument for a range that is not within the source.
func (s *Service) UploadPartCopy(ctx context.Context, by Caller, in UploadPartCopyInput) (*CopiedPart, error) {
	if err := checkKey(in.Source.Key); err != nil {
		return nil, err
	}
	upload, err := s.upload(ctx, by, in.Bucket, in.Key, in.Upload)
	if err != nil {
		return nil, err
	}
	source, err := s.source(ctx, by, in.Source, in.SourceExpectedOwner)
	if err != nil {
		return nil, err
	}
	if err := in.SourceConditions.checkSource(source.object); err != nil {
		return nil, err
	}
	offset, length := int64(0), source.object.Size
	if r := in.SourceRange; r != nil {
		if r.First < 0 || r.Last < 0 || r.Last >= source.object.Size {
			return nil, InvalidArgumentf("x-amz-copy-source-range", r.String(),
				"Range specified is not valid for source object of size: %d", source.object.Size)
		}
		offset, length = r.First, r.Last-r.First+1
	}
	body, err := s.open(ctx, source.object, offset, length, false)
	if err != nil {
		return nil, fmt.Errorf("copy to part %d of upload %s: %w", in.Number, in.Upload, err)
	}
	defer body.Close()
	part, err := s.UploadPart(ctx, by, UploadPartInput{
		Bucket: in.Bucket, Key: in.Key, Upload: in.Upload, Number: in.Number,
		Body: Body{Reader: body, Length: length, Algorithm: upload.Checksum.Algorithm},
	})
	return &CopiedPart{Part: part, SourceVersion: source.versionID()}, err
}
