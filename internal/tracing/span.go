package tracing

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Span is a piece of work on a request. The zero value is of work that is not traced; its methods do nothing.
type Span struct{ span trace.Span }

// Start begins a span within the one in ctx, if that is traced. The caller ends it. What is done for it gets the context that
// is returned.
func Start(ctx context.Context, name string) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name)
	return ctx, Span{span}
}

// Recording tells whether the span is traced, for those to whom it costs something to know what to set.
func (s Span) Recording() bool { return s.span != nil }

// Name renames the span.
func (s Span) Name(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// String sets an attribute, unless the value is empty. See https://opentelemetry.io/docs/specs/semconv/ for the names.
func (s Span) String(key, value string) {
	if s.span != nil && value != "" {
		s.span.SetAttributes(attribute.String(key, valid(value)))
	}
}

// maxText is how many bytes of a text are kept: clients can send long ones, and many spans may wait.
const maxText = 4 << 10

// valid makes text of what may be any bytes: OTLP has no strings of others, and one would keep all spans from being delivered
// that go with it.
func valid(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxText)], "?") }

// Int sets an attribute.
func (s Span) Int(key string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
}

// Fail says that the work failed, and why.
func (s Span) Fail(why string) {
	if s.span != nil {
		s.span.SetStatus(codes.Error, valid(why))
	}
}

// End ends the span. The work failed if err is not nil.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.Fail(err.Error())
	}
	s.span.End()
}
