package main

import (
	"context"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/tracing"
)

// watchTimeout is how long the last of what is told of requests may take to be delivered when the server stops.
const watchTimeout = 3 * time.Second

// watch is what is told of each S3 request to who watches the server.
type watch struct {
	tracer *tracing.Tracer // nil for no traces
}

// openWatch opens what the configuration asks for.
func openWatch(ctx context.Context, c *config.Config, out output) (w watch, err error) {
	if c.Tracing.Endpoint == "" {
		return w, nil
	}
	w.tracer, err = tracing.Open(ctx, tracing.Config{
		Endpoint: c.Tracing.Endpoint, Sample: c.Tracing.Sample, Version: version(),
		Report: func(err error) {
			out.Warn().Err(err).Msg("traces are lost; more of this is told once a minute at most")
		},
	})
	if err != nil {
		return w, fmt.Errorf("tracing.endpoint: %w", err)
	}
	return w, nil
}

// close delivers what waits, and stops. No request is being answered, or will be.
func (w watch) close(out output) {
	ctx, cancel := context.WithTimeout(context.Background(), watchTimeout)
	defer cancel()
	if w.tracer == nil {
		return
	}
	if err := w.tracer.Close(ctx); err != nil {
		out.Warn().Err(err).Msg("the last traces are lost")
	}
}
