package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// listed is what a list shows: keys, and common prefixes, which end with the delimiter.
type listed struct{ keys, prefixes []string }

// wantListed is the definition of a list: what comes after a key, begins with a prefix, and is folded at the first
// delimiter behind the prefix.
func wantListed(sorted []string, prefix, delimiter, after string) (l listed) {
	for _, key := range sorted {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || key <= after {
			continue
		}
		if head, _, found := strings.Cut(rest, delimiter); delimiter != "" && found {
			if common := prefix + head + delimiter; !slices.Contains(l.prefixes, common) {
				l.prefixes = append(l.prefixes, common)
			}
			continue
		}
		l.keys = append(l.keys, key)
	}
	return l
}

// lister reads a whole list, page by page.
type lister func(t *testing.T, c *s3.Client, bucket, prefix, delimiter, after string, pageSize int32) listed

func (l *listed) add(t *testing.T, objects []types.Object, prefixes []types.CommonPrefix, pageSize int32, more bool) {
	n := len(objects) + len(prefixes)
	if n > int(pageSize) || more && n < int(pageSize) {
		t.Errorf("a page of %d has %d entries, and more follow: %t", pageSize, n, more)
	}
	for _, object := range objects {
		l.keys = append(l.keys, *object.Key)
	}
	for _, prefix := range prefixes {
		l.prefixes = append(l.prefixes, *prefix.Prefix)
	}
}

func listV2(t *testing.T, c *s3.Client, bucket, prefix, delimiter, after string, pageSize int32) (l listed) {
	in := &s3.ListObjectsV2Input{
		Bucket: &bucket, Prefix: &prefix, Delimiter: &delimiter, StartAfter: &after, MaxKeys: &pageSize,
	}
	for {
		out, err := c.ListObjectsV2(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		more := aws.ToBool(out.IsTruncated)
		l.add(t, out.Contents, out.CommonPrefixes, pageSize, more)
		want(t, "KeyCount", int(aws.ToInt32(out.KeyCount)), len(out.Contents)+len(out.CommonPrefixes))
		if !more {
			return l
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

func listV1(t *testing.T, c *s3.Client, bucket, prefix, delimiter, after string, pageSize int32) (l listed) {
	in := &s3.ListObjectsInput{Bucket: &bucket, Prefix: &prefix, Delimiter: &delimiter, Marker: &after, MaxKeys: &pageSize}
	for {
		out, err := c.ListObjects(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		more := aws.ToBool(out.IsTruncated)
		l.add(t, out.Contents, out.CommonPrefixes, pageSize, more)
		if !more {
			return l
		}
		in.Marker = out.NextMarker
		if in.Marker == nil { // S3 sends it with a delimiter only; the last key serves otherwise
			in.Marker = out.Contents[len(out.Contents)-1].Key
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	keys := []string{
		"a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "a/b/c/d", "a//x", "a-1", "a-2", "a.b", "a0", "b", "b/1", "b/2", "b/3",
		"ba", "c/only", "d/1", "d/2", "z", "ü", "\uff5e", "😀", "😀/1", "😀/2", "\U0010ffff",
	}
	for _, key := range keys {
		put(t, c, bucket, key, nil)
	}
	slices.Sort(keys) // by bytes of UTF-8, as S3 does: U+FF5E before 😀, unlike in UTF-16

	for version, list := range map[string]lister{"v1": listV1, "v2": listV2} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			for _, test := range []struct{ prefix, delimiter, after string }{
				{"", "", ""},
				{"a", "", ""},
				{"a/", "", ""},
				{"nothing", "", ""},
				{"", "/", ""},
				{"a", "/", ""},
				{"a/", "/", ""},
				{"a/b", "/", ""},
				{"b/", "/", ""},
				{"", "b", ""},
				{"", "/b/", ""},
				{"😀", "/", ""},
				{"", "", "b"},
				{"", "", "b/2"},
				{"", "", "nothing here"},
				{"", "", "\U0010ffff"},
				{"b/", "", "a"},
				{"b/", "", "c"},
				{"", "/", "c"},
				{"a/", "/", "a/1"},
			} {
				for _, pageSize := range []int32{1, 2, 3, 1000} {
					got := list(t, c, bucket, test.prefix, test.delimiter, test.after, pageSize)
					expected := wantListed(keys, test.prefix, test.delimiter, test.after)
					if !slices.Equal(got.keys, expected.keys) || !slices.Equal(got.prefixes, expected.prefixes) {
						t.Errorf("prefix %q, delimiter %q, after %q, in pages of %d:\ngot  %q\nwant %q",
							test.prefix, test.delimiter, test.after, pageSize, got, expected)
					}
				}
			}
		})
	}
}

func TestListedObjects(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	etag := put(t, c, bucket, "key", []byte("body"))
	out, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, FetchOwner: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Contents) != 1 {
		t.Fatalf("%d objects, want 1", len(out.Contents))
	}
	object := out.Contents[0]
	want(t, "ETag", aws.ToString(object.ETag), etag)
	want(t, "size", aws.ToInt64(object.Size), 4)
	want(t, "storage class", object.StorageClass, "STANDARD")
	if object.Owner == nil || aws.ToString(object.Owner.ID) == "" {
		t.Error("fetch-owner shows no owner")
	}
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: object.Key})
	if err != nil {
		t.Fatal(err)
	}
	if listed, headed := *object.LastModified, *head.LastModified; listed.Unix() != headed.Unix() {
		t.Errorf("modified %s in the list, %s in the head", listed, headed)
	}
	out, err = c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	if out.Contents[0].Owner != nil {
		t.Error("version 2 shows an owner that was not asked for")
	}
}

func TestListLimits(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	const count = 1100
	var keys []string
	var group errgroup.Group
	group.SetLimit(32)
	for i := range count {
		key := fmt.Sprintf("key-%04d", i)
		keys = append(keys, key)
		group.Go(func() error {
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(nil)})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for maxKeys, wantKeys := range map[int32]int{0: 0, 1: 1, 1000: 1000, 5000: 1000} {
		out, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: &maxKeys})
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprintf("page of %d keys", maxKeys), len(out.Contents), wantKeys)
		want(t, fmt.Sprintf("page of %d keys is truncated", maxKeys), aws.ToBool(out.IsTruncated), maxKeys > 0)
	}
	_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: aws.Int32(-1)})
	wantError(t, err, 400, "InvalidArgument")

	_, err = deleteKeys(t, c, bucket, keys[:1001], false)
	wantError(t, err, 400, "MalformedXML")
	out, err := deleteKeys(t, c, bucket, keys[:1000], false)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "number of keys that were deleted", len(out.Deleted), 1000)
	if left := listKeys(t, c, bucket); !slices.Equal(left, keys[1000:]) {
		t.Errorf("left over: %q", left)
	}
}
