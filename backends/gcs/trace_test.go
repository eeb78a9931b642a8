package gcs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/bleepstore/bleepstore/backends/gcs"
	"github.com/bleepstore/bleepstore/backends/remote"
)

// Google's clients make their requests by themselves, by JSON for one and XML for another. All of them carry the trace of the
// request that they are made for.
func TestRequestsCarryTheTrace(t *testing.T) {
	id, err := trace.TraceIDFromHex("4bf92f3577b34da6a3ce929d0e0e4736")
	if err != nil {
		t.Fatal(err)
	}
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{1}}))
	requests := make(map[string]string) // what they have as traceparent
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests[r.Method+" "+r.URL.Path] = r.Header.Get("Traceparent")
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	bucket, err := gcs.Open(t.Context(), gcs.Config{Bucket: "b", Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer bucket.Close()

	_, _, getErr := bucket.Get(ctx, "get", "", 0, 1)
	_, headErr := bucket.Head(ctx, "head")
	putErr := bucket.Put(ctx, "put", remote.NewContent([]byte("x")), remote.Options{})
	if getErr == nil || headErr == nil || putErr == nil {
		t.Error("no error of a bucket that does not exist")
	}
	_ = bucket.Delete(ctx, []string{"delete"})
	for _, begin := range []string{"GET /b/get", "GET /storage/v1/b/b/o/head", "POST /", "DELETE /storage/v1/b/b/o/delete"} {
		found := false
		for request, traceparent := range requests {
			if strings.HasPrefix(request, begin) {
				found = true
				if !strings.HasPrefix(traceparent, "00-"+id.String()) {
					t.Errorf("%s has traceparent %q", request, traceparent)
				}
			}
		}
		if !found {
			t.Errorf("no request %s in %v", begin, requests)
		}
	}
}
