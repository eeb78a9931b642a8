package cache

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/fulldisk/smalldisk"
)

// An error of the backend behind is the reader's, and nothing that came with it is kept.
func TestBackendBehindFails(t *testing.T) {
	broken := errors.New("the line is broken")
	const size = 3 * pieceSize
	for name, test := range map[string]struct {
		after int64 // bytes, comes
		cause error // instead of the rest
		want  error
		kept  int // how much of the blob, then
	}{
		"at once":         {0, broken, broken, 0},
		"in a piece":      {pieceSize + 1000, broken, broken, pieceSize},
		"at the end":      {size, broken, broken, 2 * pieceSize},
		"it ends early":   {pieceSize + 1000, io.EOF, io.ErrUnexpectedEOF, pieceSize},
		"it was changed":  {2*pieceSize + 1000, backends.ErrChanged, backends.ErrChanged, 0},
		"changed, at end": {size, backends.ErrChanged, backends.ErrChanged, 0},
	} {
		for _, through := range []string{"Read", "WriteTo"} {
			t.Run(name+", "+through, func(t *testing.T) {
				behind := newCloud()
				b := openCache(t, t.TempDir(), 1<<30, behind)
				id, data := behind.put(t, size)
				behind.open = func(r io.ReadCloser, _, _ int64) (io.ReadCloser, error) {
					return struct {
						io.Reader
						io.Closer
					}{io.MultiReader(io.LimitReader(r, test.after), iotest.ErrReader(test.cause)), r}, nil
				}
				r, err := b.Get(t.Context(), id, 0, size)
				if err != nil {
					t.Fatal(err)
				}
				from := io.Reader(r)
				if through == "Read" {
					from = struct{ io.Reader }{r}
				}
				for range 2 { // an error stays
					if n, err := io.Copy(io.Discard, from); !errors.Is(err, test.want) {
						t.Errorf("read %d bytes, %v, want %v", n, err, test.want)
					}
				}
				r.Close()

				behind.open = nil
				behind.gets.Store(0)
				if test.kept > 0 {
					wantRange(t, b, id, data, 0, test.kept)
				}
				behind.wantGets(t, 0)
				wantRange(t, b, id, data, 0, size)
				behind.wantGets(t, 1)
			})
		}
	}
}

// A reader that stops in the middle lets the backend behind go, and what has come in is kept.
func TestReaderStops(t *testing.T) {
	behind := newCloud()
	b := openCache(t, t.TempDir(), 1<<30, behind)
	id, data := behind.put(t, 3*pieceSize)
	closed := false
	behind.open = func(r io.ReadCloser, _, _ int64) (io.ReadCloser, error) {
		return struct {
			io.Reader
			io.Closer
		}{r, closerFunc(func() error { closed = true; return r.Close() })}, nil
	}
	r, err := b.Get(t.Context(), id, 0, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r, pieceSize+1000); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil || !closed {
			t.Errorf("Close: %v, and the one behind is closed: %t", err, closed)
		}
	}
	if n, err := r.Read(make([]byte, 10)); n > 0 || err == nil || err == io.EOF {
		t.Errorf("Read of a closed reader = %d, %v", n, err)
	}
	behind.wantGets(t, 1)
	wantRange(t, b, id, data, 0, pieceSize+1000)
	behind.wantGets(t, 0)
}

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

// Where nothing can be written, reads go on. That is reported once, and tried again after a minute.
func TestWritesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := newCloud()
		dir := t.TempDir()
		var reports atomic.Int64
		b, err := Open(dir, 1<<30, behind, func(error) { reports.Add(1) })
		if err != nil {
			t.Fatal(err)
		}
		id, data := behind.put(t, 2*pieceSize)
		obstacle := filepath.Dir(b.pieces.folder.path(piece{id, 0}))
		write(t, obstacle, nil)

		for range 3 {
			wantRange(t, b, id, data, 10, len(data))
			behind.wantGets(t, 1)
		}
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		wantRange(t, b, id, data, 0, len(data))
		behind.wantGets(t, 1)
		if s := b.Stats(); reports.Load() != 1 || s.Bytes != 0 {
			t.Errorf("%d reports, and in use is %+v; want 1 and nothing", reports.Load(), s)
		}

		time.Sleep(pause)
		for range 2 {
			wantRange(t, b, id, data, 0, len(data))
		}
		behind.wantGets(t, 1)
		if reports.Load() != 1 {
			t.Errorf("%d reports when all is well again, want none but the first", reports.Load())
		}
	})
}

// The cache leaves the last of a disk to others.
func TestFullDisk(t *testing.T) {
	dir := smalldisk.Mount(t, keepFree+10<<20)
	behind := newCloud()
	var reported atomic.Pointer[error]
	b, err := Open(dir, 1<<30, behind, func(err error) { reported.Store(&err) })
	if err != nil {
		t.Fatal(err)
	}
	id, data := behind.put(t, 20*pieceSize)
	for range 2 {
		wantRange(t, b, id, data, 0, len(data))
	}
	if err := reported.Load(); err == nil || !errors.Is(*err, backends.ErrNoSpace) {
		t.Errorf("reported: %v, want ErrNoSpace", err)
	}
	if s := b.Stats(); s.Bytes < 5<<20 || s.Bytes > 11<<20 {
		t.Errorf("on a disk with 10 MiB to use, there is %+v", s)
	}
}
