package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// requestCounter counts the requests that pass to DynamoDB, by their operations. Those of the position, which is written some
// time after what it is about, do not count.
type requestCounter struct {
	away atomic.Bool // then it passes nothing on

	mu     sync.Mutex
	counts map[string]int
}

// countRequests puts a counter before an emulator of DynamoDB, and returns the settings of the engine.
func countRequests(t *testing.T) (*requestCounter, engine) {
	t.Helper()
	target, err := url.Parse(emulators.DynamoDB(t))
	if err != nil {
		t.Fatal(err)
	}
	c := &requestCounter{counts: make(map[string]int)}
	forward := httputil.NewSingleHostReverseProxy(target)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || c.away.Load() {
			panic(http.ErrAbortHandler) // which cuts the connection
		}
		c.count(r.Header.Get("X-Amz-Target"), string(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return c, engine{name: "dynamodb", settings: []string{
		"BLEEPSTORE_METADATA_DYNAMODB_ENDPOINT=" + proxy.URL, "BLEEPSTORE_METADATA_DYNAMODB_REGION=us-east-1",
		"BLEEPSTORE_METADATA_DYNAMODB_ACCESS_KEY=emulator", "BLEEPSTORE_METADATA_DYNAMODB_SECRET_KEY=emulator",
	}}
}

func (c *requestCounter) count(target, body string) {
	for _, partition := range []string{"state", "journal", "bucket", "shared"} {
		if strings.Contains(body, fmt.Sprintf(`{"S":%q}`, partition)) {
			return
		}
	}
	_, operation, _ := strings.Cut(target, ".")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[operation]++
}

// during returns the requests that do makes.
func (c *requestCounter) during(do func()) map[string]int {
	c.mu.Lock()
	clear(c.counts)
	c.mu.Unlock()
	do()
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := make(map[string]int)
	for operation, n := range c.counts {
		counts[operation] = n
	}
	return counts
}

// What the common calls cost at an engine behind a network.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	counter, engine := countRequests(t)
	dir := t.TempDir()
	s := startServer(t, options{dir: dir, env: append(engine.serving(dir), "BLEEPSTORE_SNAPSHOT_INTERVAL=0s")})
	c := s.client()
	bucket := newBucket(t, c)
	wantCounts := func(what string, do func(), want map[string]int) {
		t.Helper()
		got := counter.during(do)
		for operation, n := range got {
			if n > want[operation] {
				t.Errorf("%s: %d times %s, want at most %d", what, n, operation, want[operation])
			}
		}
	}
	// The writes of one call are made beside each other.
	putKey := func() { put(t, c, bucket, "key", []byte("content")) }
	wantCounts("a new object", putKey, map[string]int{"GetItem": 1, "PutItem": 1})
	wantCounts("an object over another", putKey, map[string]int{"GetItem": 1, "PutItem": 2})
	wantCounts("a copy", func() {
		_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("0000"), CopySource: copySource(bucket, "key")})
		if err != nil {
			t.Fatal(err)
		}
	}, map[string]int{"GetItem": 3, "PutItem": 1})
	u := newUpload(t, c, bucket, "upload")
	wantCounts("a part", func() { u.mustPart(1, []byte("content")) }, map[string]int{"GetItem": 3, "PutItem": 1})
	wantCounts("a get", func() { get(t, c, bucket, "key") }, map[string]int{"GetItem": 1})
	wantCounts("a delete", func() {
		if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("key")}); err != nil {
			t.Fatal(err)
		}
	}, map[string]int{"GetItem": 1, "DeleteItem": 1, "PutItem": 1})

	var puts errgroup.Group
	puts.SetLimit(32)
	for i := range 1500 {
		puts.Go(func() error {
			key := fmt.Sprintf("%04d", i)
			if i >= 1000 {
				key = fmt.Sprintf("folder-%02d/%04d", i%50, i)
			}
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
			return err
		})
	}
	if err := puts.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, delimiter := range []string{"", "/"} {
		entries := 0
		pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket, Delimiter: &delimiter})
		for pages.HasMorePages() {
			wantCounts(fmt.Sprintf("a page of a list by %q", delimiter), func() {
				page, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				entries += len(page.Contents) + len(page.CommonPrefixes)
			}, map[string]int{"Query": 3})
		}
		want(t, "entries", entries, map[string]int{"": 1500, "/": 1050}[delimiter])
	}
}
