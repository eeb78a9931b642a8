package dynamodb_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// TestLaterRowStays makes writes of an earlier commit than that of the rows which they find.
func TestLaterRowStays(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	writes := puts(2, 5)
	write(t, table, writes...)
	write(t, table, rows.Write{Row: row("00000", 4)}, rows.Write{Row: rows.Row{Key: row("00001", 0).Key, Commit: 4}, Remove: true})
	wantRows(t, table, writes)
}

// The times of a request that arrives late: when its answer is given up, when the emulator gets it, and when it is taken to
// be settled.
const (
	givenUp    = 500 * time.Millisecond
	arrives    = 800 * time.Millisecond
	isSettled  = givenUp + afterwards
	afterwards = time.Second
)

// delay lets the first request of an operation arrive late. The channel tells when it has arrived, and how that went.
func (p *proxy) delay(operation string) <-chan error {
	arrived := make(chan error, 1)
	p.set(func(_ http.ResponseWriter, o string, n int, body []byte) bool {
		if o != operation || n > 0 {
			return false
		}
		time.Sleep(arrives)
		_, err := p.forward(operation, body)
		arrived <- err
		return true
	})
	return arrived
}

// TestLateBatch has a batch arrive after its answer was given up and its writes were made by another.
func TestLateBatch(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openImpatient(t, emulated("table", p.URL), givenUp, afterwards)
	arrived := p.delay("BatchWriteItem")
	begun := time.Now()
	write(t, table, puts(30, 1)...)
	write(t, table, puts(30, 1)...) // what is repeated need not wait
	if took := time.Since(begun); took >= isSettled {
		t.Errorf("the writes took %v, as if they had waited", took)
	}
	later := puts(30, 2)
	write(t, table, later...)
	if err := <-arrived; err != nil {
		t.Errorf("a late batch: %v", err)
	}
	wantRows(t, table, later)
}

// TestLatePut has the put of a row arrive after its answer was given up and the row was removed.
func TestLatePut(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openImpatient(t, emulated("table", p.URL), givenUp, afterwards)
	arrived := p.delay("PutItem")
	begun := time.Now()
	write(t, table, puts(1, 1)...)
	write(t, table, puts(1, 2)...) // the condition guards it
	if took := time.Since(begun); took >= isSettled {
		t.Errorf("the writes took %v, as if they had waited", took)
	}
	write(t, table, rows.Write{Row: rows.Row{Key: row("00000", 0).Key, Commit: 3}, Remove: true})
	wantError(t, <-arrived, "ConditionalCheckFailedException")
	wantRows(t, table, nil)
}
