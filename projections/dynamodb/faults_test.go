package dynamodb_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/projections/dynamodb"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// exercise calls each method of a table that is empty, and checks what they did.
func exercise(t *testing.T, table rows.Table) {
	t.Helper()
	writes := puts(30, 1)
	write(t, table, writes...) // a batch of 25, and one of 5
	writes[3].Row = row("00003", 2)
	write(t, table, writes[3], rows.Write{Row: rows.Row{Key: row("00029", 0).Key, Commit: 2}, Remove: true})
	writes = writes[:29]
	wantRows(t, table, writes)
	keys := make([]rows.Key, len(writes))
	for i, w := range writes {
		keys[i] = w.Key
	}
	got, err := table.Get(t.Context(), keys)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	for i, r := range got {
		if r == nil || *r != writes[i].Row {
			t.Fatalf("Get: row %d is %+v, want %+v", i, r, writes[i].Row)
		}
	}
	wantGet(t, table, writes[3].Row)
	swapped := row("00003", 3)
	if err := table.Swap(t.Context(), swapped, writes[3].Record); err != nil {
		t.Fatalf("Swap: %v", err)
	}
	wantGet(t, table, swapped)
	if err := table.Check(t.Context()); err != nil {
		t.Fatalf("Check: %v", err)
	}
}

// settle is long enough for requests that get no answer to be settled here, where the emulator has answered them.
const settle = 50 * time.Millisecond

func openImpatient(t *testing.T, c dynamodb.Config, attempt, settle time.Duration) *dynamodb.Table {
	t.Helper()
	table, err := dynamodb.OpenImpatient(t.Context(), c, attempt, settle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

// TestPassingFaults lets the first request of each operation fail in a way that may pass.
func TestPassingFaults(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	forward := func(operation string, body []byte) []byte {
		answer, err := p.forward(operation, body)
		if err != nil {
			t.Error(err)
		}
		return answer
	}
	faults := []struct {
		name  string
		fault func(w http.ResponseWriter, operation string, body []byte)
	}{
		{"provisioned throughput", func(w http.ResponseWriter, _ string, _ []byte) {
			refuse(w, 400, "ProvisionedThroughputExceededException", "The level of configured provisioned throughput was exceeded.")
		}},
		{"throttling", func(w http.ResponseWriter, _ string, _ []byte) {
			refuse(w, 400, "ThrottlingException", "Rate exceeded")
		}},
		{"internal error", func(w http.ResponseWriter, _ string, _ []byte) { refuse(w, 500, "InternalServerError", "") }},
		{"no JSON", func(w http.ResponseWriter, _ string, _ []byte) { http.Error(w, "<html>", http.StatusBadGateway) }},
		{"request lost", func(http.ResponseWriter, string, []byte) { cut() }},
		{"answer lost", func(_ http.ResponseWriter, operation string, body []byte) {
			forward(operation, body)
			cut()
		}},
		{"answer cut", func(w http.ResponseWriter, operation string, body []byte) {
			answer := forward(operation, body)
			w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
			w.Write(answer[:len(answer)/2])
			w.(http.Flusher).Flush()
			cut()
		}},
	}
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			p.set(nil)
			table := openImpatient(t, emulated(fmt.Sprintf("table-%d", i), p.URL), 10*time.Second, settle)
			p.set(func(w http.ResponseWriter, operation string, n int, body []byte) bool {
				if n == 0 {
					f.fault(w, operation, body)
				}
				return n == 0
			})
			exercise(t, table)
		})
	}
}
