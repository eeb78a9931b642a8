package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// http2 is a client of HTTP/2 that counts its connections. It fails the test if it is answered with another version.
type http2 struct {
	t         testing.TB
	transport *http.Transport
	dialed    atomic.Int64
}

func newHTTP2(t testing.TB, s *server) *http2 {
	h := &http2{t: t, transport: s.transport()}
	h.transport.ForceAttemptHTTP2 = true
	h.transport.ExpectContinueTimeout = patience
	dial := h.transport.DialContext
	h.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		h.dialed.Add(1)
		return dial(ctx, network, address)
	}
	t.Cleanup(h.transport.CloseIdleConnections)
	return h
}

func (h *http2) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := h.transport.RoundTrip(r)
	if err == nil && answer.ProtoMajor != 2 {
		h.t.Errorf("%s %s is answered with %s", r.Method, r.URL, answer.Proto)
	}
	return answer, err
}

func (h *http2) client(s *server) *s3.Client {
	return s.client(func(o *s3.Options) { o.HTTPClient = &http.Client{Transport: h} })
}

// refusedBody is a body that must not be asked for.
type refusedBody struct{ t testing.TB }

func (b refusedBody) Read([]byte) (int, error) {
	b.t.Error("a body is sent that is not wanted")
	return 0, io.EOF
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{certs: newCertificates(t)})
	h := newHTTP2(t, s)
	c := h.client(s)
	bucket := newBucket(t, c)
	large := bytes.Repeat(randomBytes(1<<20), 64)

	t.Run("large object", func(t *testing.T) {
		put(t, c, bucket, "large", large)
		wantBytes(t, get(t, c, bucket, "large"), large)
	})

	t.Run("many streams", func(t *testing.T) {
		before := h.dialed.Load()
		var done sync.WaitGroup
		for i := range 100 {
			done.Go(func() {
				key, body := fmt.Sprint("key-", i), large[i*1000:][:300_000+i]
				if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
					t.Errorf("put %s: %v", key, err)
					return
				}
				out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				if err != nil {
					t.Errorf("get %s: %v", key, err)
					return
				}
				if got, err := io.ReadAll(out.Body); err != nil || !bytes.Equal(got, body) {
					t.Errorf("get %s: %d bytes, %v", key, len(got), err)
				}
			})
		}
		done.Wait()
		if n := h.dialed.Load() - before; n > 1 {
			t.Errorf("%d more connections for 100 streams", n)
		}
	})

	t.Run("body that is not wanted", func(t *testing.T) {
		r := s.signed(t, request{method: "PUT", path: "/no-such-bucket/key", payloadHash: "UNSIGNED-PAYLOAD", length: 1 << 20})
		r.Body = io.NopCloser(refusedBody{t})
		r.Header.Set("Expect", "100-continue")
		answer, err := h.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, answer.Body)
		want(t, "status", answer.StatusCode, 404)
	})

	t.Run("clients that leave or read slowly", func(t *testing.T) {
		for range 8 {
			out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: new("large")})
			if err != nil {
				t.Fatal(err)
			}
			out.Body.Close()
		}
		for range 8 {
			out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: new("large")})
			if err != nil {
				t.Fatal(err)
			}
			defer out.Body.Close() // and reads nothing of it
		}
		wantBytes(t, get(t, c, bucket, "large"), large)
		ctx, leave := context.WithCancel(t.Context())
		from, to := io.Pipe()
		go func() {
			_, _ = to.Write(large[:1<<20])
			leave()
		}()
		r := s.signed(t, request{method: "PUT", path: "/" + bucket + "/left", payloadHash: "UNSIGNED-PAYLOAD", length: 2 << 20})
		r.Body = from
		if answer, err := h.RoundTrip(r.WithContext(ctx)); err == nil {
			answer.Body.Close()
			t.Errorf("an upload that ends early: status %d", answer.StatusCode)
		}
		_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: new("left")})
		wantError(t, err, 404, "NotFound")
		if strings.Contains(s.log.tail(), `"level":"error"`) {
			t.Error("the log has errors of clients")
		}
	})

	// An answer that cannot be ended must not look whole.
	t.Run("answer that breaks off", func(t *testing.T) {
		put(t, c, bucket, "damaged", large[:16<<20])
		out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: new("damaged")})
		if err != nil {
			t.Fatal(err)
		}
		cutNewestBlob(t, s, 8<<20) // the client has not asked for that much
		if n, err := io.Copy(io.Discard, out.Body); err == nil {
			t.Errorf("%d bytes of a damaged object end well", n)
		}
		wantBytes(t, get(t, c, bucket, "key-1"), large[1000:][:300_001])
	})

	t.Run("stop", func(t *testing.T) {
		out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: new("large")})
		if err != nil {
			t.Fatal(err)
		}
		s.terminate(t)
		eventually(t, "no connections are accepted", func() error {
			conn, err := net.DialTimeout("tcp", s.address(), time.Second)
			if err != nil {
				return nil
			}
			conn.Close()
			return fmt.Errorf("%s is open", s.address())
		})
		if got, err := io.ReadAll(out.Body); err != nil || !bytes.Equal(got, large) {
			t.Errorf("the answer under way ends after %d bytes: %v", len(got), err)
		}
		s.wantExit(t, 0)
	})
}

// cutNewestBlob cuts a file of the local backend, behind the back of the server.
func cutNewestBlob(t testing.TB, s *server, size int64) {
	t.Helper()
	var newest string
	var changed time.Time
	err := filepath.WalkDir(filepath.Join(s.dir, "blobs"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > size && info.ModTime().After(changed) {
			newest, changed = path, info.ModTime()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(newest, size); err != nil {
		t.Fatal(err)
	}
}
