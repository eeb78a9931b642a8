package azblob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// proxied returns a new container, a proxy before it, and how it is opened through that.
func proxied(t *testing.T, account emulators.AzureAccount) (*Bucket, *buckettest.Proxy, Config) {
	t.Helper()
	config := newContainer(t, account)
	proxy := buckettest.NewProxy(t, strings.TrimSuffix(account.Endpoint, "/"+account.Account))
	config.Endpoint = proxy.URL + "/" + account.Account
	return mustOpen(t, config), proxy, config
}

// answer is a refusal as the service words it.
func answer(status int, code, message string) buckettest.Fault {
	body := `<?xml version="1.0" encoding="utf-8"?><Error><Code>` + code + `</Code><Message>` + message +
		"\nRequestId:1\nTime:2</Message></Error>"
	headers := []string{"Content-Type", "application/xml"}
	if code != "" {
		headers = append(headers, "x-ms-error-code", code)
	}
	return buckettest.Answer(status, body, headers...)
}

func content(seed byte, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed, 9}).Read(b) // never fails
	return b
}

// options are those of a blob.
var options = remote.Options{Metadata: map[string]string{"blob": "b1"}}

// calls are all requests that there are, of an object that is there.
func calls(b *Bucket, name string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Put": func(ctx context.Context) error { return b.Put(ctx, name, remote.NewContent(content(1, 1000)), options) },
		"Get": func(ctx context.Context) error {
			r, _, err := b.Get(ctx, name, "", 0, 10)
			if err == nil {
				err = r.Close()
			}
			return err
		},
		"Head": func(ctx context.Context) error {
			_, err := b.Head(ctx, name)
			return err
		},
		"Send": func(ctx context.Context) error {
			u, _ := b.Begin(ctx, name, options)
			return u.Send(ctx, 1, remote.NewContent(content(1, 1000)))
		},
		"Complete": func(ctx context.Context) error {
			u, _ := b.Begin(ctx, name, options)
			return u.Complete(ctx, 0)
		},
		"List": func(ctx context.Context) error {
			for _, err := range b.List(ctx, "", "", 10) {
				return err
			}
			return nil
		},
		"Check":    b.Check,
		"Delete":   func(ctx context.Context) error { return b.Delete(ctx, []string{name}) },
		"Delete 2": func(ctx context.Context) error { return b.Delete(ctx, []string{name, "another x"}) },
	}
}

func mustPut(t *testing.T, b *Bucket, name string, data []byte, options remote.Options) {
	t.Helper()
	if err := b.Put(t.Context(), name, remote.NewContent(data), options); err != nil {
		t.Fatal(err)
	}
}

func wantContent(t *testing.T, b *Bucket, name string, want []byte) {
	t.Helper()
	r, _, err := b.Get(t.Context(), name, "", 0, int64(len(want))+1)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s comes back as %d bytes, %v, want the %d that were put", name, len(got), err, len(want))
	}
}

func wantMissing(t *testing.T, b *Bucket, name string) {
	t.Helper()
	if info, err := b.Head(t.Context(), name); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("there is %s: %+v, %v", name, info, err)
	}
}

// What fails once is tried again; what fails always is an error of its kind, which says what to do.
func testRefused(t *testing.T, account emulators.AzureAccount) {
	_, proxy, config := proxied(t, account)
	tests := []struct {
		name   string
		fault  buckettest.Fault
		passes bool // when it is asked again
		kind   error
		want   string
	}{
		{"busy", answer(503, "ServerBusy", "Egress is over the account limit."), true, backends.ErrBusy, "ServerBusy"},
		{"too many requests", answer(429, "", ""), true, backends.ErrBusy, "429"},
		{"internal", answer(500, "InternalError", "Oh."), true, backends.ErrUnavailable, "500"},
		{"timed out", answer(500, "OperationTimedOut", "Oh."), true, backends.ErrUnavailable, "OperationTimedOut"},
		{"bad gateway", buckettest.Answer(502, "<html>\n\n<b>no</b>"), true, backends.ErrUnavailable, "502 Bad Gateway"},
		{"cut", buckettest.LoseRequest, true, backends.ErrUnavailable, "storage.azblob.endpoint"},
		{"signature", answer(403, "AuthenticationFailed", "Server failed."), false, backends.ErrUnavailable, "storage.azblob.key"},
		{"firewall", answer(403, "AuthorizationFailure", "No."), false, backends.ErrUnavailable, "firewall"},
		{"unknown 401", answer(401, "", ""), false, backends.ErrUnavailable, "storage.azblob.key"},
		{"no container", answer(404, "ContainerNotFound", "No."), false, backends.ErrUnavailable, "storage.azblob.container"},
		{"unknown 404", buckettest.Answer(404, "nginx"), false, backends.ErrUnavailable, "storage.azblob.endpoint"},
		{"archived", answer(409, "BlobArchived", "No."), false, backends.ErrUnavailable, "az storage blob set-tier"},
		{"immutable", answer(409, "BlobImmutableDueToPolicy", "No."), false, backends.ErrUnavailable, "immutability policy"},
		{"lease", answer(412, "LeaseIdMissing", "No."), false, backends.ErrUnavailable, "az storage blob lease break"},
		{"bad request", answer(400, "InvalidHeaderValue", "The words."), false, nil, "InvalidHeaderValue"},
	}
	for _, tt := range tests {
		b := mustOpen(t, config) // a client waits before it sends a body to a service that was busy once
		for call, do := range calls(b, "x") {
			proxy.Fail(nil, buckettest.Always, tt.fault)
			err := do(t.Context())
			if err == nil {
				t.Errorf("%s: %s: no error", tt.name, call)
				continue
			}
			for _, kind := range []error{backends.ErrBusy, backends.ErrUnavailable, backends.ErrNotFound, backends.ErrChanged} {
				if errors.Is(err, kind) != (kind == tt.kind) {
					t.Errorf("%s: %s: %v, want %v", tt.name, call, err, tt.kind)
				}
			}
			if s := err.Error(); !strings.Contains(s, tt.want) || strings.Contains(s, "\n") || strings.Contains(s, "RequestId") {
				t.Errorf("%s: %s: %q, want %q in a line", tt.name, call, s, tt.want)
			}
			if call != "Check" && call != "List" && !strings.Contains(err.Error(), "x") {
				t.Errorf("%s: %s: %q does not name the object", tt.name, call, err)
			}
			if !tt.passes || call == "Complete" {
				continue
			}
			proxy.Heal()
			mustPut(t, b, "x", content(1, 1000), options)
			proxy.Fail(nil, 2, tt.fault)
			if err := do(t.Context()); err != nil {
				t.Errorf("%s, twice: %s: %v", tt.name, call, err)
			}
		}
	}
}

// Nobody waits longer than he wants to for a service that does not answer.
func testHang(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	const patience = 300 * time.Millisecond
	backend := remote.New(b, remote.Config{Timeout: patience})
	id := backends.NewID()
	small, large := content(1, 3_000_000), content(2, 9<<20)
	if _, err := backend.Put(t.Context(), id, bytes.NewReader(small), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	for call, do := range map[string]func() error{
		"Put": func() error {
			_, err := backend.Put(t.Context(), backends.NewID(), bytes.NewReader(small[:1000]), backends.Label{})
			return err
		},
		"Get": func() error {
			_, err := backend.Get(t.Context(), id, 0, 10)
			return err
		},
		"Get of nothing": func() error {
			_, err := backend.Get(t.Context(), id, 0, 0)
			return err
		},
		"List": func() error {
			_, err := backend.List(t.Context(), "", 10)
			return err
		},
		"Delete": func() error { return backend.Delete(t.Context(), []backends.ID{id, backends.NewID()}) },
		"Check":  func() error { return backend.Check(t.Context()) },
	} {
		proxy.Fail(nil, buckettest.Always, proxy.Hang)
		begun := time.Now()
		if err := do(); !errors.Is(err, backends.ErrUnavailable) || time.Since(begun) > 20*patience {
			t.Errorf("%s: %v after %v, want ErrUnavailable after %v", call, err, time.Since(begun), patience)
		}
	}

	proxy.Fail(nil, buckettest.Always, proxy.Stall(1_000_000))
	r, err := backend.Get(t.Context(), id, 0, int64(len(small)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); !errors.Is(err, backends.ErrUnavailable) || !bytes.Equal(got, small[:len(got)]) {
		t.Errorf("an answer that does not go on: %d bytes, %v", len(got), err)
	}

	// Pieces take as long as their size lets them; a client that goes ends them.
	proxy.Fail(nil, buckettest.Always, proxy.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := backend.Put(ctx, backends.NewID(), bytes.NewReader(large), backends.Label{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Put in pieces: %v", err)
	}
}

// putPieces puts an object in pieces of 5 MiB, one after the other.
func putPieces(t *testing.T, b *Bucket, name string, data []byte, options remote.Options) error {
	t.Helper()
	u, err := b.Begin(t.Context(), name, options)
	if err != nil {
		t.Fatal(err)
	}
	for n, rest := 1, data; len(rest) > 0 && err == nil; n++ {
		size := min(5<<20, len(rest))
		err = u.Send(t.Context(), n, remote.NewContent(rest[:size]))
		rest = rest[size:]
	}
	if err != nil {
		return err
	}
	return u.Complete(t.Context(), int64(len(data)))
}

// An answer that is lost is no reason to fail, nor to store something twice.
func testLostAnswers(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	large := content(2, 6<<20)
	for _, options := range []remote.Options{options, {Replace: true}} {
		proxy.Fail(nil, 1, buckettest.LoseAnswer)
		mustPut(t, b, "small", content(1, 1000), options)
		wantContent(t, b, "small", content(1, 1000))
		for _, lost := range []string{"comp=block&", "comp=blocklist", "HEAD"} {
			proxy.Fail(func(r *http.Request) bool { return strings.Contains(r.Method+" "+r.URL.RawQuery+"&", lost) }, 1, buckettest.LoseAnswer)
			if err := putPieces(t, b, "large", large, options); err != nil {
				t.Errorf("lost answer to %s: %v", lost, err)
			}
			wantContent(t, b, "large", large)
			if err := b.Delete(t.Context(), []string{"large"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, names := range [][]string{{"small"}, {"small", "large"}} {
		mustPut(t, b, "small", content(1, 1000), remote.Options{Replace: true})
		proxy.Fail(nil, 1, buckettest.LoseAnswer)
		if err := b.Delete(t.Context(), names); err != nil {
			t.Errorf("delete %q: %v", names, err)
		}
		wantMissing(t, b, "small")
	}
}

// Without Replace, an object that is there stays as it is.
func testTaken(t *testing.T, account emulators.AzureAccount) {
	b, _, _ := proxied(t, account)
	small, large := content(1, 1000), content(2, 6<<20)
	mustPut(t, b, "small", small, options)
	if err := putPieces(t, b, "large", large, options); err != nil {
		t.Fatal(err)
	}
	if err := putPieces(t, b, "large", large, options); err != nil {
		t.Errorf("the same again: %v", err)
	}
	other := remote.Options{Metadata: map[string]string{"blob": "b2"}}
	for what, err := range map[string]error{
		"other bytes":              b.Put(t.Context(), "small", remote.NewContent(content(3, 1000)), options),
		"another size":             b.Put(t.Context(), "small", remote.NewContent(content(1, 999)), options),
		"another blob":             b.Put(t.Context(), "small", remote.NewContent(small), other),
		"in pieces, another size":  putPieces(t, b, "large", large[1:], options),
		"in pieces, another blob":  putPieces(t, b, "large", large, other),
		"in pieces, no known blob": putPieces(t, b, "large", large, remote.Options{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "another one of this name") {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantContent(t, b, "small", small)
	wantContent(t, b, "large", large)
}

// What the service gets is what was sent, or it is refused.
func testDamagedRequest(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	proxy.Fail(buckettest.Method("PUT"), buckettest.Always, buckettest.FlipRequest(500))
	for what, err := range map[string]error{
		"small":     b.Put(t.Context(), "x", remote.NewContent(content(1, 1000)), options),
		"in pieces": putPieces(t, b, "x", content(2, 6<<20), options),
	} {
		if err == nil || !strings.Contains(err.Error(), "damaged on its way") {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantMissing(t, b, "x")
}

// What the service sends is what comes, wherever it has a checksum.
func testDamagedAnswer(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	backend := remote.New(b, remote.Config{Timeout: time.Minute})
	data := content(1, 6<<20)
	id := backends.NewID()
	if _, err := backend.Put(t.Context(), id, bytes.NewReader(data), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	for _, r := range [][2]int64{{0, 6 << 20}, {0, 4 << 20}, {1000, 2000}, {6<<20 - 10, 10}} {
		proxy.Fail(buckettest.Method("GET"), 1, buckettest.FlipAnswer(5))
		body, err := backend.Get(t.Context(), id, r[0], r[1])
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		got, err := io.ReadAll(body)
		if !errors.Is(err, backends.ErrChanged) || int64(len(got)) >= r[1] {
			t.Errorf("%d bytes at %d: %d bytes, %v", r[1], r[0], len(got), err)
		}
	}
}

// A read whose connection is cut goes on where it was.
func testCutAnswer(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	backend := remote.New(b, remote.Config{Timeout: time.Minute})
	data := content(1, 6<<20)
	id := backends.NewID()
	if _, err := backend.Put(t.Context(), id, bytes.NewReader(data), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	proxy.Fail(buckettest.Method("GET"), 4, buckettest.Cut(1_000_000))
	r, err := backend.Get(t.Context(), id, 0, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if n := len(proxy.Requests()); n != 5 {
		t.Errorf("%d requests: %q", n, proxy.Requests())
	}

	proxy.Fail(buckettest.Method("GET"), buckettest.Always, buckettest.Cut(3))
	r, _, err = b.Get(t.Context(), "blobs/"+string(id[len(id)-2])+"/"+string(id), "", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); !errors.Is(err, backends.ErrUnavailable) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a read that is cut: %d bytes, %v", len(got), err)
	}
}

// An answer with other bytes than those that were asked for is none.
func testIgnoredRange(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	for _, fault := range []buckettest.Fault{
		buckettest.Answer(200, strings.Repeat("x", 100)),
		buckettest.Answer(206, "xxxxx", "Content-Range", "bytes 0-4/100"),
		buckettest.Answer(206, "xxxxx", "Content-Range", "bytes x-y/z"),
	} {
		proxy.Fail(nil, buckettest.Always, fault)
		if r, _, err := b.Get(t.Context(), "x", "", 10, 5); !errors.Is(err, backends.ErrUnavailable) {
			t.Errorf("%v, %v", r, err)
		}
	}
	proxy.Fail(nil, buckettest.Always, buckettest.Answer(206, "xxx", "Content-Range", "bytes 10-14/100"))
	r, _, err := b.Get(t.Context(), "x", "", 10, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an answer that is too short: %q, %v", got, err)
	}
}

// What was committed is removed if the service has another size of it.
func testWrongSize(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	proxy.Fail(buckettest.Method("HEAD"), 1, buckettest.Answer(200, "", "Content-Length", "5"))
	if err := putPieces(t, b, "x", content(1, 6<<20), options); err == nil || !strings.Contains(err.Error(), "has 5 bytes of it") {
		t.Errorf("%v", err)
	}
	proxy.Heal()
	wantMissing(t, b, "x")

	u, _ := b.Begin(t.Context(), "x", options)
	if err := u.Send(t.Context(), maxBlocks+1, remote.NewContent(nil)); err == nil {
		t.Error("more pieces than the service takes are no error")
	}
}

// A request that is answered before it was read is repeated as a whole.
func testEarlyAnswer(t *testing.T, account emulators.AzureAccount) {
	b, proxy, _ := proxied(t, account)
	early := func(w http.ResponseWriter, _ *http.Request, _ *httputil.ReverseProxy) {
		w.Header().Set("x-ms-error-code", "ServerBusy")
		w.WriteHeader(503)
	}
	proxy.Fail(buckettest.Method("PUT"), 3, early) // the fourth attempt is the last
	mustPut(t, b, "x", content(1, 7<<20), options)
	wantContent(t, b, "x", content(1, 7<<20))
	proxy.Fail(buckettest.Method("PUT"), 4, early)
	if err := b.Put(t.Context(), "y", remote.NewContent(content(2, 7<<20)), options); !errors.Is(err, backends.ErrBusy) {
		t.Errorf("put: %v", err)
	}
	wantMissing(t, b, "y")
}
