package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/backends/s3"
)

// proxied is an empty bucket in an emulator behind a proxy.
type proxied struct {
	*s3.Bucket
	*buckettest.Proxy
	direct *s3.Bucket // without the proxy
}

func newProxied(t *testing.T) proxied {
	t.Helper()
	c := emulated(t)
	create(t, c)
	direct := openClosed(t, c)
	p := buckettest.NewProxy(t, c.Endpoint)
	c.Endpoint = p.URL
	return proxied{openClosed(t, c), p, direct}
}

func openClosed(t *testing.T, c s3.Config) *s3.Bucket {
	t.Helper()
	b, err := s3.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// backend makes a backend of the bucket. It is not closed: the bucket is.
func (p proxied) backend(timeout time.Duration) *remote.Backend {
	return remote.New(p.Bucket, remote.Config{Timeout: timeout})
}

const patience = 30 * time.Second

// refusal answers with an error of S3.
func refusal(status int, code string, headers ...string) buckettest.Fault {
	return buckettest.Answer(status, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>"+code+"</Code><Message>So it is."+
		"</Message><RequestId>7</RequestId></Error>", append(headers, "Content-Type", "application/xml")...)
}

// operation tells which operation a request is.
func operation(r *http.Request) string {
	for _, name := range []string{"uploads", "partNumber", "uploadId", "list-type", "delete"} {
		if r.URL.Query().Has(name) {
			return r.Method + " " + name
		}
	}
	return r.Method
}

func only(o string) func(*http.Request) bool {
	return func(r *http.Request) bool { return operation(r) == o }
}

// firstOfEach matches the first request of each operation.
func firstOfEach() func(*http.Request) bool {
	var mu sync.Mutex
	seen := make(map[string]bool)
	return func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		o := operation(r)
		first := !seen[o]
		seen[o] = true
		return first
	}
}

func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{0: byte(size)}).Read(b) // never fails
	return b
}

// small and large are blobs that go in one request, and in three pieces.
var small, large = random(100_000), random(17 << 20)

func putBlob(t *testing.T, b *remote.Backend, data []byte) backends.ID {
	t.Helper()
	id := backends.NewID()
	if _, err := b.Put(t.Context(), id, bytes.NewReader(data), backends.Label{Bucket: "b", Key: "k"}); err != nil {
		t.Fatalf("Put of %d bytes: %v", len(data), err)
	}
	return id
}

func wantBlob(t *testing.T, b *remote.Backend, id backends.ID, want []byte) {
	t.Helper()
	r, err := b.Get(t.Context(), id, 0, int64(len(want)))
	if err != nil {
		t.Fatalf("Get of %d bytes: %v", len(want), err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("a blob of %d bytes comes back as %d, %v", len(want), len(got), err)
	}
}

// wantNone checks that nothing is stored.
func (p proxied) wantNone(t *testing.T) {
	t.Helper()
	for info, err := range p.direct.List(t.Context(), "", "", 10) {
		t.Errorf("there is %+v, %v", info, err)
	}
}

func wantError(t *testing.T, err, kind error, texts ...string) {
	t.Helper()
	if err == nil || kind != nil && !errors.Is(err, kind) {
		t.Fatalf("error %v, want one of %v", err, kind)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error is %q, want one about %q", err, text)
		}
	}
	t.Log(err)
}

// TestPassingFaults lets the first request of each operation fail in a way that may pass.
func TestPassingFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]buckettest.Fault{
		"throttled":       refusal(503, "SlowDown"),
		"internal error":  refusal(500, "InternalError"),
		"no XML":          buckettest.Answer(502, "<html>"),
		"request lost":    buckettest.LoseRequest,
		"answer lost":     buckettest.LoseAnswer,
		"answer cut":      buckettest.Cut(10),
		"request damaged": buckettest.FlipRequest(5),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxied(t)
			p.Fail(firstOfEach(), buckettest.Always, fault)
			b := p.backend(patience)
			first, second := putBlob(t, b, small), putBlob(t, b, large)
			wantBlob(t, b, first, small)
			wantBlob(t, b, second, large)
			if ids, err := b.List(t.Context(), "", 1000); err != nil || len(ids) != 2 {
				t.Errorf("List: %q, %v", ids, err)
			}
			if err := b.Files().Put(t.Context(), "some/file", bytes.NewReader(small)); err != nil {
				t.Error(err)
			}
			if err := b.Check(t.Context()); err != nil {
				t.Error(err)
			}
			if err := b.Delete(t.Context(), []backends.ID{first, second}); err != nil {
				t.Error(err)
			}
			if ids, err := b.List(t.Context(), "", 1000); err != nil || len(ids) != 0 {
				t.Errorf("List of nothing: %q, %v", ids, err)
			}
		})
	}
}

// TestLastingFaults lets all requests fail, and checks what errors these are, and that nothing is stored.
func TestLastingFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault buckettest.Fault
		want  error
		text  string
	}{
		"slow down":         {refusal(503, "SlowDown"), backends.ErrBusy, "fewer requests"},
		"too many requests": {buckettest.Answer(429, "<html>"), backends.ErrBusy, "fewer requests"},
		"unavailable":       {refusal(503, "ServiceUnavailable"), backends.ErrUnavailable, "ServiceUnavailable"},
		"bad gateway":       {buckettest.Answer(502, "<html>"), backends.ErrUnavailable, "502"},
		"lost":              {buckettest.LoseRequest, backends.ErrUnavailable, "storage.s3.endpoint"},
		"full":              {refusal(507, "XMinioStorageFull"), backends.ErrNoSpace, ""},
		"denied":            {refusal(403, "AccessDenied"), backends.ErrUnavailable, "access denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxied(t)
			kept := putBlob(t, p.backend(patience), small)
			p.Fail(func(r *http.Request) bool { return r.Method != http.MethodHead }, buckettest.Always, tt.fault)
			var calls sync.WaitGroup
			for _, call := range []func(*remote.Backend) error{
				func(b *remote.Backend) error {
					_, err := b.Put(t.Context(), backends.NewID(), bytes.NewReader(small), backends.Label{})
					return err
				},
				func(b *remote.Backend) error {
					_, err := b.Put(t.Context(), backends.NewID(), bytes.NewReader(large), backends.Label{})
					return err
				},
				func(b *remote.Backend) error {
					_, err := b.Get(t.Context(), kept, 0, 10)
					return err
				},
				func(b *remote.Backend) error {
					_, err := b.List(t.Context(), "", 10)
					return err
				},
				func(b *remote.Backend) error { return b.Delete(t.Context(), []backends.ID{kept}) },
			} {
				calls.Go(func() {
					if err := call(p.backend(patience)); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
						t.Errorf("error is %v, want %v about %q", err, tt.want, tt.text)
					}
				})
			}
			calls.Wait()
			p.Heal()
			b := p.backend(patience)
			wantBlob(t, b, kept, small)
			if err := b.Delete(t.Context(), []backends.ID{kept}); err != nil {
				t.Fatal(err)
			}
			p.wantNone(t)
		})
	}
}

// TestHang asks a service that does not answer.
func TestHang(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	kept := putBlob(t, p.backend(patience), large)
	b := p.backend(200 * time.Millisecond)
	p.Fail(nil, buckettest.Always, p.Hang)
	_, err := b.Put(t.Context(), backends.NewID(), bytes.NewReader(small), backends.Label{})
	wantError(t, err, backends.ErrUnavailable, "in time")
	_, err = b.Put(t.Context(), backends.NewID(), bytes.NewReader(large), backends.Label{})
	wantError(t, err, backends.ErrUnavailable, "in time")
	_, err = b.Get(t.Context(), kept, 0, 10)
	wantError(t, err, backends.ErrUnavailable, "in time")
	_, err = b.List(t.Context(), "", 10)
	wantError(t, err, backends.ErrUnavailable, "in time")
	wantError(t, b.Delete(t.Context(), []backends.ID{kept}), backends.ErrUnavailable, "in time")
	wantError(t, b.Check(t.Context()), backends.ErrUnavailable, "in time")

	p.Fail(buckettest.Method("GET"), buckettest.Always, p.Stall(1<<20))
	r, err := b.Get(t.Context(), kept, 0, int64(len(large)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	wantError(t, err, backends.ErrUnavailable, "in time")
}

// TestGoneClient ends the contexts of requests while the service has them.
func TestGoneClient(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	for _, data := range [][]byte{small, large} {
		arrived := make(chan struct{}, 10)
		p.Fail(func(r *http.Request) bool {
			found := operation(r) == "PUT" || operation(r) == "PUT partNumber"
			if found {
				arrived <- struct{}{}
			}
			return found
		}, buckettest.Always, p.Hang)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		_, err := p.backend(patience).Put(ctx, backends.NewID(), bytes.NewReader(data), backends.Label{})
		wantError(t, err, context.Canceled)
		p.Heal()
		p.wantNone(t)
	}
}

// TestCutReads cuts the answers to reads.
func TestCutReads(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	b := p.backend(patience)
	id := putBlob(t, b, large)
	p.Fail(buckettest.Method("GET"), 5, buckettest.Cut(1<<20))
	wantBlob(t, b, id, large)
	if n := len(p.Requests()); n != 6 {
		t.Errorf("%d requests for an answer that was cut 5 times", n)
	}
	p.Fail(buckettest.Method("GET"), buckettest.Always, buckettest.Cut(0))
	r, err := b.Get(t.Context(), id, 0, 1000)
	if err == nil {
		defer r.Close()
		_, err = io.ReadAll(r)
	}
	if err == nil {
		t.Error("a read whose answers are all cut has no error")
	}
}

// TestDamagedUpload changes what is sent on its way. The checksum covers it, and the signature does not.
func TestDamagedUpload(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			p := newProxied(t)
			if scheme == "https" {
				p = p.overTLS(t)
			}
			p.Fail(func(r *http.Request) bool {
				if r.Method == "PUT" && r.Header.Get("X-Amz-Content-Sha256") != "UNSIGNED-PAYLOAD" {
					t.Errorf("a body over %s has %q for its hash", scheme, r.Header.Get("X-Amz-Content-Sha256"))
				}
				return r.Method == "PUT"
			}, buckettest.Always, buckettest.FlipRequest(50_000))
			wantError(t, p.Put(t.Context(), "x", remote.NewContent(small), remote.Options{}), backends.ErrUnavailable)
			u, err := p.Begin(t.Context(), "y", remote.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, u.Send(t.Context(), 1, remote.NewContent(small)), backends.ErrUnavailable)
			p.Heal()
			p.wantNone(t)
			if err := u.Send(t.Context(), 1, remote.NewContent(small)); err != nil {
				t.Error(err)
			}
			if err := u.Complete(t.Context(), int64(len(small))); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUnechoedChecksums puts objects to a service that knows no checksums, and has not stored what it says.
func TestUnechoedChecksums(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	p.Fail(only("PUT"), 1, buckettest.Answer(200, "", "ETag", `"0"`))
	err := p.Put(t.Context(), "x", remote.NewContent(small), remote.Options{})
	wantError(t, err, backends.ErrUnavailable, "verify object x", "does not have it")

	if err := p.direct.Put(t.Context(), "x", remote.NewContent(small[1:]), remote.Options{}); err != nil {
		t.Fatal(err)
	}
	p.Fail(only("PUT"), 1, buckettest.Answer(200, "", "ETag", `"0"`))
	err = p.Put(t.Context(), "x", remote.NewContent(small), remote.Options{})
	wantError(t, err, backends.ErrUnavailable, "99999 bytes", "100000")

	p.Fail(only("PUT"), 1, buckettest.Answer(200, "", "ETag", `"0"`, "x-amz-checksum-crc32", "AAAAAA=="))
	err = p.Put(t.Context(), "x", remote.NewContent(small), remote.Options{})
	wantError(t, err, backends.ErrUnavailable, "CRC32 AAAAAA==")
}

// TestLostComplete completes uploads that are gone.
func TestLostComplete(t *testing.T) {
	t.Parallel()
	ours := map[string]string{"blob": "x"}
	begin := func(t *testing.T, p proxied, metadata map[string]string) remote.Upload {
		u, err := p.Begin(t.Context(), "x", remote.Options{Metadata: metadata})
		if err == nil {
			err = u.Send(t.Context(), 1, remote.NewContent(small))
		}
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	put := func(t *testing.T, p proxied, data []byte, metadata map[string]string) {
		if err := p.Put(t.Context(), "x", remote.NewContent(data), remote.Options{Metadata: metadata}); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		metadata map[string]string
		before   func(*testing.T, proxied)
		done     bool
	}{
		"done":           {metadata: ours, done: true, before: func(t *testing.T, p proxied) { put(t, p, small, ours) }},
		"none":           {metadata: ours, before: func(*testing.T, proxied) {}},
		"another size":   {metadata: ours, before: func(t *testing.T, p proxied) { put(t, p, small[1:], ours) }},
		"somebody's":     {metadata: ours, before: func(t *testing.T, p proxied) { put(t, p, small, map[string]string{"blob": "y"}) }},
		"not to be told": {before: func(t *testing.T, p proxied) { put(t, p, small, nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxied(t)
			u := begin(t, p, tt.metadata)
			tt.before(t, p)
			p.Fail(only("POST uploadId"), 1, refusal(404, "NoSuchUpload"))
			err := u.Complete(t.Context(), int64(len(small)))
			if tt.done && err != nil {
				t.Errorf("Complete: %v", err)
			} else if !tt.done {
				wantError(t, err, backends.ErrUnavailable, "the upload is gone")
			}
		})
	}
}

// TestErrorInside completes uploads whose answer is an error, though its status is 200.
func TestErrorInside(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	b := p.backend(patience)
	p.Fail(only("POST uploadId"), 1, refusal(200, "InternalError"))
	wantBlob(t, b, putBlob(t, b, large), large)

	p = newProxied(t)
	p.Fail(only("POST uploadId"), buckettest.Always, refusal(200, "InternalError"))
	_, err := p.backend(patience).Put(t.Context(), backends.NewID(), bytes.NewReader(large), backends.Label{})
	wantError(t, err, backends.ErrUnavailable, "complete object", "InternalError")
	p.wantNone(t)

	p.Fail(only("POST uploadId"), buckettest.Always, buckettest.Answer(200, ""))
	_, err = p.backend(patience).Put(t.Context(), backends.NewID(), bytes.NewReader(large), backends.Label{})
	wantError(t, err, backends.ErrUnavailable, "verify object")
	p.wantNone(t)
}

// TestDeletes lets deletes of many objects fail for some of them, or for all.
func TestDeletes(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	inside := func(code string) buckettest.Fault {
		return buckettest.Answer(200, "<DeleteResult><Error><Key>y</Key><Code>"+code+"</Code><Message>No.</Message></Error></DeleteResult>")
	}
	p.Fail(nil, 1, inside("AccessDenied"))
	wantError(t, p.Delete(t.Context(), []string{"x", "y"}), backends.ErrUnavailable, "object y", "s3:DeleteObject")
	p.Fail(nil, 1, inside("SlowDown"))
	wantError(t, p.Delete(t.Context(), []string{"x", "y"}), backends.ErrBusy, "object y")
	p.Fail(nil, 1, inside("NoSuchKey"))
	if err := p.Delete(t.Context(), []string{"x", "y"}); err != nil {
		t.Error(err)
	}

	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("object %d", i))
		if err := p.Put(t.Context(), names[i], remote.NewContent(nil), remote.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	sum := ""
	p.Fail(func(r *http.Request) bool {
		found := operation(r) == "POST delete"
		if found {
			sum = r.Header.Get("Content-Md5")
		}
		return found
	}, buckettest.Always, refusal(501, "NotImplemented"))
	if err := p.Delete(t.Context(), append(names, "never there")); err != nil {
		t.Error(err)
	}
	p.wantNone(t)
	if sum == "" {
		t.Error("deletes have no MD5, which some services want")
	}
}

// TestOddAnswers gets answers that are not what was asked for.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	p := newProxied(t)
	get := func(offset, length int64) (string, error) {
		r, _, err := p.Get(t.Context(), "x", "", offset, length)
		if err != nil {
			return "", err
		}
		defer r.Close()
		data, err := io.ReadAll(r)
		return string(data), err
	}
	p.Fail(nil, buckettest.Always, buckettest.Answer(200, "abcdef"))
	if got, err := get(0, 3); got != "abc" || err != nil {
		t.Errorf("without ranges: %q, %v", got, err)
	}
	_, err := get(1, 3)
	wantError(t, err, backends.ErrUnavailable, "ranges")
	p.Fail(nil, buckettest.Always, buckettest.Answer(206, "abc", "Content-Range", "bytes 0-2/6"))
	_, err = get(1, 3)
	wantError(t, err, backends.ErrUnavailable, "bytes 0-2/6")
	_, err = get(0, 4)
	wantError(t, err, io.ErrUnexpectedEOF)

	p.Fail(nil, buckettest.Always, buckettest.Answer(200, `<ListBucketResult><EncodingType>url</EncodingType><KeyCount>2</KeyCount>
		<Contents><Key>a%2Bb</Key></Contents><Contents><Key>a+b</Key></Contents></ListBucketResult>`))
	var names []string
	for info, err := range p.List(t.Context(), "a", "", 10) {
		if err != nil {
			wantError(t, err, backends.ErrUnavailable, `"a b" behind "a+b"`)
		}
		names = append(names, info.Name)
	}
	if len(names) != 2 || names[0] != "a+b" {
		t.Errorf("List: %q", names)
	}
}
