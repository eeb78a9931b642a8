package e2e

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Whatever the engine, the log has everything: also for metadata that is in memory or was thrown away.
func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options options
		between func(t *testing.T, dir string)
	}{
		"pebble": {},
		"memory": {options: options{env: []string{"BLEEPSTORE_METADATA_ENGINE=memory"}}},
		"pebble, rebuilt": {between: func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "metadata")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, test.options)
			c := s.client()
			bucket := newBucket(t, c)
			small, large := randomBytes(100), randomBytes(1<<20)
			put(t, c, bucket, "small", small)
			put(t, c, bucket, "large", large)
			put(t, c, bucket, "deleted", small)
			if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("deleted")}); err != nil {
				t.Fatal(err)
			}
			u := newUpload(t, c, bucket, "multipart")
			part := u.mustPart(1, large)
			s.stop(t)
			if test.between != nil {
				test.between(t, s.dir)
			}
			test.options.dir = s.dir
			c = startServer(t, test.options).client()
			u.c = c
			if _, err := u.complete(part); err != nil {
				t.Fatal(err)
			}
			wantBytes(t, get(t, c, bucket, "small"), small)
			wantBytes(t, get(t, c, bucket, "large"), large)
			wantBytes(t, get(t, c, bucket, "multipart"), large)
			want(t, "number of keys", len(listKeys(t, c, bucket)), 3)
		})
	}
}

func TestMemoryBackendForgets(t *testing.T) {
	t.Parallel()
	o := options{dir: t.TempDir(), env: []string{"BLEEPSTORE_STORAGE_BACKEND=memory"}}
	s := startServer(t, o)
	bucket := newBucket(t, s.client())
	put(t, s.client(), bucket, "key", []byte("body"))
	wantBytes(t, get(t, s.client(), bucket, "key"), []byte("body"))
	s.stop(t)
	out, err := startServer(t, o).client().ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "number of buckets after a restart", len(out.Buckets), 0)
}

// A second server on the same folder would destroy the first one's data.
func TestOneServerPerFolder(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	launch(t, options{dir: s.dir}).wantExit(t, 1)
	put(t, s.client(), bucket, "key", []byte("body"))
	wantBytes(t, get(t, s.client(), bucket, "key"), []byte("body"))
}

// A request in flight finishes when the server is asked to stop.
func TestStopLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	body := randomBytes(1 << 20)
	reader, writer := io.Pipe()
	r := s.signed(t, request{
		method: "PUT", path: "/" + bucket + "/key", payloadHash: "UNSIGNED-PAYLOAD", length: int64(len(body)),
	})
	r.Body = reader
	status := make(chan int, 1)
	go func() {
		out, err := s.transport().RoundTrip(r)
		if err != nil {
			t.Errorf("request in flight: %v", err)
			status <- 0
			return
		}
		out.Body.Close()
		status <- out.StatusCode
	}()
	// More than what the client gathers before it sends.
	if _, err := writer.Write(body[:100_000]); err != nil {
		t.Fatal(err)
	}
	// The answer to a second request shows that the first was accepted, because it came before.
	want(t, "status of another request", s.page(t, "/readyz").status, http.StatusOK)
	s.terminate(t)
	eventually(t, "no more connections are accepted", func() error {
		conn, err := net.Dial("tcp", s.address())
		if err != nil {
			return nil
		}
		conn.Close()
		return errors.New("still accepting")
	})
	if _, err := io.Copy(writer, bytes.NewReader(body[100_000:])); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	want(t, "status of the request in flight", <-status, http.StatusOK)
	s.wantExit(t, 0)
	wantBytes(t, get(t, startServer(t, options{dir: s.dir}).client(), bucket, "key"), body)
}
