package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/gcs"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

func content(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

// large is an object in two pieces, of which the client makes two chunks.
var large = content(9 << 20)

func openBrisk(t *testing.T, c gcs.Config) *gcs.Bucket {
	t.Helper()
	bucket, err := gcs.OpenBrisk(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bucket.Close() })
	return bucket
}

// openBehind opens a new bucket behind a proxy.
func openBehind(t *testing.T, p *buckettest.Proxy) *gcs.Bucket {
	t.Helper()
	return openBrisk(t, newBucketBehind(t, p))
}

func newBucketBehind(t *testing.T, p *buckettest.Proxy) gcs.Config {
	t.Helper()
	c := newBucket(t, "project", "http://"+p.Host)
	c.Endpoint = p.URL
	return c
}

func upload(ctx context.Context, b remote.Bucket, name string, data []byte) error {
	u, err := b.Begin(ctx, name, remote.Options{})
	if err != nil {
		return err
	}
	n := 0
	for piece := range slices.Chunk(data, 5<<20) {
		n++
		if err := u.Send(ctx, n, remote.NewContent(piece)); err != nil {
			return errors.Join(err, u.Abort(ctx))
		}
	}
	if err := u.Complete(ctx, int64(len(data))); err != nil {
		return errors.Join(err, u.Abort(ctx))
	}
	return nil
}

func wantContent(t *testing.T, b remote.Bucket, name string, want []byte) {
	t.Helper()
	got, err := read(t.Context(), b, name, 0, int64(len(want)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q comes back as %d bytes, %v, want the %d that were put", name, len(got), err, len(want))
	}
}

func wantMissing(t *testing.T, b remote.Bucket, name string) {
	t.Helper()
	if info, err := b.Head(t.Context(), name); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Head %q: %+v, %v, want ErrNotFound", name, info, err)
	}
}

func read(ctx context.Context, b remote.Bucket, name string, offset, length int64) ([]byte, error) {
	r, _, err := b.Get(ctx, name, "", offset, length)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// operations are one call of each kind, in an order in which each finds what it needs.
var operations = []struct {
	name string
	call func(context.Context, remote.Bucket) error
}{
	{"Put", func(ctx context.Context, b remote.Bucket) error {
		return b.Put(ctx, "a", remote.NewContent(content(1000)), remote.Options{})
	}},
	{"Upload", func(ctx context.Context, b remote.Bucket) error { return upload(ctx, b, "large", large) }},
	{"Get", func(ctx context.Context, b remote.Bucket) error {
		got, err := read(ctx, b, "a", 0, 1000)
		if err == nil && !bytes.Equal(got, content(1000)) {
			err = fmt.Errorf("got %d bytes", len(got))
		}
		return err
	}},
	{"Head", func(ctx context.Context, b remote.Bucket) error {
		info, err := b.Head(ctx, "a")
		if err == nil && info.Size != 1000 {
			err = fmt.Errorf("got %+v", info)
		}
		return err
	}},
	{"List", func(ctx context.Context, b remote.Bucket) error {
		for info, err := range b.List(ctx, "a", "", 10) {
			if err != nil || info.Size != 1000 {
				return fmt.Errorf("got %+v, %w", info, err)
			}
		}
		return nil
	}},
	{"Check", func(ctx context.Context, b remote.Bucket) error { return b.Check(ctx) }},
	{"Delete", func(ctx context.Context, b remote.Bucket) error {
		if err := b.Delete(ctx, []string{"a"}); err != nil {
			return err
		}
		return b.Delete(ctx, []string{"large"})
	}},
}

func TestFaults(t *testing.T) {
	emulator := emulators.GCS(t)
	for name, test := range map[string]func(*testing.T, *buckettest.Proxy){
		"that pass":                       testPassing,
		"that stay":                       testLasting,
		"a bucket that is not there":      testNoBucket,
		"answers that are lost":           testLostAnswers,
		"answers that are cut":            testCut,
		"answers that are changed":        testChangedAnswers,
		"content that is changed":         testChangedContent,
		"no answer":                       testNoAnswer,
		"other content":                   testOtherContent,
		"uploads that are answered twice": testAnsweredTwice,
		"encoded content":                 testEncoded,
	} {
		t.Run(name, func(t *testing.T) {
			p := buckettest.NewProxy(t, emulator)
			_, p.Host, _ = strings.Cut(strings.TrimSuffix(emulator, "/storage/v1/"), "://")
			test(t, p)
		})
	}
}

func testPassing(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	for _, code := range []int{http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		for _, op := range operations {
			p.Fail(nil, 2, buckettest.Answer(code, "{}"))
			if err := op.call(t.Context(), b); err != nil {
				t.Errorf("%s, after %d twice: %v", op.name, code, err)
			}
		}
	}
	for _, op := range operations {
		p.Fail(nil, 2, buckettest.LoseRequest)
		if err := op.call(t.Context(), b); err != nil {
			t.Errorf("%s, after two lost requests: %v", op.name, err)
		}
	}
	// Also where an upload has begun.
	p.Fail(isChunk, 2, buckettest.Answer(http.StatusServiceUnavailable, "{}"))
	if err := upload(t.Context(), b, "large", large); err != nil {
		t.Errorf("Upload, after chunks failed: %v", err)
	}
	wantContent(t, b, "large", large)
}

// isChunk tells whether a request sends a chunk of an upload.
func isChunk(r *http.Request) bool { return r.URL.Query().Has("upload_id") }

// testLasting checks of which kind errors are and what they say, and that what will not pass is not repeated.
func testLasting(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	for _, tt := range []struct {
		code   int
		body   string
		kind   error
		repeat bool
		says   string
	}{
		{http.StatusTooManyRequests, "", backends.ErrBusy, true, "quota"},
		{http.StatusServiceUnavailable, "", backends.ErrUnavailable, true, "status.cloud.google.com"},
		{http.StatusUnauthorized, `{"error":{"code":401,"message":"Invalid Credentials"}}`, backends.ErrUnavailable, false, "storage.gcs.credentials_file"},
		{
			http.StatusForbidden, `{"error":{"code":403,"message":"me@x.iam.gserviceaccount.com does not have permission"}}`,
			backends.ErrUnavailable, false, "add-iam-policy-binding gs://",
		},
		{
			http.StatusBadRequest, `{"error":{"code":400,"message":"Bucket is a requester pays bucket but no user project provided."}}`,
			backends.ErrUnavailable, false, "requesters pay",
		},
	} {
		for _, op := range operations {
			p.Fail(nil, buckettest.Always, buckettest.Answer(tt.code, tt.body, "Content-Type", "application/json"))
			err := op.call(t.Context(), b)
			if !errors.Is(err, tt.kind) {
				t.Errorf("%s, after %d: %v, want %v", op.name, tt.code, err, tt.kind)
				continue
			}
			for _, want := range []string{tt.says, "in gs://bleepstore-test-"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v\ndoes not say %q", op.name, err, want)
				}
			}
			if n, want := len(p.Requests()), map[bool]int{false: 1, true: 3}[tt.repeat]; n != want {
				t.Errorf("%s: %d requests after %d, want %d", op.name, n, tt.code, want)
			}
		}
	}
}

func testNoBucket(t *testing.T, p *buckettest.Proxy) {
	b := openBrisk(t, gcs.Config{Bucket: "none", Endpoint: p.URL})
	for _, op := range operations {
		err := op.call(t.Context(), b)
		if !errors.Is(err, backends.ErrUnavailable) || errors.Is(err, backends.ErrNotFound) || !strings.Contains(err.Error(), "storage.gcs.bucket") {
			t.Errorf("%s: %v, want ErrUnavailable and the setting", op.name, err)
		}
	}
}

// testLostAnswers loses the answers to requests that were done.
func testLostAnswers(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		p.Fail(buckettest.Method(method), 1, buckettest.LoseAnswer)
		for _, op := range operations {
			if err := op.call(t.Context(), b); err != nil {
				t.Errorf("%s: %v", op.name, err)
			}
		}
	}
	p.Fail(buckettest.Method(http.MethodPost), 2, buckettest.LoseAnswer)
	put := operations[0]
	if err := put.call(t.Context(), b); err != nil {
		t.Errorf("%s: %v", put.name, err)
	}
	p.Heal()
	wantContent(t, b, "a", content(1000))
}

// testCut asks whether a read goes on where its connection was cut.
func testCut(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	data := content(3 << 20)
	if err := b.Put(t.Context(), "x", remote.NewContent(data), remote.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{0, 12345} {
		p.Fail(nil, buckettest.Always, buckettest.Cut(500_000))
		r, err := remote.Open(t.Context(), b, "x", "", from, int64(len(data))-from, time.Minute, func(remote.Info) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, data[from:]) || len(p.Requests()) < 6 {
			t.Errorf("from %d: %d bytes by %d requests, %v", from, len(got), len(p.Requests()), err)
		}
		r.Close()
	}
	// Where nothing comes any more, it ends.
	p.Fail(nil, 1, buckettest.Cut(500_000))
	r, err := remote.Open(t.Context(), b, "x", "", 0, int64(len(data)), time.Minute, func(remote.Info) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p.Fail(nil, buckettest.Always, buckettest.Answer(http.StatusServiceUnavailable, ""))
	if got, err := io.ReadAll(r); !errors.Is(err, backends.ErrUnavailable) || !bytes.Equal(got, data[:len(got)]) {
		t.Errorf("a read that cannot go on: %d bytes, %v, want ErrUnavailable", len(got), err)
	}
}

// testChangedAnswers asks whether bits that flip on their way are noticed, at the latest at the end.
func testChangedAnswers(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	data := content(300_000)
	if err := b.Put(t.Context(), "x", remote.NewContent(data), remote.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, 150_000, 299_999} {
		p.Fail(nil, 1, buckettest.FlipAnswer(at))
		if got, err := read(t.Context(), b, "x", 0, 300_000); !errors.Is(err, backends.ErrChanged) || len(got) == 300_000 {
			t.Errorf("byte %d: %d bytes, %v, want ErrChanged", at, len(got), err)
		}
		p.Fail(nil, 1, buckettest.FlipAnswer(at))
		r, err := remote.Open(t.Context(), b, "x", "", 0, 300_000, time.Minute, func(remote.Info) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); !errors.Is(err, backends.ErrChanged) || len(got) == 300_000 {
			t.Errorf("byte %d, by a reader that goes on: %d bytes, %v, want ErrChanged", at, len(got), err)
		}
		r.Close()
	}
}

// testChangedContent asks whether content that is changed on its way is refused, and nothing of it stays.
func testChangedContent(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	data := content(100_000)
	p.Fail(nil, 1, buckettest.FlipRequest(50_000))
	if err := b.Put(t.Context(), "small", remote.NewContent(data), remote.Options{}); err == nil {
		t.Error("Put has no error")
	}
	for _, at := range []int64{100, 8<<20 - 100} {
		p.Fail(isChunk, 1, buckettest.FlipRequest(at))
		if err := upload(t.Context(), b, "large", large); err == nil {
			t.Errorf("Upload has no error, with byte %d changed", at)
		}
	}
	p.Heal()
	wantMissing(t, b, "small")
	wantMissing(t, b, "large")
}

func testNoAnswer(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	p.Fail(nil, buckettest.Always, p.Hang)
	const limit = 100 * time.Millisecond
	for _, op := range operations {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		began := time.Now()
		err := op.call(ctx, b)
		cancel()
		if took := time.Since(began); !errors.Is(err, backends.ErrUnavailable) || took > 20*limit {
			t.Errorf("%s: %v after %v, want ErrUnavailable", op.name, err, took)
		}
	}
	backend := remote.New(b, remote.Config{Timeout: limit})
	id := backends.NewID()
	for name, call := range map[string]func() error{
		"Put": func() error {
			_, err := backend.Put(t.Context(), id, strings.NewReader("x"), backends.Label{})
			return err
		},
		"Get": func() error {
			_, err := backend.Get(t.Context(), id, 0, 1)
			return err
		},
		"List": func() error {
			_, err := backend.List(t.Context(), "", 10)
			return err
		},
		"Delete": func() error { return backend.Delete(t.Context(), []backends.ID{id}) },
		"Check":  func() error { return backend.Check(t.Context()) },
	} {
		began := time.Now()
		err := call()
		if took := time.Since(began); !errors.Is(err, backends.ErrUnavailable) || took > 20*limit {
			t.Errorf("%s of a backend: %v after %v, want ErrUnavailable", name, err, took)
		}
	}
}

// testOtherContent asks whether an object that is there stays as it is.
func testOtherContent(t *testing.T, p *buckettest.Proxy) {
	b := openBehind(t, p)
	was := content(999)
	if err := b.Put(t.Context(), "a", remote.NewContent(was), remote.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), "a", remote.NewContent(content(1000)), remote.Options{}); err == nil {
		t.Error("Put of other content has no error")
	}
	if err := upload(t.Context(), b, "a", large); err == nil {
		t.Error("an upload of other content has no error")
	}
	wantContent(t, b, "a", was)
}

// testEncoded reads an object that somebody else has stored with an encoding, as it is stored.
func testEncoded(t *testing.T, p *buckettest.Proxy) {
	c := newBucketBehind(t, p)
	b := openBrisk(t, c)
	data := content(300_000)
	w := newClient(t, p.URL).Bucket(c.Bucket).Object("x").NewWriter(t.Context())
	w.ObjectAttrs = storage.ObjectAttrs{Name: "x", ContentEncoding: "gzip", CacheControl: "private", ContentLanguage: "de"}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, b, "x", data)
	info, err := b.Head(t.Context(), "x")
	if h := info.Headers; err != nil || h.ContentEncoding != "gzip" || h.CacheControl != "private" || h.ContentLanguage != "de" {
		t.Errorf("Head: %+v, %v", info, err)
	}
	p.Fail(nil, 1, buckettest.Cut(100_000))
	r, err := remote.Open(t.Context(), b, "x", "", 0, 300_000, time.Minute, func(remote.Info) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err == nil && !bytes.Equal(got, data) {
		t.Errorf("a read that was cut gives %d bytes that are wrong", len(got))
	}
}
