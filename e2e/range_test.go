package e2e

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	for _, size := range []int{1000, 100_000} { // a small blob and a large one
		key, body := strconv.Itoa(size), randomBytes(size)
		put(t, c, bucket, key, body)
		read := func(header string) (*s3.GetObjectOutput, error) {
			return c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: &header})
		}
		for _, test := range []struct {
			header      string
			first, last int // of the bytes that come back
		}{
			{"bytes=0-0", 0, 0},
			{"bytes=10-19", 10, 19},
			{"bytes=990-", 990, size - 1},
			{"bytes=-10", size - 10, size - 1},
			{"bytes=0-999999999", 0, size - 1},
			{"bytes=-999999999", 0, size - 1},
			{fmt.Sprintf("bytes=%d-", size-1), size - 1, size - 1},
		} {
			out, err := read(test.header)
			if err != nil {
				t.Errorf("%s of %d: %v", test.header, size, err)
				continue
			}
			wantBytes(t, readAll(t, out.Body), body[test.first:test.last+1])
			want(t, "Content-Range", aws.ToString(out.ContentRange), fmt.Sprintf("bytes %d-%d/%d", test.first, test.last, size))
		}
		for _, header := range []string{fmt.Sprintf("bytes=%d-", size), "bytes=999999998-999999999", "bytes=-0"} {
			_, err := read(header)
			wantError(t, err, 416, "InvalidRange")
		}
		for _, header := range []string{"bytes=5-1", "bytes=x-y", "lines=1-2"} { // not a range: RFC 9110, 14.2
			out, err := read(header)
			if err != nil {
				t.Errorf("%s: %v", header, err)
				continue
			}
			wantBytes(t, readAll(t, out.Body), body)
		}
	}
	put(t, c, bucket, "empty", nil)
	_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("empty"), Range: aws.String("bytes=0-")})
	wantError(t, err, 416, "InvalidRange")
}
