package durable

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// KeepMarkers returns a file system for Pebble, which tells which of its files count by markers: files whose names say so.
// To move one, Pebble makes the new marker, removes the old one, and then syncs the folder. Where a file system does not keep
// the order of changes of names, a power cut in between can take both, and Pebble takes a database without a marker for a
// new one and deletes its files. So an old marker only goes when the new one is durable.
func KeepMarkers(fs vfs.FS) vfs.FS { return markers{fs} }

type markers struct{ vfs.FS }

// Remove implements vfs.FS.
func (m markers) Remove(name string) error {
	if strings.HasPrefix(m.PathBase(name), "marker.") {
		if err := SyncFolder(m.FS, m.PathDir(name)); err != nil {
			return err
		}
	}
	return m.FS.Remove(name)
}

// Unwrap implements vfs.FS.
func (m markers) Unwrap() vfs.FS { return m.FS }
