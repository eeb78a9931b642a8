package backendtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/bleepstore/bleepstore/backends"
)

func testFailingReader(t *testing.T, b backends.Backend) {
	broken := errors.New("the line is broken")
	// io.ErrUnexpectedEOF is what net/http gives for a body that ends too early; it must not pass for an end.
	for _, cause := range []error{broken, io.ErrUnexpectedEOF} {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%v after %d bytes", cause, size), func(t *testing.T) {
				id := backends.NewID()
				r := io.MultiReader(bytes.NewReader(content(1, size)), iotest.ErrReader(cause))
				n, err := b.Put(t.Context(), id, onlyReader{r}, backends.Label{})
				if !errors.Is(err, cause) || n != 0 {
					t.Errorf("Put = %d, %v, want 0 and the reader's error", n, err)
				}
				wantMissing(t, b, id)
			})
		}
	}
}

func testEndedContext(t *testing.T, b backends.Backend) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%d bytes, before", size), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			id := backends.NewID()
			if _, err := b.Put(ctx, id, bytes.NewReader(content(1, size)), backends.Label{}); !errors.Is(err, context.Canceled) {
				t.Errorf("Put: error %v, want context.Canceled", err)
			}
			wantMissing(t, b, id)
		})
		t.Run(fmt.Sprintf("%d bytes, at the end", size), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			id := backends.NewID()
			r := io.MultiReader(bytes.NewReader(content(1, size)), callOnRead(cancel))
			if _, err := b.Put(ctx, id, r, backends.Label{}); !errors.Is(err, context.Canceled) {
				t.Errorf("Put: error %v, want context.Canceled", err)
			}
			wantMissing(t, b, id)
		})
	}
}

// callOnRead is an empty reader that calls a function when it is read.
type callOnRead func()

func (f callOnRead) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func testDelete(t *testing.T, b backends.Backend) {
	var kept, gone []backends.ID
	for _, size := range sizes {
		kept = append(kept, put(t, b, content(2, size)))
		gone = append(gone, put(t, b, content(3, size)))
	}
	if err := b.Delete(t.Context(), nil); err != nil {
		t.Errorf("Delete of nothing: %v", err)
	}
	// Ids that were never there, and ids given twice, are no errors.
	if err := b.Delete(t.Context(), slices.Concat(gone, gone[:2], []backends.ID{backends.NewID()})); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if err := b.Delete(t.Context(), gone); err != nil {
		t.Errorf("Delete of what was deleted: %v", err)
	}
	for _, id := range gone {
		wantMissing(t, b, id)
	}
	for i, id := range kept {
		wantContent(t, b, id, content(2, sizes[i]))
	}
	if got := listAll(t, b, 3); !slices.Equal(got, kept) {
		t.Errorf("List has %d ids, want the %d that were kept", len(got), len(kept))
	}
}

func testDeleteDuringRead(t *testing.T, b backends.Backend) {
	for _, size := range oneSmallOneLarge {
		data := content(1, size)
		id := put(t, b, data)
		r, err := b.Get(t.Context(), id, 0, int64(size))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, size)
		if _, err := io.ReadFull(r, got[:size/10]); err != nil {
			t.Fatal(err)
		}
		if err := b.Delete(t.Context(), []backends.ID{id}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, got[size/10:]); err != nil {
			t.Errorf("read of %d bytes after Delete: %v", size, err)
		} else if !bytes.Equal(got, data) {
			t.Errorf("the %d bytes read around a Delete differ from what was put", size)
		}
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		wantMissing(t, b, id)
	}
}

// A blob is not listed, and not found, until its Put has come to the end.
func testListHasOnlyStored(t *testing.T, b backends.Backend) {
	for _, size := range oneSmallOneLarge {
		id := backends.NewID()
		looked := false
		look := callOnRead(func() {
			looked = true
			wantMissing(t, b, id)
		})
		data := content(1, size)
		if _, err := b.Put(t.Context(), id, io.MultiReader(bytes.NewReader(data), look), backends.Label{}); err != nil {
			t.Fatal(err)
		}
		if !looked {
			t.Error("Put did not read to the end")
		}
		wantContent(t, b, id, data)
	}
}

func testConcurrency(t *testing.T, b backends.Backend) {
	const workers, rounds = 8, 12
	var group sync.WaitGroup
	kept := make([][]backends.ID, workers)
	for w := range workers {
		group.Go(func() {
			for i := range rounds {
				size := 3_000 * (i + 1)
				if i%4 == 0 {
					size = 200_000
				}
				data := content(uint64(w*rounds+i), size)
				id := backends.NewID()
				if _, err := b.Put(t.Context(), id, onlyReader{bytes.NewReader(data)}, backends.Label{}); err != nil {
					t.Errorf("Put: %v", err)
					return
				}
				wantContent(t, b, id, data)
				if i%3 != 0 {
					kept[w] = append(kept[w], id)
					continue
				}
				if err := b.Delete(t.Context(), []backends.ID{id}); err != nil {
					t.Errorf("Delete: %v", err)
				}
				if _, err := b.List(t.Context(), "", 10); err != nil {
					t.Errorf("List: %v", err)
				}
			}
		})
	}
	group.Wait()
	want := slices.Sorted(slices.Values(slices.Concat(kept...)))
	if got := listAll(t, b, 10); !slices.Equal(got, want) {
		t.Errorf("List has %d ids at the end, want %d", len(got), len(want))
	}
}
