package main

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/local"
	blobmemory "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/pebble"
)

// parts are what the configuration selects.
type parts struct {
	folder   *folder
	log      *eventlog.Log
	archiver *archiver
	store    projections.MetadataStore
	blobs    backends.Backend
}

// openParts opens all parts at once: together they take as long as the slowest.
func openParts(ctx context.Context, c *config.Config) (_ *parts, err error) {
	p := &parts{}
	if p.folder, err = openFolder(c); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	var g errgroup.Group
	g.Go(func() error {
		log, err := eventlog.Open(ctx, eventlog.Config{Dir: c.LogDir()})
		if err != nil {
			return err
		}
		p.log = log
		p.archiver, err = openArchiver(ctx, c.ArchiveDir(), log)
		return err
	})
	g.Go(func() error {
		store, err := openStore(c)
		if err == nil {
			p.store = store
		}
		return err
	})
	g.Go(func() error {
		blobs, err := openBlobs(c)
		if err == nil {
			p.blobs = blobs
		}
		return err
	})
	return p, g.Wait()
}

func openStore(c *config.Config) (projections.MetadataStore, error) {
	switch c.Metadata.Engine {
	case config.EngineMemory:
		return memory.New(), nil
	default:
		return pebble.Open(c.MetadataDir())
	}
}

func openBlobs(c *config.Config) (backends.Backend, error) {
	switch c.Storage.Backend {
	case config.BackendMemory:
		return blobmemory.New(int64(c.Storage.Memory.Limit)), nil
	default:
		return local.Open(c.BlobDir())
	}
}

// close closes what is open: first the log, so that nothing new comes, then what it is applied to.
func (p *parts) close() error {
	var errs []error
	if p.archiver != nil {
		errs = append(errs, p.archiver.close())
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
	errs = append(errs, p.folder.close())
	return errors.Join(errs...)
}

// source is the log as projections see it: with what was trimmed, as far as it is archived.
type source struct {
	*eventlog.Log
	archiver *archiver
}

func (s source) Read(ctx context.Context, after eventlog.Position) (projections.Reader, error) {
	archive := s.archiver.current()
	if archive == nil {
		reader, err := s.Log.Read(ctx, after)
		if err != nil {
			return nil, err
		}
		return reader, nil
	}
	reader, err := archive.Reader(ctx, s.Log, after)
	if err != nil {
		return nil, err
	}
	return reader, nil
}
