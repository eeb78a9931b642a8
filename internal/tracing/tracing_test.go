package tracing

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// recorded returns a Tracer, and what has the spans that have ended.
func recorded(t testing.TB) (*Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder))
	return &Tracer{provider: provider, tracer: provider.Tracer(scope)}, recorder
}

const incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// served returns the context of a request with a trace.
func served(t testing.TB, tracer *Tracer) (context.Context, Span) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.Header.Set("Traceparent", incoming)
	return tracer.Serve(r, "serve")
}

func TestNothingIsTracedWithoutATracer(t *testing.T) {
	ctx, span := served(t, nil)
	if span.Recording() {
		t.Error("a span is recorded")
	}
	header := http.Header{}
	Inject(ctx, header)
	if len(header) > 0 || Headers(ctx) != nil {
		t.Errorf("headers are %v and %v, want none", header, Headers(ctx))
	}
	err := errors.New("failed")
	if n := testing.AllocsPerRun(100, func() {
		ctx, span := Start(ctx, "work")
		span.String("key", "value")
		span.Int("number", 1)
		span.Fail("why")
		span.End(err)
		outgoing(ctx)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransport(t *testing.T) {
	var sent *http.Request
	answer, failure := &http.Response{StatusCode: 200}, error(nil)
	transport := Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
		sent = r
		return answer, failure
	}))
	send := func(ctx context.Context) *http.Request {
		r, err := http.NewRequestWithContext(ctx, "PUT", "http://storage.example/bucket/key?sig=secret", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := transport.RoundTrip(r); got != answer || err != failure {
			t.Errorf("got %v, %v", got, err)
		}
		return r
	}
	if r := send(t.Context()); sent != r {
		t.Error("a request without a trace was changed")
	}
	tracer, recorder := recorded(t)
	ctx, parent := served(t, tracer)
	if r := send(ctx); len(r.Header) > 0 {
		t.Errorf("the caller's request has got %v", r.Header)
	}
	answer = &http.Response{StatusCode: 503}
	send(ctx)
	answer, failure = nil, errors.New("no connection")
	send(ctx)
	spans := recorder.Ended()
	for i, want := range []string{"Unset", "Error", "Error"} {
		if got := spans[i].Status().Code.String(); got != want || spans[i].Parent().SpanID() != parent.span.SpanContext().SpanID() {
			t.Errorf("span %d has status %s and parent %v, want %s in the request", i, got, spans[i].Parent().SpanID(), want)
		}
		for _, a := range spans[i].Attributes() {
			if a.Key == "url.full" && a.Value.AsString() != "http://storage.example/bucket/key" {
				t.Errorf("url.full is %s", a.Value.AsString())
			}
		}
	}
	last := spans[2].SpanContext()
	if want := "00-4bf92f3577b34da6a3ce929d0e0e4736-" + last.SpanID().String() + "-01"; sent.Header.Get("Traceparent") != want {
		t.Errorf("traceparent is %q, want %q", sent.Header.Get("Traceparent"), want)
	}
}

func TestCallsOfGRPCCarryTheTrace(t *testing.T) {
	tracer, _ := recorded(t)
	ctx, span := served(t, tracer)
	want := "00-4bf92f3577b34da6a3ce929d0e0e4736-" + span.span.SpanContext().SpanID().String() + "-01"
	check := func(ctx context.Context) {
		sent, _ := metadata.FromOutgoingContext(ctx)
		if got := sent.Get("traceparent"); len(got) != 1 || got[0] != want {
			t.Errorf("traceparent is %q, want %q", got, want)
		}
	}
	_ = traceUnary(ctx, "", nil, nil, nil, func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		check(ctx)
		return nil
	})
	_, _ = traceStream(ctx, nil, nil, "", func(
		ctx context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, _ string, _ ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		check(ctx)
		return nil, nil
	})
}

func TestLostSpansAreToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		r := &reporter{report: func(error) { told++ }}
		for range 300 { // seconds
			r.Handle(errors.New("no collector"))
			time.Sleep(time.Second)
		}
		if told != 5 {
			t.Errorf("told %d times in 5 minutes", told)
		}
	})
}

// BenchmarkStart tells what a span costs: without a trace, as where there is no tracing, and with one.
func BenchmarkStart(b *testing.B) {
	tracer, _ := recorded(b)
	unsampled := sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample()))
	for name, tracer := range map[string]*Tracer{"off": nil, "unsampled": {tracer: unsampled.Tracer(scope)}, "on": tracer} {
		b.Run(name, func(b *testing.B) {
			ctx, _ := served(b, tracer)
			b.ReportAllocs()
			for b.Loop() {
				_, span := Start(ctx, "work")
				span.End(nil)
			}
		})
	}
}
