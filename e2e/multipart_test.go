package e2e

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// minPart is the smallest size of a part that isn't the last.
const minPart = 5 << 20

// upload is a multipart upload under way.
type upload struct {
	t           testing.TB
	c           *s3.Client
	bucket, key string
	id          *string
}

func newUpload(t testing.TB, c *s3.Client, bucket, key string) *upload {
	t.Helper()
	out, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: &bucket, Key: &key, ContentType: aws.String("text/plain"), Metadata: map[string]string{"is": "kept"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &upload{t, c, bucket, key, out.UploadId}
}

// part stores a part and returns what completes it.
func (u *upload) part(number int32, body []byte) (types.CompletedPart, error) {
	out, err := u.c.UploadPart(u.t.Context(), &s3.UploadPartInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: u.id, PartNumber: &number, Body: bytes.NewReader(body),
	})
	if err != nil {
		return types.CompletedPart{}, err
	}
	return types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}, nil
}

func (u *upload) mustPart(number int32, body []byte) types.CompletedPart {
	u.t.Helper()
	part, err := u.part(number, body)
	if err != nil {
		u.t.Fatalf("part %d: %v", number, err)
	}
	return part
}

func (u *upload) complete(parts ...types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	return u.c.CompleteMultipartUpload(u.t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
}

func (u *upload) abort() error {
	_, err := u.c.AbortMultipartUpload(u.t.Context(), &s3.AbortMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: u.id,
	})
	return err
}

// multipartETag is the ETag that S3 gives to an object of parts.
func multipartETag(parts ...[]byte) string {
	var sums []byte
	for _, part := range parts {
		sum := md5.Sum(part)
		sums = append(sums, sum[:]...)
	}
	return quoted(fmt.Sprintf("%s-%d", hexMD5(sums), len(parts)))
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	onHTTPAndTLS(t, func(t *testing.T, s *server) {
		c := s.client()
		bucket, key := newBucket(t, c), "a/key"
		u := newUpload(t, c, bucket, key)
		bodies := [][]byte{randomBytes(minPart), randomBytes(minPart + 1), randomBytes(70)}
		numbers := []int32{1, 2, 3}
		parts := make([]types.CompletedPart, len(bodies))
		u.mustPart(3, randomBytes(100)) // replaced below
		var group errgroup.Group
		for i := range bodies {
			group.Go(func() (err error) {
				parts[i], err = u.part(numbers[i], bodies[i])
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if keys := listKeys(t, c, bucket); len(keys) > 0 {
			t.Errorf("an upload under way is listed as object %q", keys)
		}
		out, err := u.complete(parts...)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "ETag", aws.ToString(out.ETag), multipartETag(bodies...))
		body := slices.Concat(bodies...)
		wantBytes(t, get(t, c, bucket, key), body)

		head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "size", aws.ToInt64(head.ContentLength), int64(len(body)))
		want(t, "Content-Type", aws.ToString(head.ContentType), "text/plain")
		want(t, "metadata", head.Metadata["is"], "kept")

		first, last := minPart-3, 2*minPart+4 // across all three parts
		ranged, err := c.GetObject(t.Context(), &s3.GetObjectInput{
			Bucket: &bucket, Key: &key, Range: aws.String(fmt.Sprintf("bytes=%d-%d", first, last)),
		})
		if err != nil {
			t.Fatal(err)
		}
		wantBytes(t, readAll(t, ranged.Body), body[first:last+1])

		second, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key, PartNumber: aws.Int32(2)})
		if err != nil {
			t.Fatal(err)
		}
		wantBytes(t, readAll(t, second.Body), bodies[1])
		want(t, "parts count", aws.ToInt32(second.PartsCount), 3)

		if _, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{
			Bucket: &bucket, Key: aws.String("copy"), CopySource: copySource(bucket, key),
		}); err != nil {
			t.Fatal(err)
		}
		put(t, c, bucket, key, []byte("replaced"))
		wantBytes(t, get(t, c, bucket, "copy"), body)
	})
}

func TestMultipartAbort(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	u := newUpload(t, c, bucket, "key")
	part := u.mustPart(1, randomBytes(100_000))
	if err := u.abort(); err != nil {
		t.Fatal(err)
	}
	_, err := u.part(2, nil)
	wantError(t, err, 404, "NoSuchUpload")
	_, err = u.complete(part)
	wantError(t, err, 404, "NoSuchUpload")
	wantError(t, u.abort(), 404, "NoSuchUpload")
	_, err = c.ListParts(t.Context(), &s3.ListPartsInput{Bucket: &bucket, Key: &u.key, UploadId: u.id})
	wantError(t, err, 404, "NoSuchUpload")
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("left behind: %q", keys)
	}
}

func TestMultipartMistakes(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	u := newUpload(t, c, bucket, "key")
	first, second := u.mustPart(1, randomBytes(minPart)), u.mustPart(2, randomBytes(minPart))
	small, last := u.mustPart(3, randomBytes(100)), u.mustPart(4, randomBytes(100))
	changed, absent := first, last
	changed.ETag = last.ETag
	absent.PartNumber = aws.Int32(5)
	for _, test := range []struct {
		code  string
		parts []types.CompletedPart
	}{
		{"EntityTooSmall", []types.CompletedPart{small, last}},
		{"InvalidPartOrder", []types.CompletedPart{second, first}},
		{"InvalidPartOrder", []types.CompletedPart{first, first}},
		{"InvalidPart", []types.CompletedPart{changed}},
		{"InvalidPart", []types.CompletedPart{first, absent}},
		{"MalformedXML", nil},
	} {
		_, err := u.complete(test.parts...)
		wantError(t, err, 400, test.code)
	}
	for _, number := range []int32{0, 10_001} {
		_, err := u.part(number, nil)
		wantError(t, err, 400, "InvalidArgument")
	}
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("left behind: %q", keys)
	}
	// None of that harmed the upload.
	if _, err := u.complete(first, small); err != nil {
		t.Fatal(err)
	}
	other := newUpload(t, c, bucket, "key")
	other.key = "another"
	_, err := other.part(1, nil)
	wantError(t, err, 404, "NoSuchUpload")
}

func TestListParts(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	u := newUpload(t, c, bucket, "key")
	numbers := []int32{1, 2, 5, 9, 10, 100, 9999}
	for _, number := range numbers {
		u.mustPart(number, make([]byte, number))
	}
	in := &s3.ListPartsInput{Bucket: &bucket, Key: &u.key, UploadId: u.id, MaxParts: aws.Int32(3)}
	var got []int32
	for pages := s3.NewListPartsPaginator(c, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Parts) > 3 {
			t.Errorf("a page of %d parts, want at most 3", len(page.Parts))
		}
		for _, part := range page.Parts {
			got = append(got, *part.PartNumber)
			want(t, "ETag", aws.ToString(part.ETag), quoted(hexMD5(make([]byte, *part.PartNumber))))
			want(t, "size", aws.ToInt64(part.Size), int64(*part.PartNumber))
		}
	}
	if !slices.Equal(got, numbers) {
		t.Errorf("got parts %v, want %v", got, numbers)
	}
}

func TestListUploads(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	keys := []string{"a", "a", "a", "b/1", "b/2", "c", "c/d"}
	ids := make(map[string]string)
	for _, key := range keys {
		ids[*newUpload(t, c, bucket, key).id] = key
	}
	in := &s3.ListMultipartUploadsInput{Bucket: &bucket, MaxUploads: aws.Int32(2)}
	var got []string
	for pages := s3.NewListMultipartUploadsPaginator(c, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, upload := range page.Uploads {
			got = append(got, *upload.Key)
			want(t, "key of the upload", ids[*upload.UploadId], *upload.Key)
			delete(ids, *upload.UploadId)
		}
	}
	if !slices.Equal(got, keys) || len(ids) > 0 {
		t.Errorf("got uploads of %q, want %q", got, keys)
	}
	out, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket, Delimiter: aws.String("/")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "number of uploads outside of folders", len(out.Uploads), 4)
	want(t, "number of folders", len(out.CommonPrefixes), 2)
	out, err = c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: aws.String("b/")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "number of uploads of b/", len(out.Uploads), 2)
}
