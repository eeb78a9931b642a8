package cosmos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/rows/tabletest"
)

// TestLargest writes the largest records that there can be, alone and many at once, and checks that they are well below the
// service's limits. The emulator's launcher refuses requests of more than 2 MB, as the service does.
func TestLargest(t *testing.T) {
	t.Parallel()
	table, _ := openHooked(t, emulators.Cosmos(t))
	records, err := tabletest.LargestRecords()
	if err != nil {
		t.Fatal(err)
	}
	for name, record := range records {
		var all []rows.Row
		for i := range 7 { // more than fit in a request
			all = append(all, rows.Row{Key: rows.Key{Partition: name, Sort: fmt.Sprintf("%02d", i)}, Commit: 1, Record: record})
		}
		item, err := encode(all[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("the largest %s: a record of %d KB, an item of %d KB", name, len(record)>>10, len(item)>>10)
		if len(item) > 1<<20 {
			t.Errorf("the largest %s is an item of %d bytes", name, len(item))
		}
		mustWrite(t, table, puts(all[:1]))
		mustWrite(t, table, puts(all))
		mustHold(t, table, all)
	}
	// Rows that a batch has no room for more than one of.
	var all []rows.Row
	for i := range 3 {
		all = append(all, rows.Row{Key: rows.Key{Partition: "huge", Sort: fmt.Sprint(i)}, Record: `"` + strings.Repeat("x", 1900<<10) + `"`})
	}
	mustWrite(t, table, puts(all))
	mustHold(t, table, all)
	all[0].Record = `"` + strings.Repeat("x", 2<<20) + `"`
	if err := table.Write(t.Context(), puts(all[:1])); status(err) != http.StatusRequestEntityTooLarge {
		t.Errorf("a row of more than 2 MB: %v", err)
	}
}

// FuzzSort checks that encoded sort keys sort as the keys do, and can be decoded.
func FuzzSort(f *testing.F) {
	f.Add("a", "a\x00")
	f.Add("\U00010000", "\uffff")
	f.Add("", "\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		ea, eb := encodeSort("p", a), encodeSort("p", b)
		if strings.Compare(ea, eb) != strings.Compare(a, b) {
			t.Errorf("%q and %q are encoded as %q and %q", a, b, ea, eb)
		}
		if key, err := decodeSort(ea); err != nil || key.Sort != a || key.Partition != "p" {
			t.Errorf("%q is decoded as %q, %v", ea, key, err)
		}
		if !slices.IsSorted([]string{encodeSort("p", ""), ea, "p" + behindSort}) {
			t.Errorf("%q is not between the ends of its partition", ea)
		}
	})
}
