package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
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
	listener, err := listen(c)
	if err != nil {
		return err
	}
	server := startServer(listener, certs, startingHandler(c, out), out)
	parts, err := openParts(ctx, c, out)
	if err != nil {
		if ctx.Err() != nil {
			err = nil // asked to stop before it had begun
		}
		return errors.Join(err, server.stop(0, out))
	}
	node := startNode(c, parts, out)
	server.front.set(node.handler())
	if node.catchUp(ctx) {
		greet(out, c, endpoint(c, listener))
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
	return errors.Join(err, node.close())
}
