package local

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// newSettled makes a backend's folder in which small blobs are in tables, and returns their ids.
func newSettled(t *testing.T, dir string) (ids []backends.ID) {
	t.Helper()
	for range 2 { // the second time makes a table of the log
		b, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		id, err := put(t, b, 1000)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "small", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("files to damage: %v, %v", paths, err)
	}
	return paths
}

// A backend that can't be opened because its files are damaged says so and where they are, and leaves them alone.
func TestDamagedFiles(t *testing.T) {
	cutOff := func(path string) error { return os.Truncate(path, 10) }
	for name, test := range map[string]struct {
		files  string
		damage func(path string) error
	}{
		"table cut off":               {"*.sst", cutOff},
		"table gone":                  {"*.sst", os.Remove},
		"manifest cut off":            {"MANIFEST-*", cutOff},
		"manifest gone":               {"MANIFEST-*", os.Remove},
		"marker of the manifest gone": {"marker.manifest.*", os.Remove},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			newSettled(t, dir)
			for _, path := range glob(t, dir, test.files) {
				if err := test.damage(path); err != nil {
					t.Fatal(err)
				}
			}
			if b, err := Open(dir); err == nil {
				t.Error("the backend was opened")
				b.Close()
			} else if found, ok := errors.AsType[*backends.DamagedError](err); !ok || found.Dir != filepath.Join(dir, "small") {
				t.Errorf("got %v, want a DamagedError about the folder of the small blobs", err)
			}
			glob(t, dir, "*.blob")
		})
	}
}

// Damage that Pebble finds only when it reads is an error of who reads, and nobody else's.
func TestDamagedTables(t *testing.T) {
	for name, files := range map[string]string{"keys": "*.sst", "values": "*.blob"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ids := newSettled(t, dir)
			for _, path := range glob(t, dir, files) {
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for i := range content {
					content[i] ^= 1
				}
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			b := openOn(t, vfs.Default, dir)
			if err := read(t, b, ids[0], 1000); err == nil || errors.Is(err, backends.ErrNotFound) {
				t.Errorf("Get of a damaged blob: %v, want an error that is not ErrNotFound", err)
			}
			id, err := put(t, b, 1000)
			if err == nil {
				err = read(t, b, id, 1000)
			}
			if err != nil {
				t.Errorf("a blob that came after the damage: %v", err)
			}
		})
	}
}
