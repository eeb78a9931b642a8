// Package tabletest holds the suite that every rows.Table passes.
package tabletest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

// Run tests the tables that open makes, each of them new and empty, and stores of such tables, by storetest. The suite closes
// them.
func Run(t *testing.T, open func(t *testing.T) rows.Table) {
	tests := []struct {
		name string
		test func(*suite)
	}{
		{"Empty", testEmpty},
		{"Rows", testRows},
		{"Order", testOrder},
		{"Partitions", testPartitions},
		{"Large", testLarge},
		{"Largest", testLargest},
		{"Many", testMany},
		{"Swap", testSwap},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &suite{T: t, table: open(t)}
			defer func() {
				if err := s.table.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			tt.test(s)
		})
	}
	t.Run("Store", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) projections.MetadataStore {
			store, err := rows.Open(t.Context(), open(t), func(err error) { t.Logf("to be repeated: %v", err) })
			if err != nil {
				t.Fatal(err)
			}
			return store
		})
	})
}

// suite is a test of a table, with calls that must not fail.
type suite struct {
	*testing.T
	table rows.Table
}

func row(partition, sort string, commit uint64) rows.Row {
	return rows.Row{
		Key: rows.Key{Partition: partition, Sort: sort}, Commit: commit,
		Record: fmt.Sprintf(`{"commit":%d,"text":"\u0000é😀","of":%q}`, commit, partition),
	}
}

func (s *suite) write(writes ...rows.Write) {
	s.Helper()
	if err := s.table.Write(s.Context(), writes); err != nil {
		s.Fatalf("Write: %v", err)
	}
}

func (s *suite) put(all ...rows.Row) {
	s.Helper()
	writes := make([]rows.Write, len(all))
	for i, r := range all {
		writes[i] = rows.Write{Row: r}
	}
	s.write(writes...)
}

func (s *suite) remove(commit uint64, keys ...rows.Key) {
	s.Helper()
	writes := make([]rows.Write, len(keys))
	for i, k := range keys {
		writes[i] = rows.Write{Row: rows.Row{Key: k, Commit: commit}, Remove: true}
	}
	s.write(writes...)
}

func (s *suite) get(keys ...rows.Key) []*rows.Row {
	s.Helper()
	got, err := s.table.Get(s.Context(), keys)
	if err != nil {
		s.Fatalf("Get: %v", err)
	}
	if len(got) != len(keys) {
		s.Fatalf("Get of %d keys returned %d rows", len(keys), len(got))
	}
	return got
}

func (s *suite) scan(partition, from, to string, limit int) []rows.Row {
	s.Helper()
	got, err := s.table.Scan(s.Context(), partition, from, to, limit)
	if err != nil {
		s.Fatalf("Scan: %v", err)
	}
	return got
}

func (s *suite) wantScan(partition, from, to string, limit int, want ...rows.Row) {
	s.Helper()
	if got := s.scan(partition, from, to, limit); !slices.Equal(got, want) {
		s.Fatalf("Scan of %s from %+q to %+q:\n got %+v\nwant %+v", partition, from, to, got, want)
	}
}

func testEmpty(s *suite) {
	if err := s.table.Check(s.Context()); err != nil {
		s.Fatalf("Check: %v", err)
	}
	if got := s.get(rows.Key{Partition: "p", Sort: "s"}); got[0] != nil {
		s.Errorf("Get: %+v", got[0])
	}
	if got := s.get(); len(got) != 0 {
		s.Errorf("Get of nothing: %+v", got)
	}
	s.wantScan("p", "", "", 10)
	s.write()
	s.remove(1, rows.Key{Partition: "p", Sort: "s"})
}

func testRows(s *suite) {
	a, b := row("p", "a", 1), row("p", "b", 1)
	s.put(a, b)
	absent := rows.Key{Partition: "p", Sort: "ab"}
	got := s.get(b.Key, absent, a.Key)
	if got[1] != nil || got[0] == nil || got[2] == nil || *got[0] != b || *got[2] != a {
		s.Fatalf("Get: %+v", got)
	}
	changed := row("p", "a", 2)
	s.put(changed)
	s.wantScan("p", "", "", 10, changed, b)
	s.put(changed) // again
	s.remove(3, a.Key, absent)
	s.wantScan("p", "", "", 10, b)
	s.remove(3, a.Key) // again
	s.put(row("p", "a", 4))
	s.wantScan("p", "", "", 10, row("p", "a", 4), b)
}

// awkward are sort keys in the order of their bytes, which is not that of UTF-16: U+10000 sorts behind U+FFFD here.
var awkward = []string{
	"\x00", "\x00\x00", "\x00\x01", "\x00a", "\x01", " ", ".", "..", "/", "//", "/a", "0", "1#x", "A", "Z", "__a__", "a", "a\x00",
	"a\x00b", "a\x01", "a ", "a/", "a/b", "a0", "a?b", `a\b`, "aa", "a\u007f", "aé", "b", strings.Repeat("k", rows.MaxSort-1),
	strings.Repeat("k", rows.MaxSort), strings.Repeat("k", rows.MaxSort-1) + "l", "z", "~", "\u0085", "é", "\u07ff",
	"\u0800", "\u2028", "\ud7ff", "\ue000", "\uffef", "\ufffd", "\uffff", "\U00010000", "😀", "😀/", "😀/x",
	"\U0010ffff", strings.Repeat("\U0010ffff", rows.MaxSort/4),
}

func testOrder(s *suite) {
	if !slices.IsSorted(awkward) {
		s.Fatal("the keys of the test are out of order")
	}
	all := make([]rows.Row, len(awkward))
	for i, key := range awkward {
		all[i] = row("p", key, 1)
	}
	shuffled := slices.Clone(all)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	s.put(shuffled...)

	s.wantScan("p", "", "", 1000, all...)
	for i, r := range all {
		if got := s.get(r.Key)[0]; got == nil || *got != r {
			s.Fatalf("Get of %+q: %+v", r.Sort, got)
		}
		s.wantScan("p", r.Sort, "", 2, all[i:min(i+2, len(all))]...)
		s.wantScan("p", "", r.Sort, 1000, all[:i]...)
		s.wantScan("p", r.Sort, r.Sort, 10)
		if i > 0 {
			s.wantScan("p", all[i-1].Sort, r.Sort, 10, all[i-1])
		}
	}
}

func testPartitions(s *suite) {
	partitions := []string{"a", "a-", "a.b", "a/b", "a_b", "ab", "b", strings.Repeat("p", 80)}
	for _, p := range partitions {
		s.put(row(p, "1", 1), row(p, "2", 1))
	}
	s.remove(2, rows.Key{Partition: "a", Sort: "1"})
	s.wantScan("a", "", "", 10, row("a", "2", 1))
	for _, p := range partitions[1:] {
		s.wantScan(p, "", "", 10, row(p, "1", 1), row(p, "2", 1))
	}
}

// testLarge writes rows of 128 KiB, more of them than one answer of a service holds.
func testLarge(s *suite) {
	var all []rows.Row
	for i := range 40 {
		r := row("p", fmt.Sprintf("%02d", i), 1)
		r.Record = fmt.Sprintf(`{"i":%d,"text":%q}`, i, strings.Repeat("x", 128<<10))
		all = append(all, r)
	}
	s.put(all...)
	s.wantScan("p", "", "", 1000, all...)
	s.wantScan("p", "05", "35", 1000, all[5:35]...)
	keys := make([]rows.Key, len(all))
	for i, r := range all {
		keys[i] = r.Key
	}
	for i, got := range s.get(keys...) {
		if got == nil || *got != all[i] {
			s.Fatalf("Get: row %d is not what was written", i)
		}
	}
}

// testMany writes and removes more rows, in more partitions, than one request to a service takes.
func testMany(s *suite) {
	const n, partitions = 2500, 7
	want := make([][]rows.Row, partitions)
	var all []rows.Row
	for i := range n {
		r := row(fmt.Sprintf("p/%d", i%partitions), fmt.Sprintf("%05d", i), 1)
		want[i%partitions] = append(want[i%partitions], r)
		all = append(all, r)
	}
	s.put(all...)
	keys := make([]rows.Key, n)
	for i, r := range all {
		keys[i] = r.Key
	}
	for i, got := range s.get(keys...) {
		if got == nil || *got != all[i] {
			s.Fatalf("Get: row %d is not what was written: %+v", i, got)
		}
	}
	for p, want := range want {
		partition := fmt.Sprintf("p/%d", p)
		s.wantScan(partition, "", "", n, want...)
		s.wantScan(partition, "", "", 100, want[:100]...)
	}
	// Some stay, some go, some change.
	var writes []rows.Write
	var left []rows.Row
	for i, r := range want[0] {
		r.Commit = 2
		switch i % 3 {
		case 0:
			writes = append(writes, rows.Write{Row: rows.Row{Key: r.Key, Commit: 2}, Remove: true})
		case 1:
			writes = append(writes, rows.Write{Row: r})
			left = append(left, r)
		default:
			left = append(left, want[0][i])
		}
	}
	s.write(writes...)
	s.wantScan("p/0", "", "", n, left...)
}

func testSwap(s *suite) {
	swap := func(r rows.Row, was string) error { return s.table.Swap(s.Context(), r, was) }
	r := row("p", "s", 1)
	first, second := r, r
	first.Record, second.Record = `{"n":1}`, `{"n":2}`
	if err := swap(first, second.Record); !errors.Is(err, rows.ErrChanged) {
		s.Errorf("a row that is not there was changed: %v", err)
	}
	if err := swap(first, ""); err != nil {
		s.Errorf("a row cannot be made: %v", err)
	}
	if err := swap(second, ""); !errors.Is(err, rows.ErrChanged) {
		s.Errorf("a row was made over another: %v", err)
	}
	if err := swap(second, first.Record); err != nil {
		s.Errorf("a row cannot be changed: %v", err)
	}
	if err := swap(first, `{"n":3}`); !errors.Is(err, rows.ErrChanged) {
		s.Errorf("a row that holds something else was changed: %v", err)
	}
	if got := s.get(r.Key)[0]; got == nil || *got != second {
		s.Errorf("Get: %+v", got)
	}
	if err := swap(second, first.Record); err != nil { // as after an answer that was lost
		s.Errorf("a change that was made already is refused: %v", err)
	}
}
