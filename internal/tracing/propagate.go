package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

var propagator propagation.TraceContext

// Serve begins the span of a request that was received, within the trace that it comes with. The span may turn out not to be
// recorded; the context that is returned says so to others then.
func (t *Tracer) Serve(r *http.Request, name string) (context.Context, Span) {
	ctx := r.Context()
	if t == nil {
		return ctx, Span{}
	}
	ctx = propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer))
	if !span.IsRecording() {
		return ctx, Span{}
	}
	return ctx, Span{span}
}

// ID is the id of the trace that ctx is of; empty without one.
func ID(ctx context.Context) string {
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		return span.TraceID().String()
	}
	return ""
}

// Inject sets the headers traceparent and tracestate of a request that is sent for what ctx is of. Without a trace it sets none.
func Inject(ctx context.Context, header http.Header) {
	propagator.Inject(ctx, propagation.HeaderCarrier(header))
}

// Headers returns what Inject sets, as names and values in turn.
func Headers(ctx context.Context) []string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return nil
	}
	var headers pairs
	propagator.Inject(ctx, &headers)
	return headers
}

// pairs is a propagation.TextMapCarrier that is only set.
type pairs []string

func (p *pairs) Set(name, value string) { *p = append(*p, name, value) }
func (p *pairs) Get(string) string      { return "" }
func (p *pairs) Keys() []string         { return nil }

// GRPC has the options of a client that sends the trace of its calls' contexts.
func GRPC() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(traceUnary), grpc.WithChainStreamInterceptor(traceStream)}
}

func traceUnary(
	ctx context.Context, method string, request, reply any, c *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	return call(outgoing(ctx), method, request, reply, c, options...)
}

func traceStream(
	ctx context.Context, what *grpc.StreamDesc, c *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return open(outgoing(ctx), what, c, method, options...)
}

func outgoing(ctx context.Context) context.Context {
	if headers := Headers(ctx); headers != nil {
		return metadata.AppendToOutgoingContext(ctx, headers...)
	}
	return ctx
}
