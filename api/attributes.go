package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
)

// ObjectPartsInput selects a page of an object's parts.
type ObjectPartsInput struct {
	After    int // parts with greater numbers: x-amz-part-number-marker
	MaxParts int // 0 to 1000
}

// ObjectAttributes are what GetObjectAttributes tells of an object.
type ObjectAttributes struct {
	Object    *eventlog.Object
	VersionID string // as S3 has it; empty if the bucket never kept versions

	// PartsCount is the number of the object's parts; 0 if it was not uploaded in parts.
	PartsCount int
	// Parts is a page of them, ascending by number. As on S3, they are only told where the object's checksum is composite.
	Parts     []eventlog.Part
	Truncated bool
	Next      int // the last part's number, or 0
}

// ObjectAttributes returns an object's attributes. Errors: those of HeadObject.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
func (s *Service) ObjectAttributes(ctx context.Context, by Caller, in ObjectName, page ObjectPartsInput) (*ObjectAttributes, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, err
	}
	found, err := s.find(ctx, by, in)
	if err != nil {
		return nil, err
	}
	m, err := s.Manifest(ctx, found.object)
	if err != nil {
		return nil, err
	}
	out := &ObjectAttributes{Object: &found.object.Object, VersionID: found.versionID(), PartsCount: len(m.Parts)}
	if out.Object.Checksum.Type != Composite {
		return out, nil
	}
	for _, part := range m.Parts {
		if part.Number <= page.After {
			continue
		}
		if len(out.Parts) == page.MaxParts {
			out.Truncated = page.MaxParts > 0
			break
		}
		out.Parts = append(out.Parts, part)
		out.Next = part.Number
	}
	return out, nil
}
