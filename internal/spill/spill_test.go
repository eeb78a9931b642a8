package spill

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func TestSort(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 20_000} {
		dir := t.TempDir()
		s := New(dir)
		s.runSize = 64 << 10
		var want [][]byte
		for range n {
			record := make([]byte, rand.N(100))
			for i := range record {
				record[i] = byte(rand.N(4))
			}
			want = append(want, record)
			if err := s.Add(record); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(want, bytes.Compare)
		var got [][]byte
		for record, err := range s.Sorted() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, record)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("of %d records, %d come back, or in another order", len(want), len(got))
		}
		if n == 20_000 && len(s.runs) < 10 {
			t.Errorf("there were %d files", len(s.runs))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("files are left: %v, %v", left, err)
		}
	}
}
