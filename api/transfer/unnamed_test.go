package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/bleepstore/bleepstore/api/transfer"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/memory"
)

var errTooManyFiles = errors.New("too many open files")

// fickle is a backend that fails now and then: each call takes the next of its errors, which may be nil.
type fickle struct {
	backends.Backend
	gets, puts []error // of Get and Size, and of Put
}

func next(errs *[]error) (err error) {
	if len(*errs) > 0 {
		err, *errs = (*errs)[0], (*errs)[1:]
	}
	return err
}

func (f *fickle) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	if err := next(&f.gets); err != nil {
		return nil, err
	}
	return f.Backend.Get(ctx, id, offset, length)
}

func (f *fickle) Size(ctx context.Context, id backends.ID) (int64, error) {
	if err := next(&f.gets); err != nil {
		return 0, err
	}
	return f.Backend.Size(ctx, id)
}

func (f *fickle) Put(ctx context.Context, id backends.ID, r io.Reader, label backends.Label) (int64, error) {
	if err := next(&f.puts); err != nil {
		return 0, err
	}
	return f.Backend.Put(ctx, id, r, label)
}

func newFickle() *fickle { return &fickle{Backend: memory.New(1 << 30)} }

// A blob whose size is not known is copied whole or not at all, wherever the storage fails meanwhile.
func TestUnnamedIsCopiedWhole(t *testing.T) {
	for _, size := range []int{0, 1, 2, 1000, 100_000} {
		content := bytes.Repeat([]byte("a"), size)
		failed := true
		for calls := 0; failed; calls++ {
			from, to, id := newFickle(), newFickle(), backends.NewID()
			if _, err := from.Put(t.Context(), id, bytes.NewReader(content), backends.Label{}); err != nil {
				t.Fatal(err)
			}
			from.gets = append(make([]error, calls), errTooManyFiles)
			c := &transfer.Copier{To: to}
			_, err := c.Unnamed(t.Context(), from, id, backends.Label{})
			if failed = len(from.gets) == 0; failed {
				if !errors.Is(err, errTooManyFiles) {
					t.Errorf("%d bytes, where call %d fails: %v", size, calls, err)
				}
				if ids, err := to.List(t.Context(), "", 1); err != nil || len(ids) > 0 {
					t.Errorf("%d bytes, where call %d fails: %q was copied, %v", size, calls, ids, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			wantContent(t, to, id, content)
		}
	}
}

func wantContent(t *testing.T, b backends.Backend, id backends.ID, want []byte) {
	t.Helper()
	r, err := b.Get(t.Context(), id, 0, int64(len(want)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes that are wrong, %v", len(got), err)
	}
	if size, err := b.Size(t.Context(), id); err != nil || size != int64(len(want)) {
		t.Errorf("there are %d bytes, %v, want %d", size, err, len(want))
	}
}

// A storage that is busy for a moment does not end the copying.
func TestUnnamedIsPatient(t *testing.T) {
	from, to, id := newFickle(), newFickle(), backends.NewID()
	if _, err := from.Put(t.Context(), id, bytes.NewReader([]byte("content")), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	to.puts = []error{backends.ErrBusy}
	c := &transfer.Copier{To: to}
	if _, err := c.Unnamed(t.Context(), from, id, backends.Label{}); err != nil {
		t.Fatal(err)
	}
	wantContent(t, to, id, []byte("content"))
	if got := c.Copied(); got != (transfer.Copied{Blobs: 1, Bytes: 7}) {
		t.Errorf("%+v were copied", got)
	}
}
