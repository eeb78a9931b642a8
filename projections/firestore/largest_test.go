package firestore_test

import (
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// TestLargestDocument writes a record that nearly fills a document, which none does.
func TestLargestDocument(t *testing.T) {
	table := openTable(t, newCollection(emulators.Firestore(t)))
	defer table.Close()
	r := rows.Row{
		Key: rows.Key{Partition: "p", Sort: strings.Repeat("\U0010ffff", rows.MaxSort/4)}, Commit: 1,
		Record: `"` + strings.Repeat("x", 1<<20-8<<10-2) + `"`,
	}
	if err := table.Write(t.Context(), []rows.Write{{Row: r}}); err != nil {
		t.Fatal(err)
	}
	if got, err := table.Get(t.Context(), []rows.Key{r.Key}); err != nil || got[0] == nil || *got[0] != r {
		t.Errorf("Get: %v", err)
	}
}
