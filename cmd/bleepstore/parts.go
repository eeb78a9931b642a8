package main

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api/notify"
	"github.com/bleepstore/bleepstore/backends/moving"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/eventlog/public"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

// parts are what the configuration selects.
type parts struct {
	folder    *folder
	log       *eventlog.Log
	archiver  *archiver
	engine    engine
	store     projections.MetadataStore // of engine
	blobs     *moving.Backend
	elsewhere *remote.Elsewhere // reads blobs that are not in blobs

	snapshots *snapshot.Folder  // nil if there is no archive
	notifier  *notify.Notifier  // nil if there are no targets of notifications
	public    *public.Publisher // nil if there is no public stream; see openEvents
}

// openParts opens all parts.
func openParts(ctx context.Context, c *config.Config, out output) (*parts, error) {
	folder, err := openFolder(c)
	if err != nil {
		return nil, err
	}
	p, err := openUnclaimed(ctx, c, folder, out)
	if err != nil {
		return nil, err
	}
	if err := p.claimBlobs(ctx, c.InCloud()); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// openUnclaimed opens all parts but the folder, which it closes after an error, most of them at once: together they take as
// long as the slowest. Whose the blobs are is not asked.
func openUnclaimed(ctx context.Context, c *config.Config, folder *folder, out output) (_ *parts, err error) {
	p := &parts{folder: folder, engine: engineOf(c, c.Metadata.Engine, out.retry(retryMetadata)), elsewhere: openElsewhere(c.Storage)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	var g errgroup.Group
	g.Go(func() error {
		log, err := eventlog.Open(ctx, eventlog.Config{Dir: c.LogDir(), Appended: out.metrics.Appended})
		if err != nil {
			return err
		}
		p.log = log
		return nil
	})
	if config.IsFolder(p.engine.name) && !p.engine.isNew() {
		g.Go(func() (err error) {
			p.store, err = p.engine.open(ctx)
			return err
		})
	}
	g.Go(func() (err error) {
		p.blobs, err = openMovable(ctx, c, out.retry(retryCache))
		return err
	})
	if err := g.Wait(); err != nil {
		return p, err
	}
	if err := p.openArchive(ctx, c); err != nil {
		return p, err
	}
	if p.store == nil { // a new one is filled, for which the log must be known
		p.store, err = p.engine.openFilled(ctx, func(store projections.MetadataStore) (bool, error) { return p.fill(ctx, store, out) })
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// openArchive opens the archive of the log.
func (p *parts) openArchive(ctx context.Context, c *config.Config) error {
	archives, err := archivesOf(c, p.blobs)
	if err != nil {
		return err
	}
	p.snapshots = archives.snapshots(p.log.ID())
	p.archiver, err = openArchiver(ctx, archives, p.log)
	return err
}

// close closes what is open: first the log, so that nothing new comes, then what it is applied to.
func (p *parts) close() error {
	var errs []error
	if p.notifier != nil {
		errs = append(errs, p.notifier.Close())
	}
	if p.log != nil {
		errs = append(errs, p.log.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.blobs != nil {
		errs = append(errs, p.blobs.Close())
	}
	if p.elsewhere != nil {
		errs = append(errs, p.elsewhere.Close())
	}
	if p.folder != nil {
		errs = append(errs, p.folder.close())
	}
	return errors.Join(errs...)
}

// history is the log with what was trimmed of it, as far as it is archived.
func (p *parts) history() *archive.History { return archive.NewHistory(p.log, p.archiver.current) }

// source is the history as projections read it.
func (p *parts) source() source { return source{p.history()} }

type source struct{ *archive.History }

func (s source) Read(ctx context.Context, after eventlog.Position) (projections.Reader, error) {
	return s.Reader(ctx, after)
}
