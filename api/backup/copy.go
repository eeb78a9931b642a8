package backup

import (
	"context"
	"errors"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/transfer"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/projections"
)

// copier copies the blobs that records name, and that are not there yet. What cannot be read is left out.
type copier struct {
	from    *api.Service
	to      backends.Backend
	records iter.Seq2[projections.Change, error]
	report  Report

	all       Objects
	new       Objects // blobs
	elsewhere Objects // blobs, which are not copied

	mu      sync.Mutex // held while the report is told something
	damaged int64
}

func (c *copier) copy(ctx context.Context) error {
	ctx = backends.Once(ctx)
	var total transfer.Total
	for record, err := range c.records {
		if err != nil {
			return err
		}
		total.Add(record)
	}
	blobs := &transfer.Copier{From: c.from, To: c.to, Unreadable: c.leaveOut}
	g, copying := errgroup.WithContext(ctx)
	g.SetLimit(transfer.AtOnce)
	err := c.each(copying, g, blobs, total.Bytes)
	if failed := g.Wait(); failed != nil {
		return failed
	}
	copied := blobs.Copied()
	c.all.Number, c.new = total.Number, Objects{Number: copied.Blobs, Bytes: copied.Bytes}
	return errors.Join(err, ctx.Err())
}

// each begins to copy the blobs of all records.
func (c *copier) each(ctx context.Context, g *errgroup.Group, blobs *transfer.Copier, total int64) error {
	var begun transfer.Total
	for record, err := range c.records {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil // of which copy knows the cause
		}
		named, err := c.from.NamedBlobs(ctx, record)
		if err != nil && api.IsPassing(ctx, err) {
			return err
		}
		if err != nil {
			if err := c.leaveOut(ctx, api.Damage{NamedBlob: named[0], Err: err}); err != nil {
				return err
			}
			named = nil
		}
		for _, blob := range named {
			if blob.Place != "" {
				c.elsewhere.Number++
				c.elsewhere.Bytes += blob.Size
				continue
			}
			g.Go(func() error { return blobs.Blob(ctx, blob) })
		}
		begun.Add(record)
		c.all.Bytes = begun.Bytes
		c.tell(total)
	}
	return nil
}

func (c *copier) tell(total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Bytes(c.all.Bytes, total)
}

func (c *copier) leaveOut(_ context.Context, damage api.Damage) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.damaged++
	c.report.Damaged(damage)
	return nil
}
