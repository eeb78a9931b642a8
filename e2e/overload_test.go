package e2e

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Many more clients than the server answers at once: as many as it can are served, and the others are told so soon. Clients
// that hold on to their answers do not change that, as long as they are not too many by themselves.
func TestOverload(t *testing.T) {
	t.Parallel()
	const most, slow, clients = 16, 14, 64
	s := startServer(t, options{env: []string{"BLEEPSTORE_SERVER_MAX_REQUESTS=16"}})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "large", bytes.Repeat(randomBytes(1<<20), 32))
	content := randomBytes(10_000)
	put(t, c, bucket, "small", content)

	hold := func(n int) (release func()) {
		var held []io.Closer
		for range n {
			eventually(t, "a slow client is served", func() error {
				out, err := s.client().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: new("large")})
				if err == nil {
					held = append(held, out.Body)
				}
				return err
			})
		}
		return func() {
			for _, answer := range held {
				answer.Close()
			}
		}
	}
	release := hold(slow)

	var mu sync.Mutex
	var served, refused []time.Duration
	var done sync.WaitGroup
	until := time.Now().Add(time.Second)
	transport := s.transport()
	defer transport.CloseIdleConnections()
	for range clients {
		done.Go(func() {
			for time.Now().Before(until) {
				begun := time.Now()
				answer, err := transport.RoundTrip(s.signed(t, request{method: "GET", path: "/" + bucket + "/small"}))
				if err != nil {
					t.Errorf("a request is not answered: %v", err)
					return
				}
				body, err := io.ReadAll(answer.Body)
				took := time.Since(begun)
				answer.Body.Close()
				mu.Lock()
				switch {
				case err == nil && answer.StatusCode == http.StatusOK && bytes.Equal(body, content):
					served = append(served, took)
				case err == nil && answer.StatusCode == http.StatusServiceUnavailable && bytes.Contains(body, []byte("<Code>SlowDown</Code>")) &&
					answer.Header.Get("Retry-After") != "":
					refused = append(refused, took)
				default:
					t.Errorf("status %d, %v: %s", answer.StatusCode, err, body)
				}
				mu.Unlock()
			}
		})
	}
	want(t, "status of /readyz under load", s.page(t, "/readyz").status, 200)
	done.Wait()
	slices.Sort(served)
	slices.Sort(refused)
	if len(served) < 20 || len(refused) < 20 {
		t.Fatalf("%d requests were served and %d refused, want many of both", len(served), len(refused))
	}
	t.Logf("served %d, half of them within %v; refused %d, half of them within %v, 99%% within %v", len(served), served[len(served)/2],
		len(refused), refused[len(refused)/2], refused[len(refused)*99/100])
	if median := refused[len(refused)/2]; median > time.Second {
		t.Errorf("half of those that are refused wait for it for %v", median)
	}

	// With nothing but slow clients nobody else is served, and that is told too.
	more := hold(most - slow)
	_, err := c.ListBuckets(t.Context(), nil)
	wantError(t, err, 503, "SlowDown")
	want(t, "status of /readyz", s.page(t, "/readyz").status, 200)
	more()
	release()
	eventually(t, "there is room again", func() error {
		_, err := c.ListBuckets(t.Context(), nil)
		return err
	})
	s.stop(t)
}
