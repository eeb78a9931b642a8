package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

func runServe(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := newConfigFlags("serve")
	flags.key("listen", "server.listen", "listen on `HOST:PORT` (default 127.0.0.1:9000)")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	return serve(ctx, c, newOutput(c.Logging, stderr))
}

// serve runs the server until ctx ends. Every start is a recovery, so there is nothing that a stop must do.
func serve(ctx context.Context, c *config.Config, out output) error {
	certs, err := loadTLS(c.Server.TLS)
	if err != nil {
		return err
	}
	if out.watch, err = openWatch(ctx, c, out); err != nil {
		return err
	}
	defer func() { out.watch.close(out) }()
	listener, err := listen(c)
	if err != nil {
		return err
	}
	server := startServer(listener, certs, refusing(c, out, errStarting), out)
	end := func() error { return nil }
	switch parts, err := openParts(ctx, c, out); {
	case err == nil:
		if parts.public, err = openEvents(ctx, c, parts, out); err != nil {
			return errors.Join(err, parts.close(), server.stop(0, out))
		}
		node := startNode(c, parts, out)
		end = node.close
		server.http.RegisterOnShutdown(node.events.End)
		server.front.set(node.handler())
		if node.catchUp(ctx) {
			greet(out, c, endpoint(c, listener), node.eventsEndpoint())
		}
	case ctx.Err() != nil: // asked to stop before it had begun
		return server.stop(0, out)
	case isContradiction(err):
		server.front.set(refusing(c, out, err))
		out.Error().Err(err).Str("endpoint", endpoint(c, listener)).
			Msg("every S3 request is answered with 503, because the data cannot be trusted")
	default:
		return errors.Join(err, server.stop(0, out))
	}

	select {
	case <-ctx.Done():
		out.Info().Msg("stopping")
	case err = <-server.ended:
		err = fmt.Errorf("accept connections: %w", err)
	}
	if stopped := server.stop(c.Server.ShutdownTimeout, out); stopped != nil {
		return errors.Join(err, stopped) // the parts are still in use; not closing them is safe, as a crash is
	}
	return errors.Join(err, end())
}

// isContradiction tells whether an error means that the log, the metadata or the blobs are not what was written to them.
// That does not get better by starting again, as a supervisor does when a process ends, so the server stays and says so to
// everybody who asks.
func isContradiction(err error) bool {
	_, corrupt := errors.AsType[*eventlog.CorruptError](err)
	_, lost := errors.AsType[*eventlog.PositionError](err)
	_, metadata := errors.AsType[*projections.DamagedError](err)
	_, blobs := errors.AsType[*backends.DamagedError](err)
	return corrupt || lost || metadata || blobs
}
