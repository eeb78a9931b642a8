package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/projections"
)

// errNoArchive is the answer where snapshots have no place.
var errNoArchive = errors.New("there is no archive: see archive.enabled in the configuration")

// openCaughtUp opens the parts of a server that is stopped, and applies to the metadata what the log has beyond it.
func openCaughtUp(ctx context.Context, c *config.Config, out output) (*parts, error) {
	p, err := openParts(ctx, c, out)
	if err != nil {
		return nil, err
	}
	if err := p.catchUp(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// catchUp applies to the metadata what the log has beyond it.
func (p *parts) catchUp(ctx context.Context) error {
	projector := projections.NewProjector(p.source(), p.store)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(running) }()
	err := projector.Wait(ctx, p.log.Head())
	stop()
	return errors.Join(err, <-ended)
}

func logSnapshot(ctx context.Context, w *work) error {
	if w.snapshots == nil {
		return errNoArchive
	}
	s, err := w.snapshots.Take(ctx, w.store, keptSnapshots)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%s has the metadata as of %v, in %d bytes\n", s.Where(), s.Position, s.Size)
	return nil
}
