package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// copySource names an object as x-amz-copy-source does.
func copySource(bucket, key string) *string {
	return aws.String(bucket + "/" + strings.ReplaceAll(url.QueryEscape(key), "+", "%20"))
}

func TestCopy(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	from, to := newBucket(t, c), newBucket(t, c)
	for name, body := range map[string][]byte{"empty": nil, "small": randomBytes(1000), "large": randomBytes(1 << 20)} {
		etag := put(t, c, from, name, body)
		out, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{
			Bucket: &to, Key: aws.String("copy of " + name), CopySource: copySource(from, name),
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "ETag", aws.ToString(out.CopyObjectResult.ETag), etag)
		// The copy shares the bytes; it must outlive the source.
		if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &from, Key: &name}); err != nil {
			t.Fatal(err)
		}
		wantBytes(t, get(t, c, to, "copy of "+name), body)
	}
	for source, code := range map[string]string{from + "/missing": "NoSuchKey", "no-such-bucket/key": "NoSuchBucket"} {
		_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &to, Key: aws.String("k"), CopySource: &source})
		wantError(t, err, 404, code)
	}
}

func TestCopyDirectives(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("source"), Body: bytes.NewReader([]byte("body")),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"is": "old"}, Tagging: aws.String("a=1&b=2"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name        string
		in          s3.CopyObjectInput
		contentType string
		metadata    map[string]string
		tags        int32
	}{
		{"default", s3.CopyObjectInput{
			ContentType: aws.String("ignored/ignored"),
		}, "text/plain", map[string]string{"is": "old"}, 2},
		{"copy", s3.CopyObjectInput{
			MetadataDirective: types.MetadataDirectiveCopy, TaggingDirective: types.TaggingDirectiveCopy,
		}, "text/plain", map[string]string{"is": "old"}, 2},
		{"replace", s3.CopyObjectInput{
			MetadataDirective: types.MetadataDirectiveReplace, ContentType: aws.String("text/html"),
			Metadata:         map[string]string{"is": "new"},
			TaggingDirective: types.TaggingDirectiveReplace, Tagging: aws.String("c=3"),
		}, "text/html", map[string]string{"is": "new"}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := test.in
			in.Bucket, in.Key, in.CopySource = &bucket, &test.name, copySource(bucket, "source")
			if _, err := c.CopyObject(t.Context(), &in); err != nil {
				t.Fatal(err)
			}
			out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &test.name})
			if err != nil {
				t.Fatal(err)
			}
			wantBytes(t, readAll(t, out.Body), []byte("body"))
			want(t, "Content-Type", aws.ToString(out.ContentType), test.contentType)
			want(t, "number of tags", aws.ToInt32(out.TagCount), test.tags)
			if !maps.Equal(out.Metadata, test.metadata) {
				t.Errorf("metadata is %v, want %v", out.Metadata, test.metadata)
			}
		})
	}
}

func TestCopyOntoItself(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "key"
	body := randomBytes(100_000)
	put(t, c, bucket, key, body)
	in := &s3.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: copySource(bucket, key)}
	_, err := c.CopyObject(t.Context(), in)
	wantError(t, err, 400, "InvalidRequest") // it would change nothing

	in.MetadataDirective, in.Metadata = types.MetadataDirectiveReplace, map[string]string{"is": "new"}
	if _, err := c.CopyObject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, get(t, c, bucket, key), body)
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "metadata", head.Metadata["is"], "new")
}

func TestCopyConditions(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	etag := put(t, c, bucket, "source", []byte("body"))
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for name, test := range map[string]struct {
		in s3.CopyObjectInput
		ok bool
	}{
		"if-match":                 {s3.CopyObjectInput{CopySourceIfMatch: &etag}, true},
		"if-match, other":          {s3.CopyObjectInput{CopySourceIfMatch: aws.String(`"other"`)}, false},
		"if-none-match":            {s3.CopyObjectInput{CopySourceIfNoneMatch: &etag}, false},
		"if-none-match, other":     {s3.CopyObjectInput{CopySourceIfNoneMatch: aws.String(`"other"`)}, true},
		"if-modified-since, past":  {s3.CopyObjectInput{CopySourceIfModifiedSince: &past}, true},
		"if-unmodified-since, now": {s3.CopyObjectInput{CopySourceIfUnmodifiedSince: &future}, true},
		"if-unmodified-since":      {s3.CopyObjectInput{CopySourceIfUnmodifiedSince: &past}, false},
		"if-match outweighs if-unmodified-since": {s3.CopyObjectInput{
			CopySourceIfMatch: &etag, CopySourceIfUnmodifiedSince: &past,
		}, true},
		"if-none-match outweighs if-modified-since": {s3.CopyObjectInput{
			CopySourceIfNoneMatch: &etag, CopySourceIfModifiedSince: &past,
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			test.in.Bucket, test.in.Key, test.in.CopySource = &bucket, aws.String("copy"), copySource(bucket, "source")
			_, err := c.CopyObject(t.Context(), &test.in)
			switch {
			case !test.ok:
				wantError(t, err, 412, "PreconditionFailed")
			case err != nil:
				t.Error(err)
			}
		})
	}
}

func TestUploadPartCopy(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	body := randomBytes(minPart + 1000)
	put(t, c, bucket, "source", body)
	u := newUpload(t, c, bucket, "copy")
	copyPart := func(number int32, header *string) (types.CompletedPart, error) {
		out, err := c.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{
			Bucket: &bucket, Key: &u.key, UploadId: u.id, PartNumber: &number,
			CopySource: copySource(bucket, "source"), CopySourceRange: header,
		})
		if err != nil {
			return types.CompletedPart{}, err
		}
		return types.CompletedPart{
			PartNumber: &number, ETag: out.CopyPartResult.ETag, ChecksumCRC32: out.CopyPartResult.ChecksumCRC32,
		}, nil
	}
	whole, err := copyPart(1, nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "ETag of a part that is all of the source", aws.ToString(whole.ETag), quoted(hexMD5(body)))
	first, last := minPart-10, minPart+9
	some, err := copyPart(2, aws.String(fmt.Sprintf("bytes=%d-%d", first, last)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = copyPart(3, aws.String(fmt.Sprintf("bytes=0-%d", len(body))))
	wantError(t, err, 400, "InvalidArgument")
	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("source")}); err != nil {
		t.Fatal(err)
	}
	if _, err := u.complete(whole, some); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, get(t, c, bucket, "copy"), slices.Concat(body, body[first:last+1]))
}

// Bytes that were damaged on the disk do not become those of a new part, nor of a checksum, which would then vouch for them.
func TestDamageIsNotCopied(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "large", randomBytes(300_000))
	flipBit(t, filepath.Join(s.dir, "blobs", "large"), 300_000)
	upload := newUpload(t, c, bucket, "copied")
	_, err := c.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{
		Bucket: &bucket, Key: &upload.key, UploadId: upload.id, PartNumber: aws.Int32(1), CopySource: copySource(bucket, "large"),
	})
	wantError(t, err, http.StatusInternalServerError, "InternalError")
	_, err = c.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: &bucket, Key: aws.String("copied"), CopySource: copySource(bucket, "large"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	})
	wantError(t, err, http.StatusInternalServerError, "InternalError")
}
