package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bleepstore/bleepstore/api/accesslog"
	"github.com/bleepstore/bleepstore/api/s3"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/tracing"
)

// watchTimeout is how long the last of what is told of requests may take to be written or delivered when the server stops.
const watchTimeout = 3 * time.Second

// watch is what is told of each S3 request to who watches the server.
type watch struct {
	tracer *tracing.Tracer // nil for no traces
	access *accesslog.Log  // nil for none
	hangup chan os.Signal  // gets SIGHUP, which has access open its file again and otherwise does nothing
}

// openWatch opens what the configuration asks for.
func openWatch(ctx context.Context, c *config.Config, out output) (w watch, err error) {
	// Its usual effect, which is to end the process, is not what a supervisor wants who asks to reload.
	w.hangup = make(chan os.Signal, 1)
	signal.Notify(w.hangup, syscall.SIGHUP)
	// Whoever reads the standard output may end, which ends commands that write to it, and must not end a server.
	signal.Ignore(syscall.SIGPIPE)
	if c.Tracing.Endpoint != "" {
		w.tracer, err = tracing.Open(ctx, tracing.Config{
			Endpoint: c.Tracing.Endpoint, Sample: c.Tracing.Sample, Version: version(),
			Report: func(err error) {
				out.Warn().Err(err).Msg("traces are lost; more of this is told once a minute at most")
			},
		})
		if err != nil {
			return w, fmt.Errorf("tracing.endpoint: %w", err)
		}
	}
	format := accesslog.JSON
	switch c.AccessLog.Format {
	case config.AccessLogOff:
		return w, nil
	case config.AccessLogS3:
		format = accesslog.Amazon
	}
	w.access, err = accesslog.Open(accesslog.Config{
		Format: format, Path: c.AccessLog.Path, Output: os.Stdout, Reopen: w.hangup,
		Report: func(err error) {
			out.Warn().Err(err).Msg("the access log has gaps; more of this is told once a minute at most")
		},
	})
	if err != nil {
		w.access = nil
		w.close(out)
		return watch{}, fmt.Errorf("access_log.path: %w", err)
	}
	return w, nil
}

// close writes and delivers what waits, and stops. No request is being answered, or will be.
func (w watch) close(out output) {
	ctx, cancel := context.WithTimeout(context.Background(), watchTimeout)
	defer cancel()
	signal.Stop(w.hangup)
	var errs []error
	if w.access != nil {
		errs = append(errs, w.access.Close(ctx))
	}
	if w.tracer != nil {
		errs = append(errs, w.tracer.Close(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		out.Warn().Err(err).Msg("the last lines of the access log or the last traces are lost")
	}
}

// observe is told of each S3 request when it has ended.
func (o output) observe(r s3.Request) {
	o.metrics.Request(r)
	if o.watch.access != nil {
		o.watch.access.Observe(r)
	}
}
