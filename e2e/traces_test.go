package e2e

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// span is a span as a collector has received it.
type span struct {
	*trace.Span
	service    string
	attributes map[string]string
}

// traces is a collector of OpenTelemetry.
type traces struct {
	url string

	mu    sync.Mutex
	spans []span
}

func startCollector(t testing.TB) *traces {
	t.Helper()
	c := new(traces)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &request)
		}
		if err != nil {
			t.Errorf("spans that cannot be read: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.receive(&request)
		w.Header().Set("Content-Type", "application/x-protobuf") // with no content, which is an answer without fields
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *traces) receive(request *collector.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, from := range request.ResourceSpans {
		service := textsOf(from.Resource.Attributes)["service.name"]
		for _, scope := range from.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{s, service, textsOf(s.Attributes)})
			}
		}
	}
}

func textsOf(attributes []*common.KeyValue) map[string]string {
	texts := make(map[string]string)
	for _, a := range attributes {
		if number, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
			texts[a.Key] = fmt.Sprint(number.IntValue)
		} else {
			texts[a.Key] = a.Value.GetStringValue()
		}
	}
	return texts
}

// of returns the spans of a trace that were received.
func (c *traces) of(trace string) []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.spans), func(s span) bool { return hex.EncodeToString(s.TraceId) != trace })
}

// received counts the spans that were received.
func (c *traces) received() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.spans)
}

// settings have a server send its spans to the collector, soon.
func (c *traces) settings(service string, more ...string) []string {
	return append(more, "BLEEPSTORE_TRACING_ENDPOINT="+c.url, "OTEL_SERVICE_NAME="+service, "OTEL_BSP_SCHEDULE_DELAY=20")
}

// await waits until a trace has a span of a name of a service.
func (c *traces) await(t testing.TB, trace, service, name string) span {
	t.Helper()
	var found span
	eventually(t, "span "+name+" has come", func() error {
		var names []string
		for _, s := range c.of(trace) {
			if s.service == service && s.Name == name {
				found = s
				return nil
			}
			names = append(names, s.service+": "+s.Name)
		}
		return fmt.Errorf("there are %s", strings.Join(names, ", "))
	})
	return found
}

func wantParent(t testing.TB, child, parent span) {
	t.Helper()
	if got := hex.EncodeToString(child.ParentSpanId); got != hex.EncodeToString(parent.SpanId) {
		t.Errorf("parent of span %s of %s is %s, want %s, %s of %s", child.Name, child.service, got,
			hex.EncodeToString(parent.SpanId), parent.Name, parent.service)
	}
}

func traced(id string) map[string]string {
	return map[string]string{"Traceparent": "00-" + id + "-00f067aa0ba902b7-01", "Tracestate": "vendor=1"}
}

// A trace that a client begins goes through a server, and on to the server that keeps its blobs.
func TestTraceOfARequest(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	upstream := startServer(t, options{env: c.settings("upstream")})
	s := startServer(t, options{env: c.settings("front", s3Settings(t, upstream.endpoint, accessKey, secretKey)...)})
	bucket := newBucket(t, s.client())

	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	stored := s.do(t, request{method: "PUT", path: "/" + bucket + "/a/b", body: []byte("hello"), header: traced(id)})
	want(t, "status", stored.status, 200)
	root := c.await(t, id, "front", "PutObject")
	want(t, "parent", hex.EncodeToString(root.ParentSpanId), "00f067aa0ba902b7")
	want(t, "state", root.TraceState, "vendor=1")
	want(t, "kind", root.Kind, trace.Span_SPAN_KIND_SERVER)
	for key, value := range map[string]string{
		"rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": "PutObject", "aws.s3.bucket": bucket, "aws.s3.key": "a/b",
		"aws.request_id": stored.header.Get("X-Amz-Request-Id"), "http.request.method": "PUT", "http.response.status_code": "200",
		"http.request.body.size": "5", "url.scheme": "http", "url.path": "/" + bucket + "/a/b", "server.address": s.address(),
		"client.address": "127.0.0.1", "error.type": "",
	} {
		want(t, key, root.attributes[key], value)
	}
	for _, name := range []string{"authenticate", "blob put", "metadata read bucket", "log append", "projection wait"} {
		wantParent(t, c.await(t, id, "front", name), root)
	}
	sent := c.await(t, id, "front", "PUT")
	wantParent(t, sent, c.await(t, id, "front", "blob put"))
	want(t, "kind", sent.Kind, trace.Span_SPAN_KIND_CLIENT)
	received := c.await(t, id, "upstream", "PutObject")
	wantParent(t, received, sent)
	wantParent(t, c.await(t, id, "upstream", "log append"), received)

	const reading = "0123456789abcdef0123456789abcdef"
	want(t, "status", s.do(t, request{method: "GET", path: "/" + bucket + "/a/b", header: traced(reading)}).status, 200)
	wantParent(t, c.await(t, reading, "front", "GET"), c.await(t, reading, "front", "blob get"))
	wantParent(t, c.await(t, reading, "upstream", "GetObject"), c.await(t, reading, "front", "GET"))
}

// A failure is told by its code; one that is the server's is an error of the span. What a client may send cannot keep spans from
// being delivered.
func TestTraceOfAFailure(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	s := startServer(t, options{env: c.settings("s")})
	const id = "11111111111111111111111111111111"
	presigned := s.presigned(t, "GET", "/absent/key", time.Now(), time.Hour)
	r, err := http.NewRequestWithContext(t.Context(), "GET", presigned, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range traced(id) {
		r.Header.Set(name, value)
	}
	r.Header.Set("User-Agent", "not \xff UTF-8"+strings.Repeat("x", 10_000))
	want(t, "status", s.roundTrip(t, r).status, 404)
	got := c.await(t, id, "s", "GetObject")
	want(t, "error", got.attributes["error.type"], "NoSuchBucket")
	want(t, "status of the span", got.Status.GetCode(), trace.Status_STATUS_CODE_UNSET)
	want(t, "length of the user agent", len(got.attributes["user_agent.original"]) < 5000, true)
	for key, value := range got.attributes {
		if strings.Contains(value, "Signature") || strings.Contains(value, "Credential") {
			t.Errorf("%s is %q, which has what signs the URL in it", key, value)
		}
	}
}

// A request that is not sampled has no spans, and says so to the server that keeps the blobs.
func TestTracesAreSampled(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	upstream := startServer(t, options{})
	sent := make(chan string, 100) // what goes upstream as traceparent
	to, err := url.Parse(upstream.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		sent <- r.In.Header.Get("Traceparent")
		r.SetURL(to)
		r.Out.Host = r.In.Host // which is signed
	}})
	defer proxy.Close()
	s := startServer(t, options{env: c.settings("front", append(
		s3Settings(t, proxy.URL, accessKey, secretKey), "BLEEPSTORE_TRACING_SAMPLE=0")...)})
	bucket := newBucket(t, s.client())

	const asked, refused = "22222222222222222222222222222222", "33333333333333333333333333333333"
	header := traced(refused)
	header["Traceparent"] = strings.TrimSuffix(header["Traceparent"], "01") + "00"
	want(t, "status", s.do(t, request{method: "PUT", path: "/" + bucket + "/b", header: header}).status, 200)
	want(t, "status", s.do(t, request{method: "PUT", path: "/" + bucket + "/c", header: traced(asked)}).status, 200)
	s.stop(t)                               // which delivers all spans
	c.await(t, asked, "front", "PutObject") // whoever began the trace has decided
	want(t, "spans of all traces", c.received(), len(c.of(asked)))
	close(sent)
	flags := map[string]string{}
	for parent := range sent {
		if fields := strings.Split(parent, "-"); len(fields) == 4 {
			flags[fields[1]] = fields[3]
		}
	}
	want(t, "flags of the trace that is sampled", flags[asked], "01")
	want(t, "flags of the trace that is not", flags[refused], "00")
}

// A collector that is away keeps nothing from being served, nor the server from stopping, and is told of.
func TestCollectorIsAway(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hung }))
	defer server.Close()
	defer close(hung)
	for _, endpoint := range []string{"http://127.0.0.1:1", server.URL} {
		s := startServer(t, options{env: append(c.settings("s"), "BLEEPSTORE_TRACING_ENDPOINT="+endpoint)})
		newBucket(t, s.client())
		s.stop(t)
		want(t, "lost traces are told", strings.Contains(s.log.tail(), "traces are lost"), true)
	}
}
