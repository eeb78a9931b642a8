package pebble_test

import (
	"testing"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/pebble"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

func TestStore(t *testing.T) {
	storetest.RunPersistent(t, func(t *testing.T) func() projections.MetadataStore {
		dir := t.TempDir()
		return func() projections.MetadataStore { return open(t, dir) }
	})
}

func open(t testing.TB, dir string) *pebble.Store {
	t.Helper()
	s, err := pebble.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
