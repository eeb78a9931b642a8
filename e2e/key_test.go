package e2e

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// oddKeys are keys that routers, path cleaners, URL decoders or XML writers like to change.
var oddKeys = []string{
	"a", "a/b", "a/b/", "a//b", "/begins", "//begins", "ends/", "ends//", "/", "//", ".", "..", "./a", "../a", "a/..", "a/./b",
	"a/../b", "space in it", " begins with space", "ends with space ", "plus+plus", "per%cent", "%41", "%2F", "%00", "a?b=c",
	"a#b", "a&b", "a=b", "a;b", "a:b", "a,b", "a@b", "a$b", "a!b", "a'b", `a"b`, "a(b)", "a*b", "a[b]", "a{b}", "a|b", `a\b`,
	"a^b", "a`b", "a~b", "a<b>", "ü", "e\u0301", "日本語", "😀", "\uff5e", "\ufffd", "tab\there", "line\nbreak", "return\rhere",
	"control\x01here", "delete\x7fhere", "healthz", "_/", "acl", "uploads", strings.Repeat("k", 1024),
	strings.Repeat("ü", 512), strings.Repeat("/", 1024),
}

func TestOddKeys(t *testing.T) {
	t.Parallel()
	certs := newCertificates(t)
	hosted := startServer(t, options{env: []string{"BLEEPSTORE_SERVER_DOMAIN=" + domain}})
	hostedTLS := startServer(t, options{env: []string{"BLEEPSTORE_SERVER_DOMAIN=" + domain}, certs: certs})
	for name, c := range map[string]*s3.Client{
		"path style":          hosted.client(),
		"virtual hosted":      hosted.hostedClient(),
		"path style, TLS":     hostedTLS.client(),
		"virtual hosted, TLS": hostedTLS.hostedClient(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testOddKeys(t, c)
		})
	}
}

// hostedClient addresses buckets as BUCKET.domain.
func (s *server) hostedClient() *s3.Client {
	return s.client(func(o *s3.Options) {
		o.BaseEndpoint = aws.String(strings.Replace(s.endpoint, "127.0.0.1", domain, 1))
		o.UsePathStyle = false
	})
}

func testOddKeys(t *testing.T, c *s3.Client) {
	bucket := newBucket(t, c)
	for _, key := range oddKeys {
		put(t, c, bucket, key, []byte("content of "+key))
	}
	for _, key := range oddKeys {
		wantBytes(t, get(t, c, bucket, key), []byte("content of "+key))
	}
	sorted := slices.Sorted(slices.Values(oddKeys))
	if got := listEncoded(t, c, bucket); !slices.Equal(got, sorted) {
		t.Errorf("got keys\n%q, want\n%q", got, sorted)
	}
	for _, key := range oddKeys {
		_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{
			Bucket: &bucket, Key: aws.String("copy"), CopySource: copySource(bucket, key),
		})
		if err != nil {
			t.Errorf("copy from %q: %v", key, err)
			continue
		}
		wantBytes(t, get(t, c, bucket, "copy"), []byte("content of "+key))
	}
	// Some one by one and the others in one request, whose XML can't hold every key.
	together := []string{"copy"}
	for i, key := range oddKeys {
		if i%2 == 0 && !strings.Contains(key, "\x01") {
			together = append(together, key)
			continue
		}
		if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	out, err := deleteKeys(t, c, bucket, together, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range out.Errors {
		t.Errorf("delete %q: %s", aws.ToString(failure.Key), aws.ToString(failure.Code))
	}
	if left := listEncoded(t, c, bucket); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

// listEncoded lists all keys with encoding-type=url, which keys with control characters need.
func listEncoded(t testing.TB, c *s3.Client, bucket string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket, EncodingType: types.EncodingTypeUrl})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			key, err := url.QueryUnescape(*object.Key)
			if err != nil {
				t.Fatalf("key %q is not URL-encoded: %v", *object.Key, err)
			}
			keys = append(keys, key)
		}
	}
	return keys
}

func TestTooLongKeys(t *testing.T) {
	t.Parallel()
	c := startServer(t, options{}).client()
	bucket := newBucket(t, c)
	for _, key := range []string{strings.Repeat("k", 1025), strings.Repeat("ü", 512) + "k"} {
		_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key})
		wantError(t, err, 400, "KeyTooLongError")
		_, err = c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		wantError(t, err, 400, "KeyTooLongError")
	}
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("left behind: %d keys", len(keys))
	}
}
