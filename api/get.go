package api

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// Range is a part of an object that a client asks for, as in "bytes=First-Last".
type Range struct {
	First int64 // offset of the first byte; -1 for "the last Last bytes"
	Last  int64 // offset of the last byte, inclusive; -1 for "to the end"
}

// resolve applies a range to an object of so many bytes.
// See https://www.rfc-editor.org/rfc/rfc9110#name-byte-ranges
func (r Range) resolve(size int64) (offset, length int64, err error) {
	first, last := r.First, r.Last
	if first < 0 {
		if last == 0 {
			return 0, 0, r.unsatisfiable(size)
		}
		first, last = max(0, size-last), size-1
	}
	if last < 0 || last >= size {
		last = size - 1
	}
	if first >= size {
		return 0, 0, r.unsatisfiable(size)
	}
	return first, last - first + 1, nil
}

func (r Range) String() string {
	switch {
	case r.First < 0:
		return fmt.Sprintf("bytes=-%d", r.Last)
	case r.Last < 0:
		return fmt.Sprintf("bytes=%d-", r.First)
	}
	return fmt.Sprintf("bytes=%d-%d", r.First, r.Last)
}

func (r Range) unsatisfiable(size int64) error {
	return NewError(InvalidRange,
		Detail{"RangeRequested", r.String()}, Detail{"ActualObjectSize", strconv.FormatInt(size, 10)})
}

// GetObjectInput names an object, and says what of it is wanted, and when.
type GetObjectInput struct {
	ObjectName
	Range      *Range // nil for all
	PartNumber int    // of a multipart object; 0 for all. Excludes Range
	Conditions ReadConditions
}

// GetObjectOutput is an object with the range of its bytes that was asked for.
type GetObjectOutput struct {
	Object    *projections.Object
	VersionID string // as S3 has it; empty if the bucket never kept versions
	// Partial tells that the range [Offset, Offset+Length) was asked for. Otherwise Offset is 0 and Length the size.
	Partial        bool
	Offset, Length int64
	// Checksum is the additional checksum of what the range has; zero if none is known.
	Checksum eventlog.Checksum
	// TagCount is the number of the object's tags; 0 for those who may not read them.
	TagCount int
	// PartsCount is the number of the object's parts, where PartNumber asked for one; else 0.
	PartsCount int
	// Body yields the range; the caller closes it. It is nil from HeadObject. Where bytes can go to a socket without being
	// copied, it is an io.WriterTo.
	Body io.ReadCloser
}

// GetObject opens an object. Errors: NoSuchBucket, NoSuchKey, NoSuchVersion, AccessDenied, MethodNotAllowed for a delete
// marker, InvalidRange, InvalidPartNumber, PreconditionFailed, NotModified.
func (s *Service) GetObject(ctx context.Context, by Caller, in GetObjectInput) (*GetObjectOutput, error) {
	out, err := s.HeadObject(ctx, by, in)
	if err != nil {
		return nil, err
	}
	out.Body, err = s.open(ctx, out.Object, out.Offset, out.Length, true)
	return out, err
}

// HeadObject is GetObject without a Body.
func (s *Service) HeadObject(ctx context.Context, by Caller, in GetObjectInput) (*GetObjectOutput, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, err
	}
	found, err := s.find(ctx, by, in.ObjectName)
	if err != nil {
		return nil, err
	}
	object := found.object
	if err := in.Conditions.check(object); err != nil {
		return nil, err
	}
	out := &GetObjectOutput{Object: object, VersionID: found.versionID(), Length: object.Size, Checksum: object.Checksum}
	if tags := len(object.Attributes.Tags); tags > 0 && found.showsTags(by) {
		out.TagCount = tags
	}
	switch {
	case in.Range != nil && in.Conditions.rangeHolds(object):
		out.Partial, out.Checksum = true, eventlog.Checksum{}
		out.Offset, out.Length, err = in.Range.resolve(object.Size)
	case in.PartNumber != 0:
		err = s.selectPart(ctx, out, in.PartNumber)
	}
	return out, err
}

// selectPart sets the range of out to that of one part. An object that was not uploaded in parts is its own part 1.
func (s *Service) selectPart(ctx context.Context, out *GetObjectOutput, number int) error {
	m, err := s.Manifest(ctx, out.Object)
	if err != nil {
		return err
	}
	out.Partial = true
	if len(m.Parts) == 0 && number == 1 {
		return nil
	}
	var offset int64
	for _, part := range m.Parts {
		if part.Number == number {
			out.Offset, out.Length, out.PartsCount = offset, part.Size, len(m.Parts)
			out.Checksum = partChecksum(out.Object.Checksum, part, len(m.Parts))
			return nil
		}
		offset += part.Size
	}
	return NewError(InvalidPartNumber,
		Detail{"PartNumberRequested", strconv.Itoa(number)}, Detail{"ActualPartCount", strconv.Itoa(max(1, len(m.Parts)))})
}

// partChecksum returns the checksum that is told of one part out of count. As on S3, one of the whole object stands for a
// part only where that is all of it.
func partChecksum(whole eventlog.Checksum, part eventlog.Part, count int) eventlog.Checksum {
	switch {
	case whole.Type == Composite:
		return eventlog.Checksum{Algorithm: part.Checksum.Algorithm, Type: Composite, Value: part.Checksum.Value}
	case count == 1:
		return whole
	}
	return eventlog.Checksum{}
}
