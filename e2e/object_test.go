package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Around the sizes at which the server, or a client's chunking, may change its ways.
func TestObjectsOfAllSizes(t *testing.T) {
	t.Parallel()
	onHTTPAndTLS(t, func(t *testing.T, s *server) {
		c := s.client()
		bucket := newBucket(t, c)
		sizes := []int{0, 1, 4 << 10, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 9<<20 + 5}
		bodies := make(map[string][]byte)
		for _, size := range sizes {
			key := fmt.Sprintf("%010d", size)
			body := randomBytes(size)
			bodies[key] = body
			want(t, "ETag of "+key, put(t, c, bucket, key, body), quoted(hexMD5(body)))
		}
		for key, body := range bodies {
			wantBytes(t, get(t, c, bucket, key), body)
			head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			want(t, "size of "+key, aws.ToInt64(head.ContentLength), int64(len(body)))
		}
	})
}

func TestOverwriteAndDelete(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "key"
	in := &s3.GetObjectInput{Bucket: &bucket, Key: &key}
	first, second := randomBytes(100_000), randomBytes(10)

	put(t, c, bucket, key, first)
	reading, err := c.GetObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	put(t, c, bucket, key, second)
	wantBytes(t, get(t, c, bucket, key), second)
	wantBytes(t, readAll(t, reading.Body), first) // a read that has begun is not disturbed

	for range 2 { // deleting what is gone succeeds, too
		if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
		_, err = c.GetObject(t.Context(), in)
		wantError(t, err, 404, "NoSuchKey")
		_, err = c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		wantError(t, err, 404, "")
	}
	put(t, c, bucket, key, first)
	wantBytes(t, get(t, c, bucket, key), first)
}

func deleteKeys(t testing.TB, c *s3.Client, bucket string, keys []string, quiet bool) (*s3.DeleteObjectsOutput, error) {
	t.Helper()
	deletion := &types.Delete{Quiet: &quiet}
	for _, key := range keys {
		deletion.Objects = append(deletion.Objects, types.ObjectIdentifier{Key: &key})
	}
	return c.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: &bucket, Delete: deletion})
}

func TestDeleteObjects(t *testing.T) {
	t.Parallel()
	onHTTPAndTLS(t, func(t *testing.T, s *server) {
		c := s.client()
		bucket := newBucket(t, c)
		for _, quiet := range []bool{false, true} {
			put(t, c, bucket, "a", nil)
			put(t, c, bucket, "b", nil)
			out, err := deleteKeys(t, c, bucket, []string{"a", "missing", "a"}, quiet)
			if err != nil {
				t.Fatal(err)
			}
			var deleted []string
			for _, entry := range out.Deleted {
				deleted = append(deleted, *entry.Key)
			}
			slices.Sort(deleted)
			if quiet {
				want(t, "number of entries in a quiet answer", len(deleted), 0)
			} else if !slices.Equal(slices.Compact(deleted), []string{"a", "missing"}) {
				t.Errorf("deleted %q, want a and missing", deleted)
			}
			want(t, "number of errors", len(out.Errors), 0)
			if left := listKeys(t, c, bucket); !slices.Equal(left, []string{"b"}) {
				t.Errorf("left over: %q, want b", left)
			}
		}
	})
}

func TestAttributesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	onHTTPAndTLS(t, func(t *testing.T, s *server) {
		c := s.client()
		bucket, key := newBucket(t, c), "key"
		metadata := map[string]string{"mixed-case": "Value with  two spaces", "empty": "", "utf8": "=?UTF-8?Q?=C3=BC?="}
		before := time.Now().Truncate(time.Second)
		expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte("body")),
			CacheControl:       aws.String("max-age=60"),
			ContentDisposition: aws.String(`attachment; filename="a b.txt"`),
			ContentEncoding:    aws.String("gzip"), // over TLS, aws-chunked stands beside it, and must go
			ContentLanguage:    aws.String("de, en"),
			ContentType:        aws.String("text/plain; charset=utf-8"),
			Expires:            &expires,
			Metadata:           metadata,
			Tagging:            aws.String("a=1&b=2%203"),
		})
		if err != nil {
			t.Fatal(err)
		}
		head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "Cache-Control", aws.ToString(head.CacheControl), "max-age=60")
		want(t, "Content-Disposition", aws.ToString(head.ContentDisposition), `attachment; filename="a b.txt"`)
		want(t, "Content-Encoding", aws.ToString(head.ContentEncoding), "gzip")
		want(t, "Content-Language", aws.ToString(head.ContentLanguage), "de, en")
		want(t, "Content-Type", aws.ToString(head.ContentType), "text/plain; charset=utf-8")
		want(t, "Expires", aws.ToString(head.ExpiresString), "Wed, 02 Jan 2030 03:04:05 GMT")
		want(t, "Accept-Ranges", aws.ToString(head.AcceptRanges), "bytes")
		if !maps.Equal(head.Metadata, metadata) {
			t.Errorf("metadata is %q, want %q", head.Metadata, metadata)
		}
		if modified := aws.ToTime(head.LastModified); modified.Before(before) || modified.After(time.Now()) {
			t.Errorf("last modified %s, want a time since %s", modified, before)
		}
		got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		wantBytes(t, readAll(t, got.Body), []byte("body"))
		want(t, "number of tags", aws.ToInt32(got.TagCount), 2)
	})
}

func TestDefaultContentType(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	answer := s.do(t, request{method: "PUT", path: "/" + bucket + "/key", body: []byte("body")})
	want(t, "status of the put", answer.status, 200)
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("key")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "Content-Type", aws.ToString(head.ContentType), "binary/octet-stream")
	want(t, "Content-Encoding", aws.ToString(head.ContentEncoding), "")
}

func TestResponseOverrides(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "key"
	put(t, c, bucket, key, []byte("body"))
	expires := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: &bucket, Key: &key,
		ResponseCacheControl:       aws.String("no-store"),
		ResponseContentDisposition: aws.String("inline"),
		ResponseContentEncoding:    aws.String("br"),
		ResponseContentLanguage:    aws.String("fr"),
		ResponseContentType:        aws.String("text/csv"),
		ResponseExpires:            &expires,
	})
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, readAll(t, out.Body), []byte("body"))
	want(t, "Cache-Control", aws.ToString(out.CacheControl), "no-store")
	want(t, "Content-Disposition", aws.ToString(out.ContentDisposition), "inline")
	want(t, "Content-Encoding", aws.ToString(out.ContentEncoding), "br")
	want(t, "Content-Language", aws.ToString(out.ContentLanguage), "fr")
	want(t, "Content-Type", aws.ToString(out.ContentType), "text/csv")
	want(t, "Expires", aws.ToString(out.ExpiresString), "Mon, 03 Feb 2031 04:05:06 GMT")
}
