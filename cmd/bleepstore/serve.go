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
	certificate, err := loadCertificate("server.tls", c.Server.TLS)
	if err != nil {
		return err
	}
	eventsCertificate := certificate
	if c.Events.Listen != "" && c.Events.TLS.Enabled() {
		if eventsCertificate, err = loadCertificate("events.tls", c.Events.TLS); err != nil {
			return err
		}
		defer watchCertificate(eventsCertificate, c.Events.TLS.Cert, out)()
	}
	if out.watch, err = openWatch(ctx, c, out); err != nil {
		return err
	}
	defer func() { out.watch.close(out) }()
	listeners, err := listen(c, out)
	if err != nil {
		return err
	}
	defer watchCertificate(certificate, c.Server.TLS.Cert, out)()
	servers := startServers(listeners, certificate, refusing(c, out, errStarting), out)
	end, endStreams := func() error { return nil }, func() {}
	switch parts, err := openServed(ctx, c, out); {
	case err == nil:
		if parts.public, err = openEvents(ctx, c, parts, eventsCertificate, out); err != nil {
			return errors.Join(err, parts.close(), servers.stop(0, out))
		}
		node := startNode(c, parts, out)
		end, endStreams = node.close, node.events.End
		servers.set(node.handlers())
		if node.catchUp(ctx) {
			at := listeners.endpoints(c)
			at.events = node.eventsEndpoint()
			greet(out, c, at)
		}
	case ctx.Err() != nil: // asked to stop before it had begun
		return servers.stop(0, out)
	case isContradiction(err):
		servers.set(refusing(c, out, err))
		out.Error().Err(err).Str("endpoint", listeners.endpoints(c).s3).
			Msg("every S3 request is answered with 503, because the data cannot be trusted")
	default:
		return errors.Join(err, servers.stop(0, out))
	}

	select {
	case <-ctx.Done():
		out.Info().Msg("stopping")
	case err = <-servers.ended:
		err = fmt.Errorf("accept connections: %w", err)
	}
	endStreams()
	if stopped := servers.stop(c.Server.ShutdownTimeout, out); stopped != nil {
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
