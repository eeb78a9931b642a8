package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/local"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
	records "github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/pebble"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

// logSource is a log as projections see it: with what was trimmed, which the archive has.
type logSource struct {
	*eventlog.Log
	archive *archive.Archive // nil if nothing was trimmed
}

func (s logSource) Read(ctx context.Context, after eventlog.Position) (projections.Reader, error) {
	if s.archive == nil {
		return s.Log.Read(ctx, after)
	}
	return s.archive.Reader(ctx, s.Log, after)
}

// verifyFolder checks the data folder of a server that has stopped: log and archive are sound, the metadata is what a fresh
// replay of them makes, and there are the blobs that it names and no others.
func verifyFolder(t testing.TB, dir string, env ...string) {
	t.Helper()
	acknowledgedState{dir: dir, env: env}.mustRun(t, "log", "verify")
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	source := logSource{Log: log}
	if log.First() > 1 {
		archives, err := files.OpenDir(archiveDir(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		if source.archive, err = archive.Open(t.Context(), archives, log.ID(), archive.DefaultSegmentSize); err != nil {
			t.Fatal(err)
		}
	}
	store, err := pebble.Open(filepath.Join(dir, "metadata"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	replayed := records.New()
	projector := projections.NewProjector(source, replayed)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(ctx) }()
	err = projector.Wait(t.Context(), log.Head())
	stop()
	if err = errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
	got, want := dumpOf(t, store), dumpOf(t, replayed)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the metadata at %v is not what a replay up to %v makes", got.Position, want.Position)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
	verifyBlobs(t, filepath.Join(dir, "blobs"), got)
}

// archiveDir is the folder of the archive within a data folder.
func archiveDir(t testing.TB, dir string) string {
	t.Helper()
	for _, place := range archivePlaces {
		path := filepath.Join(dir, place.folder)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("there is no archive in %s", dir)
	return ""
}

func dumpOf(t testing.TB, store projections.Records) storetest.Dump {
	t.Helper()
	d, err := storetest.DumpOf(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// verifyBlobs checks that there are the blobs that the metadata names, what manifests list included, and no others but
// garbage.
func verifyBlobs(t testing.TB, dir string, d storetest.Dump) {
	t.Helper()
	blobs, err := local.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	expected := make(map[string]bool)
	for id := range d.Named() {
		expected[id] = true
	}
	for _, o := range d.Objects {
		if o.Manifest == nil {
			continue
		}
		r, err := blobs.Get(t.Context(), backends.ID(o.Manifest.ID), 0, o.Manifest.Size)
		if err != nil {
			t.Fatal(err)
		}
		var m eventlog.Manifest
		if err := json.UnmarshalRead(r, &m); err != nil {
			t.Fatal(err)
		}
		r.Close()
		for _, blob := range m.Blobs {
			expected[blob.ID] = true
		}
	}
	garbage := make(map[string]bool) // of which the bytes may be gone already
	for _, g := range d.Garbage {
		garbage[g.ID] = true
	}
	ids, err := blobs.List(t.Context(), "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if !expected[string(id)] && !garbage[string(id)] {
			t.Errorf("blob %s is left over", id)
		}
		delete(expected, string(id))
	}
	for _, o := range d.Objects {
		for _, blob := range o.Blobs {
			if blob.Place != "" {
				delete(expected, blob.ID)
			}
		}
	}
	for id := range expected {
		t.Errorf("blob %s is lost", id)
	}
}
