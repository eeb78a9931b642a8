package cosmos

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// objectRows returns n rows of a partition with records as long as those of objects are, about 700 bytes.
func objectRows(partition string, n int) []rows.Row {
	all := someRows(partition, n, 1)
	for i := range all {
		all[i].Record = fmt.Sprintf(`{"i":%d,"attributes":{"content_type":"image/jpeg"},"etag":%q}`, i, strings.Repeat("e", 640))
	}
	return all
}

// TestSpeed compares the rate of a Write of many rows with that of one row per request, each request taking 5 ms more. The
// emulator works in one thread, which keeps the first down, and the machine may be busy: the best of three counts.
func TestSpeed(t *testing.T) {
	table, hook := openHooked(t, emulators.Cosmos(t))
	hook.delay = 5 * time.Millisecond
	const few, many = 100, 6000
	best := 0.0
	for try := 0; try < 3 && best < 20; try++ {
		begun := time.Now()
		for _, r := range objectRows(fmt.Sprint("one", try), few) {
			mustWrite(t, table, []rows.Write{{Row: r}})
		}
		alone := few / time.Since(begun).Seconds()

		hook.count()
		begun = time.Now()
		mustWrite(t, table, puts(objectRows(fmt.Sprint("many", try), many)))
		together := many / time.Since(begun).Seconds()
		requests := hook.count()
		if requests > many/100 {
			t.Errorf("%d rows together took %d requests", many, requests)
		}
		t.Logf("%.0f rows/s one by one, %.0f rows/s together, in %d requests", alone, together, requests)
		best = max(best, together/alone)
	}
	if best < 20 {
		t.Errorf("rows together are written %.1f times as fast as one by one, want 20", best)
	}
}

// TestRequests counts the requests of reads and removals of many rows.
func TestRequests(t *testing.T) {
	t.Parallel()
	table, hook := openHooked(t, emulators.Cosmos(t))
	all := objectRows("p", 1500)
	mustWrite(t, table, puts(all))
	hook.count()
	atMost := func(call string, most int) {
		t.Helper()
		if n := hook.count(); n > most {
			t.Errorf("%s took %d requests, more than %d", call, n, most)
		}
	}

	if got, err := table.Scan(t.Context(), "p", "", "", 1000); err != nil || len(got) != 1000 {
		t.Fatalf("Scan: %d rows, %v", len(got), err)
	}
	atMost("a Scan of 1,000 rows", 1)

	keys := make([]rows.Key, 1000)
	for i := range keys {
		keys[i] = all[i].Key
	}
	if _, err := table.Get(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	atMost("a Get of 1,000 rows", 4)

	// Every other row is not there any more when all are removed.
	var half, whole []rows.Write
	for i, key := range keys[:100] {
		w := rows.Write{Row: rows.Row{Key: key}, Remove: true}
		if whole = append(whole, w); i%2 == 0 {
			half = append(half, w)
		}
	}
	mustWrite(t, table, half)
	atMost("a removal of 50 rows", 1)
	mustWrite(t, table, whole)
	atMost("a removal of 100 rows, half of which are gone", 3)
}
