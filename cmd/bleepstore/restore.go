package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bleepstore/bleepstore/api/backup"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/projections"
)

// runRestore fills a data folder with a backup. The folder must hold nothing, or what a restore has left that was cut short.
func runRestore(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, dir, err := newConfigFlags("restore").loadWith("DIR", args, stderr)
	if err != nil {
		return err
	}
	if c.Ephemeral() {
		return fmt.Errorf("blobs in %s do not survive: there is nothing to restore to", c.Storage.Backend)
	}
	if _, err := backup.Read(dir); err != nil {
		return err
	}
	folder, err := lockFolder(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.close()) }()
	blobs, err := openRaw(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, blobs.Close()) }()
	if err := beginRestore(ctx, c, blobs); err != nil {
		return err
	}
	console := newConsole(stdout, stderr)
	defer console.end()
	copied, err := restore(ctx, c, dir, blobs, report{console})
	if err != nil {
		return fmt.Errorf("%w; run the command again to go on", err)
	}
	// Durably: were it there again after a power cut, a restore would remove what was written since.
	if err := errors.Join(os.Remove(restoringFile(c)), durable.Sync(c.Data)); err != nil {
		return err
	}
	fmt.Fprintf(console, "%s has all as of %v: %s. Start the server.\n", c.Data, copied.Position, objectsOf(copied))
	tellElsewhere(console, copied)
	return damagedError(copied)
}

// restoringFile is there while a restore is not complete. No server begins on half of a backup: it would delete the blobs
// that no event names yet.
func restoringFile(c *config.Config) string { return filepath.Join(c.Data, "restoring") }

// beginRestore checks that nothing is overwritten, and removes what an earlier restore has begun.
func beginRestore(ctx context.Context, c *config.Config, blobs backends.Backend) error {
	if _, err := os.Stat(restoringFile(c)); err == nil {
		for _, dir := range foldersToRestore(c) {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
		return nil
	}
	for _, dir := range foldersToRestore(c) {
		switch _, err := os.Stat(dir); {
		case err == nil:
			return fmt.Errorf("%s is there, and a backup is only restored to where nothing is: move it away, or choose another folder", dir)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	found, err := blobs.List(ctx, "", 1)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return errors.New("the storage holds blobs, and a backup is only restored to where nothing is: empty it, or choose another")
	}
	if err := os.WriteFile(restoringFile(c), nil, 0o600); err != nil {
		return err
	}
	return durable.Sync(c.Data)
}

// foldersToRestore are the folders that a restore makes, beside that of the blobs.
func foldersToRestore(c *config.Config) []string {
	if config.IsFolder(c.Metadata.Engine) {
		return []string{c.LogDir(), c.MetadataPlace()}
	}
	return []string{c.LogDir()}
}

// restore fills what belongs to the data folder. Log and metadata get their names when they are complete.
func restore(ctx context.Context, c *config.Config, dir string, blobs backends.Backend, r report) (copied backup.Copied, err error) {
	target := backup.Target{Blobs: blobs, Log: c.LogDir() + ".restored"}
	if err := os.RemoveAll(target.Log); err != nil {
		return copied, err
	}
	archives, err := archivesOf(c, blobs)
	if err != nil {
		return copied, err
	}
	target.Archives = archives.all
	fill := func(store projections.MetadataStore) (bool, error) {
		target.Store = store
		copied, err = backup.Restore(ctx, dir, target, r)
		return true, err
	}
	if engine := engineOf(c, c.Metadata.Engine, nil); config.IsFolder(engine.name) {
		err = engine.make(ctx, fill)
	} else { // the server will fill it from the snapshot
		_, err = fill(nil)
	}
	if err != nil {
		return copied, err
	}
	return copied, durable.Rename(target.Log, c.LogDir())
}
