package durable_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"

	"github.com/bleepstore/bleepstore/internal/durable"
)

// reordering is a file system on which a removal may reach the disk before anything that was done without a sync.
type reordering struct {
	vfs.FS
	unsynced, synced map[string]bool // files that were made
	lost             int             // how often a power cut could have taken the last file
}

func (r *reordering) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	r.unsynced[name] = true
	return r.FS.Create(name, c)
}

func (r *reordering) Remove(name string) error {
	delete(r.unsynced, name)
	delete(r.synced, name)
	if len(r.synced) == 0 {
		r.lost++
	}
	return r.FS.Remove(name)
}

func (r *reordering) OpenDir(name string) (vfs.File, error) {
	dir, err := r.FS.OpenDir(name)
	return folder{dir, r}, err
}

type folder struct {
	vfs.File
	fs *reordering
}

func (f folder) Sync() error {
	for name := range f.fs.unsynced {
		f.fs.synced[name] = true
	}
	clear(f.fs.unsynced)
	return f.File.Sync()
}

func moveMarker(t *testing.T, fs vfs.FS) {
	t.Helper()
	if err := fs.MkdirAll("dir", 0o700); err != nil {
		t.Fatal(err)
	}
	marker, _, err := atomicfs.LocateMarker(fs, "dir", "test")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := marker.Move(fmt.Sprint("value-", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := marker.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMarkersAreNotLost(t *testing.T) {
	disk := &reordering{FS: vfs.NewMem(), unsynced: map[string]bool{}, synced: map[string]bool{}}
	moveMarker(t, disk)
	if disk.lost == 0 {
		t.Error("Pebble takes care of this itself: KeepMarkers is not needed")
	}
	disk = &reordering{FS: vfs.NewMem(), unsynced: map[string]bool{}, synced: map[string]bool{}}
	moveMarker(t, durable.KeepMarkers(disk))
	if disk.lost > 0 {
		t.Errorf("a power cut could have taken both markers %d times", disk.lost)
	}
	if value, err := atomicfs.ReadMarker(disk, "dir", "test"); err != nil || value != "value-4" {
		t.Errorf("the marker is %q, %v", value, err)
	}
}
