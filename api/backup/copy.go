package backup

import (
	"context"
	"errors"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
)

// copies is how many blobs are copied at once: small ones share their fsyncs, as those of many clients do.
const copies = 32

// copier copies the blobs that records name, and that are not there yet.
type copier struct {
	from    *api.Service
	to      backends.Backend
	records iter.Seq2[projections.Change, error]
	report  Report

	all       Objects
	elsewhere Objects // blobs, which are not copied

	mu      sync.Mutex
	new     Objects
	damaged int64
	copying map[string]bool // blobs, of which several records may name one
}

func (c *copier) copy(ctx context.Context) error {
	total := int64(0)
	for record, err := range c.records {
		if err != nil {
			return err
		}
		n, bytes := countedBy(record)
		c.all.Number += n
		total += bytes
	}
	c.copying = make(map[string]bool)
	g, copying := errgroup.WithContext(ctx)
	g.SetLimit(copies)
	err := c.each(copying, g, total)
	if failed := g.Wait(); failed != nil {
		return failed
	}
	return errors.Join(err, ctx.Err())
}

// each begins to copy the blobs of all records.
func (c *copier) each(ctx context.Context, g *errgroup.Group, total int64) error {
	for record, err := range c.records {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil // of which copy knows the cause
		}
		named, err := c.from.NamedBlobs(ctx, record)
		if err != nil && ctx.Err() == nil {
			c.leaveOut(named[0], err)
			named = nil
		}
		for _, blob := range named {
			if blob.Place != "" {
				c.elsewhere.Number++
				c.elsewhere.Bytes += blob.Size
				continue
			}
			g.Go(func() error { return c.blob(ctx, blob) })
		}
		_, bytes := countedBy(record)
		c.all.Bytes += bytes
		c.tell(total)
	}
	return nil
}

func (c *copier) tell(total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Bytes(c.all.Bytes, total)
}

// countedBy tells whether a record is an object, a version or a part, and how many bytes it has.
func countedBy(record projections.Change) (number, bytes int64) {
	switch r := record.(type) {
	case projections.PutObject:
		return 1, r.Object.Size
	case projections.PutVersion:
		return 1, r.Version.Size
	case projections.PutPart:
		return 1, r.Part.Size
	}
	return 0, 0
}

// blob copies a blob, unless it is there. What cannot be read is left out; that it cannot be written is an error.
func (c *copier) blob(ctx context.Context, blob api.NamedBlob) error {
	if !c.begin(blob.ID) {
		return nil
	}
	defer c.end(blob.ID)
	id := backends.ID(blob.ID)
	there, err := c.to.Get(ctx, id, blob.Size, 0)
	if err == nil {
		return there.Close()
	}
	if !errors.Is(err, backends.ErrNotFound) {
		return err
	}
	from, err := c.from.OpenBlob(ctx, blob.Blob)
	if err != nil {
		if ctx.Err() == nil {
			c.leaveOut(blob, err)
		}
		return ctx.Err()
	}
	defer from.Close()
	source := &files.Source{R: from}
	_, err = c.to.Put(ctx, id, source, blob.Label)
	switch {
	case err == nil:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.new.Number++
		c.new.Bytes += blob.Size
		return nil
	case source.Err != nil && ctx.Err() == nil:
		c.leaveOut(blob, source.Err)
		return nil
	}
	return err
}

// begin tells whether a blob is to be copied by the caller: not if somebody does it.
func (c *copier) begin(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.copying[id] {
		return false
	}
	c.copying[id] = true
	return true
}

func (c *copier) end(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.copying, id)
}

func (c *copier) leaveOut(blob api.NamedBlob, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.damaged++
	c.report.Damaged(api.Damage{NamedBlob: blob, Err: err})
}
