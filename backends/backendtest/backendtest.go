// Package backendtest holds the tests that every backends.Backend passes.
package backendtest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/internal/files/filestest"
)

// Run tests the contract of backends.Backend. Each call of open gives an empty backend with room for 64 MiB, which Run
// closes.
func Run(t *testing.T, open func(t *testing.T) backends.Backend) {
	tests := []struct {
		name string
		test func(*testing.T, backends.Backend)
	}{
		{"RoundTrip", testRoundTrip},
		{"Range", testRange},
		{"RangeOutside", testRangeOutside},
		{"Size", testSize},
		{"WriteTo", testWriteTo},
		{"Missing", testMissing},
		{"FailingReader", testFailingReader},
		{"EndedContext", testEndedContext},
		{"Delete", testDelete},
		{"DeleteDuringRead", testDeleteDuringRead},
		{"List", testList},
		{"ListHasOnlyStored", testListHasOnlyStored},
		{"Concurrency", testConcurrency},
		{"FilesAreNoBlobs", testFilesAreNoBlobs},
		{"Check", testCheck},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := open(t)
			t.Cleanup(func() { closeBackend(t, b) })
			tt.test(t, b)
		})
	}
	t.Run("Files", func(t *testing.T) {
		filestest.Run(t, func(t *testing.T) files.Files {
			b := open(t)
			t.Cleanup(func() { closeBackend(t, b) })
			return b.Files()
		})
	})
}

// sizes are where backends change how they store: nothing, a little, and around the limits of buffers and parts.
var sizes = []int{0, 1, 4 << 10, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20, 17 << 20}

// oneSmallOneLarge are two sizes that a backend may store in different ways.
var oneSmallOneLarge = []int{5_000, 3_000_000}

// content makes size bytes that differ with every seed and can't be compressed.
func content(seed uint64, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{0: byte(seed), 1: byte(seed >> 8), 2: byte(seed >> 16)}).Read(b) // never fails
	return b
}

// onlyReader hides what else a reader can do, as the body of a request does.
type onlyReader struct{ io.Reader }

func put(t *testing.T, b backends.Backend, data []byte) backends.ID {
	t.Helper()
	id := backends.NewID()
	n, err := b.Put(t.Context(), id, onlyReader{bytes.NewReader(data)}, backends.Label{})
	if err != nil || n != int64(len(data)) {
		t.Fatalf("Put of %d bytes = %d, %v", len(data), n, err)
	}
	return id
}

// get reads a range and reports every error on the way, one of closing included.
func get(t *testing.T, b backends.Backend, id backends.ID, offset, length int64) ([]byte, error) {
	t.Helper()
	r, err := b.Get(t.Context(), id, offset, length)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(onlyReader{r})
	return data, errors.Join(err, r.Close())
}

// wantContent checks that a blob is want, to the byte.
func wantContent(t *testing.T, b backends.Backend, id backends.ID, want []byte) {
	t.Helper()
	got, err := get(t, b, id, 0, int64(len(want)))
	if err != nil {
		t.Errorf("get of a blob of %d bytes: %v", len(want), err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("a blob of %d bytes comes back as %d bytes that differ", len(want), len(got))
	}
}

func wantMissing(t *testing.T, b backends.Backend, id backends.ID) {
	t.Helper()
	if _, err := get(t, b, id, 0, 0); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Get of a blob that isn't there: error %v, want ErrNotFound", err)
	}
	if slices.Contains(listAll(t, b, 1000), id) {
		t.Errorf("List has %s, which isn't there", id)
	}
}

// listAll pages through all ids and checks each page.
func listAll(t *testing.T, b backends.Backend, limit int) []backends.ID {
	t.Helper()
	return listAfter(t, b, "", limit)
}

// listAfter is listAll for the ids behind one.
func listAfter(t *testing.T, b backends.Backend, after backends.ID, limit int) []backends.ID {
	t.Helper()
	var all []backends.ID
	for {
		page, err := b.List(t.Context(), after, limit)
		if err != nil {
			t.Fatalf("List(%q, %d): %v", after, limit, err)
		}
		if len(page) > limit {
			t.Fatalf("List(%q, %d) returned %d ids", after, limit, len(page))
		}
		for _, id := range page {
			if id <= after {
				t.Fatalf("List(%q, %d) has %s after %s", page[0], limit, id, after)
			}
			after = id
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

func closeBackend(t *testing.T, b backends.Backend) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
