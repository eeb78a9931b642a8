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

// openFolder makes the data folder where there is none, and takes it. What an ephemeral server that was killed has left
// there goes now.
func openFolder(c *config.Config) (*folder, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	lock, err := vfs.Default.Lock(filepath.Join(c.Data, "lock"))
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return nil, fmt.Errorf("the data folder %s is in use: stop the other server on it first: %w", c.Data, err)
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
