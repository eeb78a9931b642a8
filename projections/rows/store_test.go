package rows_test

import (
	"testing"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

func open(t testing.TB, table rows.Table) *rows.Store {
	t.Helper()
	store, err := rows.Open(t.Context(), table, func(err error) { t.Logf("to be repeated: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	storetest.RunPersistent(t, func(t *testing.T) func() projections.MetadataStore {
		table := newMemoryTable()
		return func() projections.MetadataStore { return open(t, table) }
	})
}
