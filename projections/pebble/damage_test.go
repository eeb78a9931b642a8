package pebble

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/projections"
)

// A store that can't be opened because its files are damaged says so, and where it is.
func TestDamagedFiles(t *testing.T) {
	sound := filepath.Join(t.TempDir(), "sound")
	for i := range 2 { // the second time makes a table of the log
		s, err := Open(sound)
		if err != nil {
			t.Fatal(err)
		}
		putBucket(t, s, i)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cutOff := func(path string) error { return os.Truncate(path, 10) }
	replace := func(path string) error { return os.WriteFile(path, []byte("something else"), 0o600) }
	rename := func(name string) func(path string) error { // in the options
		return func(path string) error {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, bytes.ReplaceAll(content, []byte(name), []byte("other"+name)), 0o600)
		}
	}
	flipBit := func(path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content[len(content)-1] ^= 1 // of what says that it is a table
		return os.WriteFile(path, content, 0o600)
	}
	for name, test := range map[string]struct {
		files  string
		damage func(path string) error
	}{
		"table cut off":             {"*.sst", cutOff},
		"table gone":                {"*.sst", os.Remove},
		"bit of a table flipped":    {"*.sst", flipBit},
		"manifest cut off":          {"MANIFEST-*", cutOff},
		"manifest gone":             {"MANIFEST-*", os.Remove},
		"comparer renamed":          {"OPTIONS-*", rename("leveldb.BytewiseComparator")},
		"merger renamed":            {"OPTIONS-*", rename("pebble.concatenate")},
		"options replaced":          {"OPTIONS-*", replace},
		"marker of the format gone": {"marker.format-version.*", os.Remove},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "metadata")
			if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
				t.Fatal(err)
			}
			paths, err := filepath.Glob(filepath.Join(dir, test.files))
			if err != nil || len(paths) == 0 {
				t.Fatalf("files to damage: %v, %v", paths, err)
			}
			for _, path := range paths {
				if err := test.damage(path); err != nil {
					t.Fatal(err)
				}
			}
			if s, err := Open(dir); err == nil {
				t.Error("the store was opened")
				s.Close()
			} else if found, ok := errors.AsType[*projections.DamagedError](err); !ok || found.Dir != dir {
				t.Errorf("got %v, want a DamagedError about %s", err, dir)
			}
		})
	}
}

// wantNoDamage checks that an error is not taken for damage, which would have somebody remove what is sound.
func wantNoDamage(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*projections.DamagedError](err); ok {
		t.Errorf("taken for damage: %v", err)
	}
}
