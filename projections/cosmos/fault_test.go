package cosmos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// someRows returns n rows of a partition, as they are after a commit.
func someRows(partition string, n int, commit uint64) []rows.Row {
	all := make([]rows.Row, n)
	for i := range all {
		all[i] = rows.Row{
			Key: rows.Key{Partition: partition, Sort: fmt.Sprintf("%06d", i)}, Commit: commit,
			Record: fmt.Sprintf(`{"i":%d,"commit":%d}`, i, commit),
		}
	}
	return all
}

func puts(all []rows.Row) []rows.Write {
	writes := make([]rows.Write, len(all))
	for i, r := range all {
		writes[i].Row = r
	}
	return writes
}

func mustWrite(t *testing.T, table *Table, writes []rows.Write) {
	t.Helper()
	if err := table.Write(t.Context(), writes); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func mustHold(t *testing.T, table *Table, want []rows.Row) {
	t.Helper()
	got, err := table.Scan(t.Context(), want[0].Partition, "", "", len(want)+1)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("Scan: %v\n got %v\nwant %v", err, got, want)
	}
}

// TestPassing has each kind of request fail once for a cause that passes.
func TestPassing(t *testing.T) {
	t.Parallel()
	account := emulators.Cosmos(t)
	batch := func(status int) fault {
		return answer(http.StatusMultiStatus, fmt.Sprintf(`[{"statusCode":424},{"statusCode":%d},{"statusCode":424}]`, status))
	}
	inBatches := func(f fault) fault {
		return func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("x-ms-cosmos-is-batch-request") == "" {
				return nil, nil
			}
			return f(r)
		}
	}
	tests := []struct {
		name  string
		fault fault
		open  bool // whether a change that failed so may yet be made
	}{
		{"Throttled", answer(429, `{}`, "x-ms-retry-after-ms: 30"), false},
		{"Retry with", answer(449, `{}`), false},
		{"Timeout", answer(408, `{}`), true},
		{"Unavailable", answer(503, `{}`), true},
		{"Bad gateway", answer(502, `<html>`), true},
		{"Gone", answer(410, `{}`), false},
		{"Session not available", answer(404, `{}`, "x-ms-substatus: 1002"), false},
		{"Cut before", cutBefore, true},
		{"Cut after", cutAfter, true},
		{"Batch throttled", inBatches(batch(429)), false},
		{"Batch unavailable", inBatches(batch(503)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table, hook := openHooked(t, account)
			all := someRows("p", 20, 1)

			hook.set(once(onWrites(tt.fault)))
			begun := time.Now()
			mustWrite(t, table, puts(all))
			if open := !table.lost.until.IsZero(); open != tt.open {
				t.Errorf("taken for a change that may yet be made: %v, want %v", open, tt.open)
			}
			if took := time.Since(begun); tt.open && took < quick.end {
				t.Errorf("did not wait for the end of the first request: took %v", took)
			}
			hook.set(once(tt.fault))
			mustHold(t, table, all)
			hook.set(once(tt.fault))
			if got, err := table.Get(t.Context(), []rows.Key{all[3].Key}); err != nil || got[0] == nil || *got[0] != all[3] {
				t.Errorf("Get: %v, %v", got, err)
			}
			for i, record := range []string{`{"n":1}`, `{"n":2}`} { // made, then changed
				hook.set(once(onWrites(tt.fault)))
				r, was := rows.Row{Key: rows.Key{Partition: "q", Sort: "s"}, Record: record}, ""
				if i > 0 {
					was = `{"n":1}`
				}
				if err := table.Swap(t.Context(), r, was); err != nil {
					t.Errorf("Swap: %v", err)
				}
			}
		})
	}
}

// TestThrottledAfter checks that a request is not repeated before the service wants it.
func TestThrottledAfter(t *testing.T) {
	t.Parallel()
	table, hook := openHooked(t, emulators.Cosmos(t))
	hook.set(once(onWrites(answer(429, `{}`, "x-ms-retry-after-ms: 400"))))
	begun := time.Now()
	mustWrite(t, table, puts(someRows("p", 1, 1)))
	if took := time.Since(begun); took < 400*time.Millisecond {
		t.Errorf("repeated after %v", took)
	}
}

// TestRefused has requests fail for good, and checks what is said.
func TestRefused(t *testing.T) {
	t.Parallel()
	account := emulators.Cosmos(t)
	const body = `{"code":"X","message":"Message: the service's words.\r\nActivityId: 1\r\nmore"}`
	tests := []struct {
		name  string
		fault fault
		want  string
	}{
		{"Key", answer(401, body), "az cosmosdb keys list"},
		{"Role", answer(403, body), "Cosmos DB Built-in Data Contributor"},
		{"Full partition", answer(403, body, "x-ms-substatus: 1014"), "20 GB"},
		{"No container", answer(404, body, "x-ms-substatus: 1003"), "az cosmosdb sql container create"},
		{"Too large", answer(413, body), "2 MB"},
		{"Throttled", answer(429, body, "x-ms-retry-after-ms: 100"), "raise the throughput"},
		{"Bad request", answer(400, body), "400 Bad Request: Message: the service's words."},
		{"Cut", cutBefore, "the connection was cut"},
		{"Batch", answer(207, `[{"statusCode":424},{"statusCode":413}]`), "2 MB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table, hook := openHooked(t, account)
			table.times = times{answer: 500 * time.Millisecond, patience: 200 * time.Millisecond}
			hook.set(tt.fault)
			check := func(call string, err error) {
				t.Helper()
				if err == nil {
					t.Fatalf("%s: no error", call)
				}
				for _, want := range []string{tt.want, "Cosmos DB", account.Endpoint, table.config.Database + "/" + table.config.Container} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %q does not have %q", call, err, want)
					}
				}
				if strings.Contains(err.Error(), "\n") || len(err.Error()) > 800 {
					t.Errorf("%s: the error is long: %s", call, err)
				}
			}
			check("Write", table.Write(t.Context(), puts(someRows("p", 2, 1))))
			if tt.name == "Batch" || tt.name == "Cut" { // reads are repeated by the client too, until there is no time left
				return
			}
			check("Check", table.Check(t.Context()))
			_, err := table.Get(t.Context(), []rows.Key{{Partition: "p", Sort: "a"}})
			check("Get", err)
			_, err = table.Scan(t.Context(), "p", "", "", 1)
			check("Scan", err)
			check("Swap", table.Swap(t.Context(), rows.Row{Key: rows.Key{Partition: "p", Sort: "a"}, Record: "{}"}, ""))
		})
	}
}

// TestDeletedContainer has the emulator's own answer to requests for a container that went.
func TestDeletedContainer(t *testing.T) {
	t.Parallel()
	table, _ := openHooked(t, emulators.Cosmos(t))
	if _, err := table.container.Delete(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	const want = "there is no such container"
	if _, err := table.Get(t.Context(), []rows.Key{{Partition: "p", Sort: "a"}}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Get: %v", err)
	}
	if err := table.Write(t.Context(), puts(someRows("p", 2, 1))); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Write: %v", err)
	}
}

// TestUnanswered checks that a service that does not answer is given up, and that what it may yet do is waited for.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	table, hook := openHooked(t, emulators.Cosmos(t))
	table.times = times{answer: 50 * time.Millisecond, patience: 200 * time.Millisecond, end: 300 * time.Millisecond}
	hook.set(unanswered)
	if err := table.Write(t.Context(), puts(someRows("p", 2, 1))); err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("Write: %v", err)
	}
	gaveUp := time.Now()
	if _, err := table.Scan(t.Context(), "p", "", "", 1); err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("Scan: %v", err)
	}
	hook.set()
	mustWrite(t, table, puts(someRows("p", 2, 2)))
	if took := time.Since(gaveUp); took < 250*time.Millisecond {
		t.Errorf("the next Write was made %v after a lost one", took)
	}
}

// TestCanceled checks that calls end with their context.
func TestCanceled(t *testing.T) {
	t.Parallel()
	table, hook := openHooked(t, emulators.Cosmos(t))
	table.times.patience = time.Minute
	for name, f := range map[string]fault{"unanswered": unanswered, "throttled": answer(429, `{}`, "x-ms-retry-after-ms: 30000")} {
		hook.set(f)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		begun := time.Now()
		err := table.Write(ctx, puts(someRows("p", 200, 1)))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 10*time.Second {
			t.Errorf("%s: Write returned %v after %v", name, err, time.Since(begun))
		}
	}
}

// TestLate has the service make a write long after its answer was lost, and checks that what is written next stays.
func TestLate(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3} { // alone, and as a batch
		table, hook := openHooked(t, emulators.Cosmos(t))
		table.times.end = time.Second
		hook.set(once(onWrites(late(t, table.times.end/3))))
		mustWrite(t, table, puts(someRows("p", n, 1)))
		newer := someRows("p", n, 2)
		mustWrite(t, table, puts(newer))
		time.Sleep(table.times.end)
		mustHold(t, table, newer)
	}
}
