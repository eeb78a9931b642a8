package api

import (
	"context"

	"github.com/bleepstore/bleepstore/projections"
)

// ListObjectsInput selects a page of a bucket's current objects.
type ListObjectsInput struct {
	Bucket    string
	Prefix    string
	Delimiter string
	After     string // keys and common prefixes greater than it: marker, start-after or continuation
	MaxKeys   int    // 0 to 1000: objects and common prefixes together
}

// ListObjectsOutput is a page of objects and common prefixes, each ascending.
type ListObjectsOutput struct {
	Objects        []*projections.Object
	CommonPrefixes []string
	Truncated      bool
	Next           string // if Truncated: the After of the next page
}

// ListObjects returns a page of a bucket's objects. Errors: NoSuchBucket, AccessDenied.
func (s *Service) ListObjects(ctx context.Context, by Caller, in ListObjectsInput) (*ListObjectsOutput, error) {
	panic("")
}

// ListUploadsInput selects a page of a bucket's multipart uploads.
type ListUploadsInput struct {
	Bucket      string
	Prefix      string
	Delimiter   string
	AfterKey    string // key-marker: uploads of greater keys, and those of this key behind AfterUpload, if that is set
	AfterUpload string // upload-id-marker
	MaxUploads  int    // 0 to 1000: uploads and common prefixes together
}

// ListUploadsOutput is a page of uploads, ascending by key and id, and of common prefixes.
type ListUploadsOutput struct {
	Uploads        []*projections.Upload
	CommonPrefixes []string
	Truncated      bool
	NextKey        string // if Truncated: AfterKey and AfterUpload of the next page
	NextUpload     string
}

// ListUploads returns a page of a bucket's uploads.
func (s *Service) ListUploads(ctx context.Context, by Caller, in ListUploadsInput) (*ListUploadsOutput, error) {
	panic("")
}
