package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// folder is the data folder, which belongs to one process at a time.
type folder struct {
	lock      io.Closer
	ephemeral string // folder in it that goes with the process; empty if all is kept
}

// errInUse says that another process has the data folder.
var errInUse = errors.New("the data folder is in use by another process")

// openFolder makes the data folder where there is none, and takes it. One to which a backup is half restored is an error, as is
// one whose objects are half made of blobs.
func openFolder(c *config.Config) (*folder, error) {
	f, err := lockFolder(c)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(restoringFile(c)); err == nil {
		return nil, errors.Join(fmt.Errorf("a backup was not restored to its end to %s: run \"bleepstore restore\" again", c.Data), f.close())
	}
	if _, err := os.Stat(rebuildingDir(c)); err == nil {
		return nil, errors.Join(fmt.Errorf("not all objects were made of the blobs in the storage: run \"bleepstore import --from-blobs\" "+
			"again, for %s", c.Data), f.close())
	}
	return f, nil
}

// lockFolder makes the data folder where there is none, and takes it. What an ephemeral server that was killed has left
// there goes now.
func lockFolder(c *config.Config) (*folder, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := vfs.Default.Lock(filepath.Join(c.Data, "lock"))
	if errors.Is(err, syscall.EAGAIN) {
		return nil, fmt.Errorf("%w: stop the server on %s first: %w", errInUse, c.Data, err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data folder %s: %w", c.Data, err)
	}
	f := &folder{lock: lock}
	if c.Ephemeral() {
		f.ephemeral = c.EphemeralDir()
		if err := f.empty(); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	return f, nil
}

func (f *folder) empty() error {
	if f.ephemeral == "" {
		return nil
	}
	if err := os.RemoveAll(f.ephemeral); err != nil {
		return fmt.Errorf("remove what is not kept: %w", err)
	}
	return nil
}

// close removes what is not kept, and lets others take the folder.
func (f *folder) close() error { return errors.Join(f.empty(), f.lock.Close()) }
