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

func runScrub(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := newConfigFlags("scrub").load(args, stderr)
	if err != nil {
		return err
	}
	return runTask(ctx, c, "scrub", nil, stdout, stderr)
}

// scrub checks all blobs as fast as they can be read. Damage is an error.
func scrub(ctx context.Context, w *work) error {
	scrubbed, err := w.service.Scrub(ctx, 0, func(damage api.Damage) { fmt.Fprintln(w.out, damage) })
	fmt.Fprintf(w.out, "%d blobs with %d bytes were read; %d are damaged\n", scrubbed.Blobs, scrubbed.Bytes, scrubbed.Damaged)
	if err != nil {
		return err
	}
	if scrubbed.Damaged > 0 {
		return errors.New("some objects cannot be read: restore them from a copy, or delete them")
	}
	return nil
}
