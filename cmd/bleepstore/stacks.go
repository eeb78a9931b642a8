package main

import (
	"context"
	"errors"
	"io"
	"runtime/pprof"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// runStacks prints what a server is doing, for who has to find out why it does not do something else.
func runStacks(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := newConfigFlags("stacks").load(args, stderr)
	if err != nil {
		return err
	}
	return runTask(ctx, c, "stacks", nil, stdout, stderr)
}

// openNothing is for tasks that only a server which runs can do.
func openNothing(_ context.Context, c *config.Config, _ output) (*parts, error) {
	folder, err := openFolder(c)
	if err != nil {
		return nil, err
	}
	return nil, errors.Join(errors.New("no server runs on "+c.Data), folder.close())
}

func stacks(_ context.Context, w *work) error {
	const withCounts = 1 // stacks that are the same come once, with their number; see the package's documentation
	return pprof.Lookup("goroutine").WriteTo(w.out, withCounts)
}
