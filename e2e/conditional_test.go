package e2e

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"
)

func TestConditionalReads(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "key"
	etag := put(t, c, bucket, key, []byte("body"))
	other, star := aws.String(`"other"`), aws.String("*")
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for name, test := range map[string]struct {
		in     s3.GetObjectInput
		status int
	}{
		"if-match":                        {s3.GetObjectInput{IfMatch: &etag}, 200},
		"if-match, star":                  {s3.GetObjectInput{IfMatch: star}, 200},
		"if-match, one of many":           {s3.GetObjectInput{IfMatch: aws.String(`"other", ` + etag)}, 200},
		"if-match, other":                 {s3.GetObjectInput{IfMatch: other}, 412},
		"if-none-match":                   {s3.GetObjectInput{IfNoneMatch: &etag}, 304},
		"if-none-match, star":             {s3.GetObjectInput{IfNoneMatch: star}, 304},
		"if-none-match, other":            {s3.GetObjectInput{IfNoneMatch: other}, 200},
		"if-modified-since, past":         {s3.GetObjectInput{IfModifiedSince: &past}, 200},
		"if-unmodified-since, past":       {s3.GetObjectInput{IfUnmodifiedSince: &past}, 412},
		"if-unmodified-since, future":     {s3.GetObjectInput{IfUnmodifiedSince: &future}, 200},
		"if-match beats date":             {s3.GetObjectInput{IfMatch: &etag, IfUnmodifiedSince: &past}, 200},
		"if-none-match beats date":        {s3.GetObjectInput{IfNoneMatch: &etag, IfModifiedSince: &past}, 304},
		"if-none-match, other beats date": {s3.GetObjectInput{IfNoneMatch: other, IfModifiedSince: &future}, 200},
		"if-match, then if-none-match":    {s3.GetObjectInput{IfMatch: other, IfNoneMatch: &etag}, 412},
	} {
		t.Run(name, func(t *testing.T) {
			test.in.Bucket, test.in.Key = &bucket, &key
			out, err := c.GetObject(t.Context(), &test.in)
			_, headErr := c.HeadObject(t.Context(), &s3.HeadObjectInput{
				Bucket: &bucket, Key: &key, IfMatch: test.in.IfMatch, IfNoneMatch: test.in.IfNoneMatch,
				IfModifiedSince: test.in.IfModifiedSince, IfUnmodifiedSince: test.in.IfUnmodifiedSince,
			})
			switch test.status {
			case 200:
				if err != nil || headErr != nil {
					t.Fatalf("get: %v, head: %v", err, headErr)
				}
				wantBytes(t, readAll(t, out.Body), []byte("body"))
			case 304:
				wantError(t, err, 304, "")
				wantError(t, headErr, 304, "")
			case 412:
				wantError(t, err, 412, "PreconditionFailed")
				wantError(t, headErr, 412, "")
			}
		})
	}
}

// Dates in headers have no fractions of a second, so an object must not count as modified since its own Last-Modified.
func TestNotModifiedSinceLastModified(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "key"
	put(t, c, bucket, key, []byte("body"))
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key, IfModifiedSince: head.LastModified})
	wantError(t, err, 304, "")
	_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key, IfUnmodifiedSince: head.LastModified})
	if err != nil {
		t.Error(err)
	}
}

func TestConditionalWrites(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "key"
	write := func(ifMatch, ifNoneMatch *string) (string, error) {
		out, err := c.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: bytes.NewReader(randomBytes(10)), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch,
		})
		if err != nil {
			return "", err
		}
		return *out.ETag, nil
	}
	absent := aws.String("*")
	_, err := write(aws.String(`"other"`), nil)
	wantError(t, err, 404, "NoSuchKey")
	first, err := write(nil, absent)
	if err != nil {
		t.Fatal(err)
	}
	_, err = write(nil, absent)
	wantError(t, err, 412, "PreconditionFailed")
	second, err := write(&first, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = write(&first, nil)
	wantError(t, err, 412, "PreconditionFailed")
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "ETag", aws.ToString(head.ETag), second)
}

// racers is how many clients race for one key.
const racers = 64

// Of many who want to create one key, exactly one does, whatever they do it by.
func TestConditionalWriteRace(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "source", randomBytes(10))
	absent := aws.String("*")
	for name, create := range map[string]func(key string) error{
		"put": func(key string) error {
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: &bucket, Key: &key, Body: bytes.NewReader(randomBytes(10)), IfNoneMatch: absent,
			})
			return err
		},
		"copy": func(key string) error {
			_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{
				Bucket: &bucket, Key: &key, CopySource: aws.String(bucket + "/source"), IfNoneMatch: absent,
			})
			return err
		},
		"multipart": func(key string) error {
			begun, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
			if err != nil {
				return err
			}
			part, err := (&upload{t, c, bucket, key, begun.UploadId}).part(1, randomBytes(10))
			if err != nil {
				return err
			}
			_, err = c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
				Bucket: &bucket, Key: &key, UploadId: begun.UploadId, IfNoneMatch: absent,
				MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{part}},
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var created atomic.Int32
			var group errgroup.Group
			for range racers {
				group.Go(func() error {
					if err := create(name); err == nil {
						created.Add(1)
					} else {
						wantError(t, err, 412, "PreconditionFailed")
					}
					return nil
				})
			}
			_ = group.Wait() // wantError has told
			want(t, "number of writers that created the key", created.Load(), 1)
		})
	}
}

// A counter that many raise, each by replacing exactly what it has read, misses nobody.
func TestCompareAndSwapRace(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "counter"
	put(t, c, bucket, key, []byte("0"))
	raise := func() error {
		for {
			out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			if err != nil {
				return err
			}
			text, err := io.ReadAll(out.Body)
			out.Body.Close()
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(string(text))
			if err != nil {
				return err
			}
			_, err = c.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: &bucket, Key: &key, Body: strings.NewReader(strconv.Itoa(n + 1)), IfMatch: out.ETag,
			})
			if failed, ok := errors.AsType[smithy.APIError](err); !ok || failed.ErrorCode() != "PreconditionFailed" {
				return err
			}
		}
	}
	var group errgroup.Group
	for range racers {
		group.Go(raise)
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	want(t, "the counter", string(get(t, c, bucket, key)), strconv.Itoa(racers))
}

// Of many who delete what they have read, one deletes it.
func TestConditionalDeleteRace(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket, key := newBucket(t, c), "key"
	etag := put(t, c, bucket, key, randomBytes(10))
	var deleted atomic.Int32
	var group errgroup.Group
	for range racers {
		group.Go(func() error {
			_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, IfMatch: &etag})
			if err == nil {
				deleted.Add(1)
			} else {
				wantError(t, err, 404, "NoSuchKey")
			}
			return nil
		})
	}
	_ = group.Wait() // wantError has told
	want(t, "number of clients that deleted the object", deleted.Load(), 1)
}
