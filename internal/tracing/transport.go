package tracing

import (
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Transport sends requests by base, with the trace of their contexts in their headers. Each of them is a span, which ends when
// the header of the answer has come. Requests without a trace are left as they are.
func Transport(base http.RoundTripper) http.RoundTripper { return transport{base} }

type transport struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	parent := trace.SpanFromContext(r.Context())
	if !parent.SpanContext().IsValid() {
		return t.base.RoundTrip(r)
	}
	ctx := r.Context()
	var span trace.Span
	if parent.IsRecording() {
		ctx, span = parent.TracerProvider().Tracer(scope).Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(
				semconv.HTTPRequestMethodKey.String(r.Method), semconv.ServerAddress(r.URL.Hostname()),
				// The query is left out, which can have a signature in it.
				semconv.URLFull(r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath())))
		defer span.End()
	}
	r = r.WithContext(ctx) // a copy: requests are not a transport's to change
	r.Header = r.Header.Clone()
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	Inject(ctx, r.Header)
	answer, err := t.base.RoundTrip(r)
	switch {
	case span == nil:
	case err != nil:
		Span{span}.Fail(err.Error())
	case answer.StatusCode >= http.StatusBadRequest:
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(answer.StatusCode)))
		fallthrough
	default:
		span.SetAttributes(semconv.HTTPResponseStatusCode(answer.StatusCode))
	}
	return answer, err
}

// CloseIdleConnections is for http.Client.CloseIdleConnections.
func (t transport) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}
