package local

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/fulldisk"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pebble can't go on after a failed write to its log or its manifest, so a full disk must never get that far. Writes are
// refused while there is still room for what Pebble does in the background with those that it has accepted. Deletes
// may use more of that room, because they are the way out. How these reserves relate to those of the event log and the
// metadata, which may be on the same disk, is said where eventlog has its own.
const (
	putReserve    = 64 << 20 // bytes that must be free for a blob to be stored
	deleteReserve = 16 << 20 // bytes that must be free for small blobs to be deleted
)

// disk is the file system that holds the backend's folder.
type disk struct {
	fs  vfs.FS
	dir string
}

// require gives backends.ErrNoSpace where less than reserve bytes are free. It costs a few microseconds.
func (d disk) require(reserve uint64) error {
	usage, err := d.fs.GetDiskUsage(d.dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", d.dir, err)
	}
	if usage.AvailBytes < reserve {
		return fmt.Errorf("%w: %d MiB free at %s, %d MiB are kept in reserve",
			backends.ErrNoSpace, usage.AvailBytes>>20, d.dir, reserve>>20)
	}
	return nil
}

// holdsTables tells whether a folder has tables of a database. Pebble takes one whose marker of the manifest is gone for a
// new one, and would delete them.
func (d disk) holdsTables(folder string) (bool, error) {
	names, err := d.fs.List(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	isTable := func(name string) bool { return filepath.Ext(name) == ".sst" }
	return slices.ContainsFunc(names, isTable), err
}

// spaceError adds backends.ErrNoSpace to an error of the file system that means it.
func spaceError(err error) error {
	if fulldisk.Is(err) {
		return fmt.Errorf("%w: %w", backends.ErrNoSpace, err)
	}
	return err
}
