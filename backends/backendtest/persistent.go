package backendtest

import (
	"bytes"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files/filestest"
)

// RunPersistent runs Run and tests what holds for a backend that keeps blobs outside of the process. Each call of place
// gives an empty place with room for 512 MiB; its result opens a backend there, and again when that one was closed.
func RunPersistent(t *testing.T, place func(t *testing.T) (open func() (backends.Backend, error))) {
	must := func(t *testing.T, open func() (backends.Backend, error)) backends.Backend {
		t.Helper()
		b, err := open()
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		return b
	}
	Run(t, func(t *testing.T) backends.Backend { return must(t, place(t)) })

	t.Run("Reopen", func(t *testing.T) {
		open := place(t)
		b := must(t, open)
		var kept, gone []backends.ID
		for i, size := range sizes {
			kept = append(kept, put(t, b, content(uint64(i), size)))
			gone = append(gone, put(t, b, content(uint64(i), size)))
		}
		if err := b.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		filestest.Put(t, b.Files(), "a/file", "before")
		filestest.Put(t, b.Files(), "a/file", "content")
		closeBackend(t, b)

		b = must(t, open)
		defer closeBackend(t, b)
		for i, size := range sizes {
			wantContent(t, b, kept[i], content(uint64(i), size))
		}
		for _, id := range gone {
			wantMissing(t, b, id)
		}
		if got := listAll(t, b, 1000); !slices.Equal(got, kept) {
			t.Errorf("List has %d ids after opening again, want %d", len(got), len(kept))
		}
		wantContent(t, b, put(t, b, content(9, 5_000)), content(9, 5_000))
		filestest.WantNames(t, b.Files(), "", "a/file")
		filestest.WantContent(t, b.Files(), "a/file", "content")
	})

	t.Run("MemoryIsBounded", func(t *testing.T) {
		b := must(t, place(t))
		defer closeBackend(t, b)
		testMemoryIsBounded(t, b)
	})
}

// testMemoryIsBounded streams a blob in and out whose size is far above the memory that this may take.
func testMemoryIsBounded(t *testing.T, b backends.Backend) {
	const size, bound = 256 << 20, 48 << 20
	runtime.GC()
	var start runtime.MemStats
	runtime.ReadMemStats(&start)
	grown := uint64(0)
	measure := func() {
		runtime.GC() // what is left is in use; under the race detector, pools lose a quarter of what they are given
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		if now.HeapInuse > start.HeapInuse {
			grown = max(grown, now.HeapInuse-start.HeapInuse)
		}
	}

	id := backends.NewID()
	n, err := b.Put(t.Context(), id, io.LimitReader(&pattern{every: 8 << 20, call: measure}, size), backends.Label{})
	if err != nil || n != size {
		t.Fatalf("Put = %d, %v", n, err)
	}
	r, err := b.Get(t.Context(), id, 0, size)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	check := &pattern{every: 8 << 20, call: measure}
	if n, err := io.Copy(check, r); err != nil || n != size {
		t.Fatalf("read back %d bytes, %v", n, err)
	}
	if check.differs {
		t.Error("what is read differs from what was put")
	}
	if grown > bound {
		t.Errorf("a blob of %d MiB grew the heap by %d MiB, want at most %d", size>>20, grown>>20, bound>>20)
	}
}

// pattern yields endless bytes, or checks that bytes written to it are those. It makes a call every so many bytes.
type pattern struct {
	every   int
	call    func()
	at      int
	differs bool
}

// period is a prime, so that bytes which move by any power of two are noticed.
var period = content(7, 65_521)

func (p *pattern) Read(b []byte) (int, error) {
	n := copy(b, period[p.at%len(period):])
	p.advance(n)
	return n, nil
}

func (p *pattern) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		want := period[p.at%len(period):]
		n := min(len(rest), len(want))
		p.differs = p.differs || !bytes.Equal(rest[:n], want[:n])
		p.advance(n)
		rest = rest[n:]
	}
	return len(b), nil
}

func (p *pattern) advance(n int) {
	if p.at/p.every != (p.at+n)/p.every {
		p.call()
	}
	p.at += n
}
