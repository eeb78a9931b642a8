package rebase

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/transfer"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/moving"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// run is a move under way.
type run struct {
	Server
	move  *moving.Move
	blobs *transfer.Copier
	from  backends.ID // of the first blob that the next pass has to look at

	mu      sync.Mutex // guards what follows, and is held while the report is told something
	report  Report
	damaged int
}

// pass copies the blobs that the records name which the passes before have not looked at: those of ids behind the boundary of
// the one before, all of whose named blobs are there.
func (r *run) pass(ctx context.Context) error {
	records, boundary, err := r.Service.Settled(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	first := r.from == ""
	var total transfer.Total
	if first { // the only pass that takes long
		for record, err := range projections.Each(ctx, records) {
			if err != nil {
				return err
			}
			total.Add(record)
		}
	}
	g, copying := errgroup.WithContext(ctx)
	g.SetLimit(transfer.AtOnce)
	err = r.each(copying, g, records, total.Bytes)
	if failed := g.Wait(); failed != nil {
		return r.failed("blobs", failed)
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return r.failed("blobs", err)
	}
	if r.damaged > 0 {
		return fmt.Errorf("%d blobs cannot be copied, and all else was: the storage in use is still %s; restore the objects from "+
			"another copy, or delete them, and run the command again", r.damaged, r.move.From().Name)
	}
	r.from = boundary
	return nil
}

// each begins to copy the blobs of all records.
func (r *run) each(ctx context.Context, g *errgroup.Group, records projections.Records, total int64) error {
	var begun transfer.Total
	var upload *projections.Upload // whose parts come next
	for record, err := range projections.Each(ctx, records) {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil // of which pass knows the cause
		}
		if garbage, ok := record.(projections.PutGarbage); ok {
			if err := r.garbage(ctx, g, garbage.Garbage); err != nil {
				return err
			}
			continue
		}
		if put, ok := record.(projections.PutUpload); ok {
			upload = put.Upload
		}
		if manifest := manifestOf(record); manifest != "" && manifest < r.from { // what it lists was copied with it
			begun.Add(record)
			continue
		}
		named, err := r.Service.NamedBlobs(ctx, record)
		if err != nil {
			if err := r.unreadable(ctx, api.Damage{NamedBlob: named[0], Err: err}); err != nil {
				return err
			}
			named = nil
		}
		for _, blob := range named {
			if upload != nil && blob.Upload == upload.ID { // of which the record of a part tells no more
				blob.Label.Bucket, blob.Label.Key, blob.Label.ContentType = upload.Bucket, upload.Key, upload.Attributes.ContentType
			}
			if blob.Place == "" && backends.ID(blob.ID) >= r.from {
				g.Go(func() error { return r.blobs.Blob(ctx, blob) })
			}
		}
		begun.Add(record)
		if total > 0 {
			r.tell(begun.Bytes, total)
		}
	}
	return nil
}

// manifestOf returns the id of the manifest of an object or a version; empty if it has none.
func manifestOf(record projections.Change) backends.ID {
	var manifest *eventlog.Blob
	switch r := record.(type) {
	case projections.PutObject:
		manifest = r.Object.Manifest
	case projections.PutVersion:
		manifest = r.Version.Manifest
	}
	if manifest == nil {
		return ""
	}
	return backends.ID(manifest.ID)
}

// garbage begins to copy garbage: somebody may still read it, and a snapshot name it. What cannot be read of it is told, and
// keeps nobody from moving the rest, which alone is needed.
func (r *run) garbage(ctx context.Context, g *errgroup.Group, garbage projections.Garbage) error {
	if garbage.Manifest && backends.ID(garbage.ID) < r.from {
		return nil
	}
	freed, err := r.Service.FreedBlobs(ctx, garbage)
	if err != nil {
		if api.IsPassing(ctx, err) {
			return err
		}
		r.lost(backends.ID(garbage.ID), err)
	}
	for _, id := range freed {
		if id < r.from {
			continue
		}
		g.Go(func() error {
			unreadable, err := r.blobs.Unnamed(ctx, r.move.From(), id, backends.Label{})
			if unreadable && !api.IsPassing(ctx, err) {
				r.lost(id, err)
				return nil
			}
			return err
		})
	}
	return nil
}

// unreadable reports damage, unless the record is gone since: then the blob may be gone rightly.
func (r *run) unreadable(ctx context.Context, damage api.Damage) error {
	if api.IsPassing(ctx, damage.Err) {
		return damage.Err
	}
	named, err := r.Service.StillNamed(ctx, damage.NamedBlob)
	if err != nil || !named {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.damaged++
	r.report.Damaged(damage)
	return nil
}

// lost tells of garbage that is not copied.
func (r *run) lost(id backends.ID, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Lost(id, err)
}

func (r *run) tell(done, total int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Bytes(done, total)
}
