package e2e

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An upload that nobody completes is aborted after some time, also if that passes while no server runs.
func TestUploadsExpire(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: []string{"BLEEPSTORE_MULTIPART_EXPIRY=0s"}})
	c := s.client()
	bucket := newBucket(t, c)
	u := newUpload(t, c, bucket, "before")
	part := u.mustPart(1, randomBytes(10))
	s.stop(t)

	c = startServer(t, options{dir: s.dir, env: []string{"BLEEPSTORE_MULTIPART_EXPIRY=1s"}}).client()
	newUpload(t, c, bucket, "after")
	eventually(t, "the uploads are aborted", func() error {
		out, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
		if err == nil && len(out.Uploads) > 0 {
			err = fmt.Errorf("%d uploads", len(out.Uploads))
		}
		return err
	})
	u.c = c
	_, err := u.complete(part)
	wantError(t, err, 404, "NoSuchUpload")
}
