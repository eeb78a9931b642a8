package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/adopt"
	"github.com/bleepstore/bleepstore/backends/claim"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
)

// rebuildingDir is there while objects are made of blobs, for the files that this takes. No server begins then: it would delete
// the blobs that no event names yet.
func rebuildingDir(c *config.Config) string { return filepath.Join(c.Data, "rebuilding") }

// rebuildFromBlobs makes objects of the blobs of a log that is lost, in a new log. The storage belongs to that when all are made,
// and not before: a server of another data folder would delete what is not made yet.
func rebuildFromBlobs(ctx context.Context, c *config.Config, stdout, stderr io.Writer) (err error) {
	if !c.InCloud() {
		return fmt.Errorf("import --from-blobs: blobs in %s do not say of which objects they are, as those in a cloud do", c.Storage.Backend)
	}
	folder, err := lockFolder(c)
	if errors.Is(err, errInUse) {
		return fmt.Errorf("%w, and run the command again", err)
	}
	if err != nil {
		return err
	}
	direct := *c
	direct.Storage.Cache.Size = 0 // which would only be in the way: each blob is read once
	p, err := openUnclaimed(ctx, &direct, folder, newOutput(c.Logging, stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.beginRebuild(ctx, c); err != nil {
		return err
	}
	console := newConsole(stdout, stderr)
	defer console.end()
	w := &work{parts: p, config: c, stopped: true, out: console}
	rebuilt, err := w.rebuild(ctx)
	if err != nil {
		return err
	}
	if err := (claim.Claim{Log: p.log.ID()}).Write(ctx, p.blobs.Files()); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(rebuildingDir(c)), durable.Sync(c.Data)); err != nil {
		return err
	}
	return w.tellRebuilt(rebuilt)
}

// beginRebuild sees to it that the log is new, or what an earlier run has begun, and that the blobs are all there.
func (p *parts) beginRebuild(ctx context.Context, c *config.Config) error {
	found, err := claim.Read(ctx, p.blobs.Files())
	switch {
	case err != nil:
		return err
	case found != nil && found.MovedTo != "":
		return fmt.Errorf("the blobs of this storage were moved to %s, and are kept up to date only there: set storage.backend to that", found.MovedTo)
	case found != nil && found.MovingFrom != "":
		return fmt.Errorf("not all blobs are in this storage: they were being moved from %s; set storage.backend to that", found.MovingFrom)
	}
	_, err = os.Stat(rebuildingDir(c))
	if !errors.Is(err, fs.ErrNotExist) {
		return err // of an earlier run, with the log that it has begun
	}
	position, err := p.store.Position(ctx)
	if err != nil {
		return err
	}
	if head := p.log.Head(); head.Seq > 0 || !position.IsZero() {
		return fmt.Errorf("the log in %s or the metadata in %s is not empty, and objects are made of blobs only when both are lost: "+
			"\"bleepstore log repair\" makes a log again of metadata; or else choose another data folder", c.LogDir(), p.engine)
	}
	if err := os.Mkdir(rebuildingDir(c), 0o700); err != nil {
		return err
	}
	return durable.Sync(c.Data)
}

// rebuild makes objects of all blobs.
func (w *work) rebuild(ctx context.Context) (rebuilt adopt.Rebuilt, err error) {
	blobs, ok := w.blobs.InUse().(adopt.LabeledBackend)
	if !ok {
		return rebuilt, fmt.Errorf("blobs in %s do not say of which objects they are", w.config.Storage.Backend)
	}
	service, end := w.deciding(ctx)
	defer func() { err = errors.Join(err, end()) }()
	return adopt.Blobs(ctx, w.adoptTo(service), blobs, rebuildingDir(w.config), adoptReport{&portableReport{out: w.out}})
}

// adoptTo is where objects are made. Buckets belong to the first account.
func (w *work) adoptTo(service *api.Service) adopt.Server {
	return adopt.Server{
		Service: service, Store: w.store, Owner: w.config.Auth.Credentials[0].Account(),
		Ownership: eventlog.Ownership(w.config.Server.ObjectOwnership),
	}
}

func (w *work) tellRebuilt(r adopt.Rebuilt) error {
	fmt.Fprintf(w.out, "Made of the blobs in %s: %d objects with %d bytes, in %d buckets\n", w.config.BlobURL(), r.Objects, r.Bytes, r.Buckets)
	if r.Present > 0 {
		fmt.Fprintf(w.out, "%d objects had been made by an earlier run\n", r.Present)
	}
	if r.Replaced > 0 {
		fmt.Fprintf(w.out, "%d blobs are of what was replaced by these objects, or uploaded in vain, and go when the server has started\n", r.Replaced)
	}
	fmt.Fprintf(w.out, "The storage belongs to the new log, %s. Start the server.\n", w.log.ID())
	if r.LeftOut == 0 {
		return nil
	}
	return fmt.Errorf("of %d things no object was made, for the reasons above, and of all else: their blobs go when the server has started, "+
		"so copy before that what you need of them", r.LeftOut)
}
