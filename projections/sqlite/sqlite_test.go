package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/sqlite"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

func TestStore(t *testing.T) {
	storetest.RunPersistent(t, func(t *testing.T) func() projections.MetadataStore {
		dir := t.TempDir()
		return func() projections.MetadataStore { return open(t, dir) }
	})
}

func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	s := open(t, dir)
	if _, err := sqlite.Open(dir); err == nil {
		t.Error("the store was opened twice")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
