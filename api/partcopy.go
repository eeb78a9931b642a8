package api

import (
	"context"
	"fmt"

	"github.com/bleepstore/bleepstore/projections"
)

// UploadPartCopyInput says what to copy into which part.
type UploadPartCopyInput struct {
	SourceBucket, SourceKey, SourceVersion string
	SourceConditions                       ReadConditions // a failure of any is PreconditionFailed
	SourceRange                            *Range         // within the source; nil for all of it

	Bucket, Key, Upload string
	Number              int // 1 to 10,000
}

// UploadPartCopy stores bytes of an object as a part. They are read and written again: a part is a blob of its own.
// Errors: those of GetObject and UploadPart, and InvalidArgument for a range that is not within the source.
func (s *Service) UploadPartCopy(ctx context.Context, by Caller, in UploadPartCopyInput) (*projections.Part, error) {
	source, err := s.HeadObject(ctx, by, GetObjectInput{Bucket: in.SourceBucket, Key: in.SourceKey, Version: in.SourceVersion})
	if err != nil {
		return nil, err
	}
	if err := in.SourceConditions.checkSource(source.Object); err != nil {
		return nil, err
	}
	offset, length := int64(0), source.Length
	if r := in.SourceRange; r != nil {
		if r.First < 0 || r.Last < 0 || r.Last >= source.Length {
			return nil, InvalidArgumentf("x-amz-copy-source-range", r.String(),
				"Range specified is not valid for source object of size: %d", source.Length)
		}
		offset, length = r.First, r.Last-r.First+1
	}
	body, err := s.open(ctx, source.Object, offset, length)
	if err != nil {
		return nil, fmt.Errorf("copy to part %d of upload %s: %w", in.Number, in.Upload, err)
	}
	defer body.Close()
	return s.UploadPart(ctx, by, UploadPartInput{
		Bucket: in.Bucket, Key: in.Key, Upload: in.Upload, Number: in.Number, Body: Body{Reader: body, Length: length},
	})
}
