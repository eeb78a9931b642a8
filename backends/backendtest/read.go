package backendtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
)

func testRoundTrip(t *testing.T, b backends.Backend) {
	ids := make([]backends.ID, len(sizes))
	for i, size := range sizes {
		ids[i] = put(t, b, content(uint64(i), size))
	}
	for i, size := range sizes {
		wantContent(t, b, ids[i], content(uint64(i), size))
	}
}

func testRange(t *testing.T, b backends.Backend) {
	for _, size := range sizes {
		data := content(1, size)
		id := put(t, b, data)
		end := int64(size)
		for _, r := range []struct{ offset, length int64 }{
			{0, end},                         // all
			{0, min(end, 1)},                 // the start
			{0, end / 2},                     // the first half
			{end / 2, end - end/2},           // the second half
			{end / 3, end / 3},               // the middle
			{end - min(end, 1), min(end, 1)}, // the last byte
			{0, 0},                           // nothing at the start
			{end / 2, 0},                     // nothing in the middle
			{end, 0},                         // nothing at the end
		} {
			got, err := get(t, b, id, r.offset, r.length)
			if err != nil {
				t.Errorf("%d bytes at %d of %d: %v", r.length, r.offset, size, err)
			} else if !bytes.Equal(got, data[r.offset:r.offset+r.length]) {
				t.Errorf("%d bytes at %d of %d differ from what was put", r.length, r.offset, size)
			}
		}
	}
}

func testRangeOutside(t *testing.T, b backends.Backend) {
	for _, size := range sizes {
		id := put(t, b, content(1, size))
		end := int64(size)
		for _, r := range []struct{ offset, length int64 }{
			{0, end + 1},
			{end, 1},
			{end + 1, 0},
			{end / 2, end - end/2 + 1},
			{end + 1_000_000, 1},
			{0, math.MaxInt64},
			{math.MaxInt64, math.MaxInt64},
			{-1, 1},
			{0, -1},
		} {
			got, err := get(t, b, id, r.offset, r.length)
			if err == nil {
				t.Errorf("%d bytes at %d of %d gave %d bytes, want an error", r.length, r.offset, size, len(got))
			}
		}
	}
}

// A reader that is an io.WriterTo writes the same bytes as Read gives, whether or not some were read before.
func testWriteTo(t *testing.T, b backends.Backend) {
	for _, size := range oneSmallOneLarge {
		for _, before := range []int{0, 100} {
			t.Run(fmt.Sprintf("%d bytes, %d read before", size, before), func(t *testing.T) {
				data := content(1, size)
				id := put(t, b, data)
				r, err := b.Get(t.Context(), id, 10, int64(size)-20)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				if _, err := io.ReadFull(r, make([]byte, before)); err != nil {
					t.Fatal(err)
				}
				var got bytes.Buffer
				if n, err := io.Copy(&got, r); err != nil || n != int64(size-20-before) {
					t.Fatalf("io.Copy = %d, %v", n, err)
				}
				if !bytes.Equal(got.Bytes(), data[10+before:size-10]) {
					t.Error("the bytes differ from what was put")
				}
			})
		}
	}
}

func testSize(t *testing.T, b backends.Backend) {
	for _, size := range sizes {
		if got, err := b.Size(t.Context(), put(t, b, content(1, size))); err != nil || got != int64(size) {
			t.Errorf("Size of a blob of %d bytes = %d, %v", size, got, err)
		}
	}
	if _, err := b.Size(t.Context(), backends.NewID()); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Size of a blob that isn't there: error %v, want ErrNotFound", err)
	}
}

func testMissing(t *testing.T, b backends.Backend) {
	wantMissing(t, b, backends.NewID())
	put(t, b, content(1, 100))
	wantMissing(t, b, backends.NewID())
}

func testList(t *testing.T, b backends.Backend) {
	if ids := listAll(t, b, 10); len(ids) != 0 {
		t.Fatalf("an empty backend lists %d ids", len(ids))
	}
	want := make([]backends.ID, 25)
	for i := range want {
		want[i] = put(t, b, content(uint64(i), oneSmallOneLarge[i%2]/10))
	}
	for _, limit := range []int{1, 2, 7, 24, 25, 26, 1000} {
		if got := listAll(t, b, limit); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %d ids, want the %d that were put, in their order", limit, len(got), len(want))
		}
	}
	for i, after := range want {
		if got := listAfter(t, b, after, 1000); !slices.Equal(got, want[i+1:]) {
			t.Errorf("List after id %d gives %d ids, want the %d behind it", i, len(got), len(want)-i-1)
		}
	}
	// after need not be there.
	if err := b.Delete(t.Context(), want[10:11]); err != nil {
		t.Fatal(err)
	}
	if got := listAfter(t, b, want[10], 1000); !slices.Equal(got, want[11:]) {
		t.Errorf("List after a deleted id gives %d ids, want the %d behind it", len(got), 14)
	}
}

func testCheck(t *testing.T, b backends.Backend) {
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
}
