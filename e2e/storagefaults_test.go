package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
)

// behindProxy is a server whose blobs are kept by another one of ours, which it reaches through a proxy.
type behindProxy struct {
	*server
	proxy    *buckettest.Proxy
	upstream ours
	env      []string
}

func startBehindProxy(t *testing.T, env ...string) *behindProxy {
	t.Helper()
	b := &behindProxy{upstream: startOurs(t)}
	b.proxy = buckettest.NewProxy(t, b.upstream.endpoint)
	dir := t.TempDir()
	b.env = slices.Concat(b.upstream.at(dir), []string{
		"BLEEPSTORE_STORAGE_S3_ENDPOINT=" + b.proxy.URL, "BLEEPSTORE_STORAGE_TIMEOUT=2s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s",
	}, env)
	b.server = startServer(t, options{dir: dir, env: b.env})
	return b
}

// blobs returns the keys of upstream's objects that are blobs.
func (b *behindProxy) blobs(t *testing.T) (keys []string) {
	t.Helper()
	pages := s3.NewListObjectsV2Paginator(b.upstream.client(), &s3.ListObjectsV2Input{Bucket: aws.String(storageBucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			if strings.Contains(*object.Key, "/blobs/") {
				keys = append(keys, *object.Key)
			}
		}
	}
	return keys
}

// blobOf returns the key of upstream's object that has the bytes of an object, found by what the blob is labelled with.
func (b *behindProxy) blobOf(t *testing.T, key string) string {
	t.Helper()
	for _, name := range b.blobs(t) {
		head, err := b.upstream.client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(storageBucket), Key: &name})
		if err != nil {
			t.Fatal(err)
		}
		if head.Metadata["key"] == key {
			return name
		}
	}
	t.Fatalf("no blob of %q", key)
	return ""
}

// putBlob puts an object in the place of a blob, as somebody does who has access to the bucket.
func (b *behindProxy) putBlob(t *testing.T, name string, body []byte, metadata map[string]string) {
	t.Helper()
	_, err := b.upstream.client().PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(storageBucket), Key: &name, Body: bytes.NewReader(body), Metadata: metadata,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantAway checks that an error says that the server cannot do it now, and that it can be tried again.
func wantAway(t *testing.T, what string, err error) {
	t.Helper()
	if answer, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err); !ok || answer.HTTPStatusCode() != http.StatusServiceUnavailable {
		t.Errorf("%s: %v, want status 503", what, err)
	}
}

func tryPut(t *testing.T, c *s3.Client, bucket, key string, body []byte) error {
	t.Helper()
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}

// tryGet reads all of an object. It returns what came before an error.
func tryGet(t *testing.T, c *s3.Client, bucket, key string) ([]byte, error) {
	t.Helper()
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// While the storage is away, hangs or asks for patience, requests for bytes are answered with 503 and all others as ever; the
// health page tells. Nothing that was not acknowledged is seen, then or later, and what it left is swept.
func TestStorageThatFails(t *testing.T) {
	t.Parallel()
	b := startBehindProxy(t, "BLEEPSTORE_LOGGING_LEVEL=debug")
	c := b.client()
	bucket := newBucket(t, c)
	small, large := randomBytes(5_000), randomBytes(20<<20)
	put(t, c, bucket, "small", small)
	put(t, c, bucket, "large", large)

	for name, fault := range map[string]buckettest.Fault{
		"away": buckettest.LoseRequest, "answers are lost": buckettest.LoseAnswer, "hangs": b.proxy.Hang,
		"throttled": buckettest.Answer(http.StatusServiceUnavailable, "<Error><Code>SlowDown</Code></Error>"),
		"forbidden": buckettest.Answer(http.StatusForbidden, "<Error><Code>ExpiredToken</Code></Error>"),
	} {
		b.proxy.Fail(nil, buckettest.Always, fault)
		_, err := tryGet(t, c, bucket, "small")
		wantAway(t, name+": get", err)
		wantAway(t, name+": put", tryPut(t, c, bucket, "new", small))
		if name != "hangs" { // where each of its pieces takes its time
			if err := tryPut(t, c, bucket, "new", large); err == nil { // often while the client still sends, and sees no status
				t.Errorf("%s: a large put has no error", name)
			}
		}
		if _, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("small")}); err != nil {
			t.Errorf("%s: head: %v", name, err)
		}
		if keys := listKeys(t, c, bucket); !slices.Equal(keys, []string{"large", "small"}) {
			t.Errorf("%s: there are %q", name, keys)
		}
	}
	eventually(t, "the health page says what is wrong", func() error {
		if page := b.page(t, "/health"); page.status != http.StatusServiceUnavailable || !strings.Contains(string(page.body), "blobs") {
			return fmt.Errorf("%d %s", page.status, page.body)
		}
		return nil
	})
	b.proxy.Heal()
	for key, want := range map[string][]byte{"small": small, "large": large} {
		if got := get(t, c, bucket, key); !bytes.Equal(got, want) {
			t.Errorf("%q comes back with %d bytes that differ", key, len(got))
		}
	}
	put(t, c, bucket, "new", small)
	b.stop(t)
	startSweeping(t, b.dir, b.env...)
	if n := len(b.blobs(t)); n != 3 {
		t.Errorf("there are %d blobs, want those of 3 objects", n)
	}
}

// Connections that are cut in the middle of an answer are gone on with; where the bytes are not those that were stored, no client
// gets all of what it was promised.
func TestStorageThatGarbles(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{"no cache": nil, "cache": {"BLEEPSTORE_STORAGE_CACHE_SIZE=64MiB"}} {
		t.Run(name, func(t *testing.T) { testStorageThatGarbles(t, startBehindProxy(t, env...)) })
	}
}

func testStorageThatGarbles(t *testing.T, b *behindProxy) {
	t.Helper()
	c := b.client()
	bucket := newBucket(t, c)
	bodies := map[string][]byte{"small": randomBytes(5_000), "large": randomBytes(3 << 20)}
	for key, body := range bodies {
		put(t, c, bucket, key, body)
	}
	for key, body := range bodies {
		b.proxy.Fail(buckettest.Method("GET"), buckettest.Always, buckettest.FlipAnswer(4_000))
		if got, err := tryGet(t, c, bucket, key); err == nil {
			t.Errorf("%s, with a bit flipped: %d bytes without an error", key, len(got))
		}
		b.proxy.Fail(buckettest.Method("PUT"), buckettest.Always, buckettest.FlipRequest(4_000))
		if err := tryPut(t, c, bucket, "new", body); err == nil {
			t.Errorf("%s was put with a bit flipped", key)
		}
		b.proxy.Heal()
		b.proxy.Fail(buckettest.Method("GET"), 1, buckettest.Cut(4_000))
		if got, err := tryGet(t, c, bucket, key); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s, cut once: %d bytes, %v", key, len(got), err)
		}
	}
	if keys := listKeys(t, c, bucket); !slices.Equal(keys, []string{"large", "small"}) {
		t.Errorf("there are %q", keys)
	}
}

// What was changed or deleted in the bucket behind our back is an error whose entry in the log names the blob, also where a range
// is asked for, and never other bytes.
func TestChangedBehindOurBack(t *testing.T) {
	t.Parallel()
	b := startBehindProxy(t)
	c := b.client()
	bucket := newBucket(t, c)
	body := randomBytes(300_000)
	for _, key := range []string{"deleted", "replaced", "shortened", "touched"} {
		put(t, c, bucket, key, body)
	}
	name := b.blobOf(t, "deleted")
	if _, err := b.upstream.client().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(storageBucket), Key: &name}); err != nil {
		t.Fatal(err)
	}
	b.putBlob(t, b.blobOf(t, "replaced"), randomBytes(len(body)), nil)
	name = b.blobOf(t, "shortened")
	b.putBlob(t, name, body[:200_000], map[string]string{"blob": name[strings.LastIndexByte(name, '/')+1:]})
	touched := b.blobOf(t, "touched")
	b.putBlob(t, touched, slices.Concat(body[:299_999], []byte{body[299_999] ^ 1}), map[string]string{"blob": touched[strings.LastIndexByte(touched, '/')+1:]})

	for _, key := range []string{"deleted", "replaced", "shortened"} {
		_, err := tryGet(t, c, bucket, key)
		wantError(t, err, http.StatusInternalServerError, "InternalError")
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: aws.String("bytes=250000-250009")})
		wantError(t, err, http.StatusInternalServerError, "InternalError")
	}
	if got, err := tryGet(t, c, bucket, "touched"); err == nil || len(got) == len(body) {
		t.Errorf("with its last byte changed: %d bytes, %v", len(got), err)
	}
	wantContains(t, b.log.tail(), touched[strings.LastIndexByte(touched, '/')+1:], "not the one that was stored", "not found")
}

// A client that goes away in the middle leaves nothing, neither an object nor an upload.
func TestClientThatGoesAway(t *testing.T) {
	t.Parallel()
	b := startBehindProxy(t)
	c := b.client()
	bucket := newBucket(t, c)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var sent int
	body := io.NewSectionReader(readerAt(func(p []byte, offset int64) {
		if sent = max(sent, int(offset)); sent > 12<<20 {
			leave()
		}
	}), 0, 64<<20)
	_, err := c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("x"), Body: body, ContentLength: aws.Int64(64 << 20), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("put: %v", err)
	}
	eventually(t, "nothing is left", func() error {
		uploads, err := b.upstream.client().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(storageBucket)})
		if err != nil {
			t.Fatal(err)
		}
		if blobs := b.blobs(t); len(uploads.Uploads)+len(blobs) > 0 {
			return fmt.Errorf("%d uploads, %d blobs", len(uploads.Uploads), len(blobs))
		}
		return nil
	})
	if keys := listKeys(t, c, bucket); len(keys) > 0 {
		t.Errorf("there is %q", keys)
	}
}

// readerAt is told what is read of zeros.
type readerAt func(p []byte, offset int64)

func (r readerAt) ReadAt(p []byte, offset int64) (int, error) {
	r(p, offset)
	clear(p)
	return len(p), nil
}

// A warm cache answers without the storage.
func TestCacheOfStorage(t *testing.T) {
	t.Parallel()
	b := startBehindProxy(t, "BLEEPSTORE_STORAGE_CACHE_SIZE=64MiB")
	c := b.client()
	bucket := newBucket(t, c)
	bodies := map[string][]byte{"small": randomBytes(5_000), "large": randomBytes(3 << 20)}
	for key, body := range bodies {
		put(t, c, bucket, key, body)
		get(t, c, bucket, key)
	}
	b.proxy.Fail(nil, buckettest.Always, buckettest.LoseRequest)
	for key, body := range bodies {
		if got, err := tryGet(t, c, bucket, key); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: %d bytes, %v", key, len(got), err)
		}
	}
	b.proxy.Heal()
	b.stop(t)
	again := startServer(t, options{dir: b.dir, env: b.env})
	b.proxy.Fail(nil, buckettest.Always, buckettest.LoseRequest)
	for key, body := range bodies {
		if got, err := tryGet(t, again.client(), bucket, key); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s, after a restart: %d bytes, %v", key, len(got), err)
		}
	}
}

// Commands that read all blobs take them from the storage, and leave the cache as it is: what it has is neither what they check
// nor pushed out by what nobody will read again.
func TestAllBlobsPassByTheCache(t *testing.T) {
	t.Parallel()
	b := startBehindProxy(t, "BLEEPSTORE_STORAGE_CACHE_SIZE=64MiB")
	c := b.client()
	bucket := newBucket(t, c)
	body := randomBytes(300_000)
	for _, key := range []string{"cached", "other"} {
		put(t, c, bucket, key, body)
	}
	get(t, c, bucket, "cached")
	state := acknowledgedState{dir: b.dir, env: b.env}
	wantContains(t, state.mustRun(t, "scrub"), "2 blobs with 600000 bytes were read; 0 are damaged")
	state.mustRun(t, "backup", filepath.Join(t.TempDir(), "backup"))
	state.mustRun(t, "export", filepath.Join(t.TempDir(), "export"))

	b.proxy.Fail(nil, buckettest.Always, buckettest.LoseRequest)
	wantBytes(t, get(t, c, bucket, "cached"), body)
	if _, err := tryGet(t, c, bucket, "other"); err == nil {
		t.Error("the cache has what only commands have read")
	}
	out, err := state.run(t, "scrub")
	if err == nil {
		t.Error("a scrub of storage that is away finds nothing wrong")
	}
	wantContains(t, out, "which cannot be read now", "0 are damaged")
	b.proxy.Heal()

	name := b.blobOf(t, "cached")
	b.putBlob(t, name, slices.Concat(body[1:], body[:1]), map[string]string{"blob": name[strings.LastIndexByte(name, '/')+1:]})
	out, err = state.run(t, "scrub")
	if err == nil {
		t.Error("what is damaged in the storage is in the cache, and not found")
	}
	wantContains(t, out, `object "cached"`, "is damaged", "1 are damaged")
}

// A storage that cannot be used, or is another server's, ends the start, with what to do.
func TestStorageThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	b := startBehindProxy(t)
	for name, test := range map[string]struct {
		env  []string
		want []string
	}{
		"no bucket":      {[]string{"BLEEPSTORE_STORAGE_S3_BUCKET=nowhere"}, []string{"nowhere", "storage.s3.bucket"}},
		"wrong secret":   {[]string{"BLEEPSTORE_STORAGE_S3_SECRET_KEY=wrong-secret"}, []string{"storage.s3.secret_key"}},
		"nobody there":   {[]string{"BLEEPSTORE_STORAGE_S3_ENDPOINT=http://127.0.0.1:9"}, []string{"storage.s3.endpoint"}},
		"another server": {nil, []string{"the storage has blobs of another log", "import --from-blobs"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := launch(t, options{env: slices.Concat(b.env, test.env)})
			select {
			case <-s.exited:
			case <-time.After(patience):
				t.Fatal("the server goes on")
			}
			wantContains(t, s.log.tail(), test.want...)
		})
	}
}
