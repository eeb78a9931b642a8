package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bleepstore/bleepstore/api"
)

// scrubRate is how many bytes a second a server reads to check them beside its work.
const scrubRate = 16 << 20

// runScrub checks all blobs of a server that is stopped, as fast as they can be read. Damage is an error.
func runScrub(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := newConfigFlags("scrub").load(args, stderr)
	if err != nil {
		return err
	}
	p, err := openCaughtUp(ctx, c, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	service := api.New(api.Config{Log: p.log, Store: p.store, Blobs: p.blobs})
	scrubbed, err := service.Scrub(ctx, 0, func(damage api.Damage) { fmt.Fprintln(stdout, damage) })
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d blobs with %d bytes were read; %d are damaged\n", scrubbed.Blobs, scrubbed.Bytes, scrubbed.Damaged)
	if scrubbed.Damaged > 0 {
		return errors.New("some objects cannot be read: restore them from a copy, or delete them")
	}
	return nil
}
