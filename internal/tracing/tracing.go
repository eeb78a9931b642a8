// Package tracing tells what a request is doing, in spans of OpenTelemetry that a collector receives over OTLP.
//
// A span is in the context of what it is about, and all who work for that begin theirs within it, with Start. Where the
// context has none, because nobody collects them or because this request was not sampled, Start costs a look into the
// context and nothing else. So what traces need not know whether there is tracing.
//
// The trace context of W3C, https://www.w3.org/TR/trace-context/, comes in by Tracer.Serve, and goes out by Transport, Inject
// and GRPC. Baggage is neither read nor passed on.
package tracing

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name of what makes the spans.
const scope = "github.com/bleepstore/bleepstore"

// tracesPath is where a receiver takes traces, if the URL says nothing else.
// See https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
const tracesPath = "/v1/traces"

// reportInterval is how often at most it is told that spans cannot be delivered.
const reportInterval = time.Minute

// Config says where spans go.
type Config struct {
	// Endpoint is the URL of a receiver of OTLP over HTTP, such as http://127.0.0.1:4318. Where it has no path, traces go to
	// /v1/traces on it.
	Endpoint string
	// Sample is the share of requests that are traced, from 0 to 1, of those that do not come with a trace: whoever began one
	// has decided.
	Sample  float64
	Version string // of this program
	// Report is told that spans are lost, at most once a minute. It may be called at any time and must not block.
	Report func(error)
}

// Tracer makes spans of requests, and delivers them. All methods but Close may be called on nil, which makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open begins to deliver spans. It makes no request, so a receiver need not be there yet. Spans wait for theirs in a queue of
// fixed length; what does not fit is dropped.
//
// The environment variables of OpenTelemetry's SDK hold for what Config does not say, such as OTEL_EXPORTER_OTLP_HEADERS,
// OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and OTEL_BSP_MAX_QUEUE_SIZE. See
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
//
// Errors of delivery have one handler in a process, so there is to be one Tracer at a time.
func Open(ctx context.Context, c Config) (*Tracer, error) {
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint of traces: %w", err)
	}
	if endpoint.Path == "" || endpoint.Path == "/" {
		endpoint.Path = tracesPath
	}
	otel.SetErrorHandler(&reporter{report: c.Report})
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint.String()))
	if err != nil {
		return nil, fmt.Errorf("deliver traces to %s: %w", endpoint.Redacted(), err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName("bleepstore"), semconv.ServiceVersion(c.Version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe this process for traces: %w", err)
	}
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(exporter), sdk.WithResource(about), sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(c.Sample))))
	return &Tracer{provider: provider, tracer: provider.Tracer(scope, trace.WithInstrumentationVersion(c.Version))}, nil
}

// Close delivers what waits, and stops. When ctx ends before, the rest is lost.
func (t *Tracer) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("deliver the last traces: %w", err)
	}
	return nil
}
