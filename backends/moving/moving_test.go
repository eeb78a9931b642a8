package moving_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/backendtest"
	"github.com/bleepstore/bleepstore/backends/claim"
	"github.com/bleepstore/bleepstore/backends/local"
	"github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/backends/moving"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/internal/files/filestest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newMemory() backends.Backend { return memory.New(1 << 30) }

func open(b backends.Backend) func() (backends.Backend, error) {
	return func() (backends.Backend, error) { return b, nil }
}

// begin begins a move of a backend in a to b.
func begin(t testing.TB, b *moving.Backend, to backends.Backend) *moving.Move {
	t.Helper()
	m, err := b.Begin("b", open(to))
	must(t, err)
	return m
}

// change goes all the way to where blobs are moved to, of those that are in place.
func change(t testing.TB, m *moving.Move) {
	t.Helper()
	m.Mirror()
	must(t, m.CopyFiles(t.Context()))
	must(t, m.Freeze(t.Context()))
	must(t, m.Seal())
	m.Switch()
	must(t, m.End())
}

func TestBackend(t *testing.T) {
	openLocal := func(t *testing.T) backends.Backend {
		b, err := local.Open(filepath.Join(t.TempDir(), "blobs"))
		must(t, err)
		return b
	}
	t.Run("before a move", func(t *testing.T) {
		backendtest.Run(t, func(t *testing.T) backends.Backend {
			return moving.New(moving.Storage{Backend: openLocal(t), Name: "a"})
		})
	})
	t.Run("while blobs are mirrored", func(t *testing.T) {
		backendtest.Run(t, func(t *testing.T) backends.Backend {
			b := moving.New(moving.Storage{Backend: newMemory(), Name: "a"})
			m := begin(t, b, newMemory())
			t.Cleanup(func() { must(t, m.End()) })
			m.Mirror()
			return b
		})
	})
	t.Run("after a move", func(t *testing.T) {
		backendtest.Run(t, func(t *testing.T) backends.Backend {
			b := moving.New(moving.Storage{Backend: newMemory(), Name: "a"})
			change(t, begin(t, b, newMemory()))
			return b
		})
	})
}

func put(t testing.TB, b backends.Backend, content string) backends.ID {
	t.Helper()
	id := backends.NewID()
	_, err := b.Put(t.Context(), id, bytes.NewReader([]byte(content)), backends.Label{})
	must(t, err)
	return id
}

func wantContent(t testing.TB, b backends.Backend, id backends.ID, want string) {
	t.Helper()
	r, err := b.Get(t.Context(), id, 0, int64(len(want)))
	if err != nil {
		t.Errorf("get: %v", err)
		return
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != want {
		t.Errorf("got %d bytes, %v, want the %d that were put", len(got), err, len(want))
	}
}

const blobSize = 1000 // bytes, of TestNothingIsLostInAMove

// Whatever is put while a move comes to its end, and not deleted, is where blobs are then.
func TestNothingIsLostInAMove(t *testing.T) {
	a, c := newMemory(), newMemory()
	b := moving.New(moving.Storage{Backend: a, Name: "a"})
	var mu sync.Mutex
	kept := make(map[backends.ID]string)
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for n := range 300 {
				content := fmt.Sprintf("%*d", blobSize, n)
				id := put(t, b, content)
				wantContent(t, b, id, content)
				if n%5 == 0 {
					must(t, b.Delete(t.Context(), []backends.ID{id}))
					continue
				}
				mu.Lock()
				kept[id] = content
				mu.Unlock()
			}
		})
	}
	written := make(chan struct{})
	go func() {
		writers.Wait()
		close(written)
	}()
	for under := true; under; {
		select {
		case <-written:
			under = false
		default:
		}
		name := "b"
		if b.String() == name {
			name = "a"
		}
		m, err := b.Begin(name, open(c))
		must(t, err)
		m.Mirror()
		// As rebase does it: what was put before, whether or not something names it yet.
		for _, id := range listAll(t, m.From()) {
			copyBlob(t, m, id)
		}
		must(t, m.Freeze(t.Context()))
		must(t, m.Seal())
		m.Switch()
		must(t, m.End())
	}
	for id, content := range kept {
		wantContent(t, b, id, content)
	}
	must(t, b.Close())
}

func listAll(t testing.TB, b backends.Backend) []backends.ID {
	t.Helper()
	ids, err := b.List(t.Context(), "", 1<<20)
	must(t, err)
	return ids
}

// copyBlob copies a blob of blobSize bytes, unless it is gone.
func copyBlob(t testing.TB, m *moving.Move, id backends.ID) {
	t.Helper()
	r, err := m.From().Get(t.Context(), id, 0, blobSize)
	if errors.Is(err, backends.ErrNotFound) {
		return
	}
	must(t, err)
	defer r.Close()
	_, err = m.To().Put(t.Context(), id, r, backends.Label{})
	must(t, err)
}

// stream is a body whose end comes when it is told.
type stream struct {
	began chan struct{}
	rest  chan []byte
	once  sync.Once
}

func newStream() *stream { return &stream{began: make(chan struct{}), rest: make(chan []byte, 1)} }

func (s *stream) Read(p []byte) (int, error) {
	s.once.Do(func() { close(s.began) })
	rest, more := <-s.rest
	if !more {
		return 0, io.EOF
	}
	return copy(p, rest), nil
}

// A Put that begins before a step of a move ends by the rules of what is when it ends, and keeps nobody waiting.
func TestPutsUnderWay(t *testing.T) {
	a, c := newMemory(), newMemory()
	b := moving.New(moving.Storage{Backend: a, Name: "a"})
	type slow struct {
		*stream
		id   backends.ID
		done chan error
	}
	start := func() slow {
		s := slow{newStream(), backends.NewID(), make(chan error, 1)}
		go func() {
			_, err := b.Put(t.Context(), s.id, s.stream, backends.Label{})
			s.done <- err
		}()
		<-s.began
		return s
	}
	finish := func(s slow) {
		s.rest <- []byte("slow")
		close(s.rest)
		must(t, <-s.done)
	}
	first, second := start(), start()
	m := begin(t, b, c)
	third := start()
	m.Mirror()
	fourth := start()
	finish(first)
	wantContent(t, a, first.id, "slow")
	wantContent(t, c, first.id, "slow")
	must(t, m.Freeze(t.Context()))
	must(t, m.Seal())
	finish(second)
	wantContent(t, a, second.id, "slow")
	wantContent(t, c, second.id, "slow")
	m.Switch()
	must(t, m.End())
	fifth := put(t, b, "quick")
	finish(third)
	finish(fourth)
	for _, s := range []slow{third, fourth} {
		wantContent(t, c, s.id, "slow")
	}
	wantContent(t, c, fifth, "quick")
	if ids := listAll(t, a); slices.Contains(ids, fifth) {
		t.Error("a blob that was put after the move went to where blobs were before")
	}
	must(t, b.Close())
}

// failing is a backend that takes no blobs while it is told so.
type failing struct {
	backends.Backend
	fails atomic.Bool
}

func (f *failing) Put(ctx context.Context, id backends.ID, r io.Reader, label backends.Label) (int64, error) {
	if f.fails.Load() {
		return 0, backends.ErrUnavailable
	}
	return f.Backend.Put(ctx, id, r, label)
}

// Where blobs are moved to, nothing can fail that clients notice, but at the very end of the move.
func TestTheStorageThatBlobsAreMovedToFails(t *testing.T) {
	a, c := newMemory(), &failing{Backend: newMemory()}
	b := moving.New(moving.Storage{Backend: a, Name: "a"})
	m := begin(t, b, c)
	m.Mirror()
	c.fails.Store(true)
	wantContent(t, b, put(t, b, "content"), "content")
	if err := m.Seal(); !errors.Is(err, moving.ErrBehind) || !errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("sealed with %v, want ErrBehind and the cause", err)
	}
	m.Mirror()
	must(t, m.Seal())
	id := backends.NewID()
	if _, err := b.Put(t.Context(), id, bytes.NewReader([]byte("content")), backends.Label{}); !errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("a put into a move that is sealed: %v", err)
	}
	if slices.Contains(listAll(t, a), id) {
		t.Error("a blob that was not put is there")
	}
	must(t, m.End())
	put(t, b, "content") // as if there had been no move
	must(t, b.Close())
}

func TestFilesMove(t *testing.T) {
	a, c := newMemory(), newMemory()
	b := moving.New(moving.Storage{Backend: a, Name: "a"})
	all := files.In(b.Files(), "archive")
	for _, name := range []string{"kept", "replaced", "deleted"} {
		filestest.Put(t, all, name, "content of "+name)
	}
	filestest.Put(t, a.Files(), claim.File, "of a")
	filestest.Put(t, c.Files(), claim.File, "of b")
	filestest.Put(t, c.Files(), "archive/left", "by an earlier move")
	m := begin(t, b, c)
	must(t, m.CopyFiles(t.Context()))
	filestest.Put(t, all, "replaced", "another content")
	filestest.Put(t, all, "new", "content of new")
	must(t, all.Delete(t.Context(), []string{"deleted"}))
	must(t, m.Freeze(t.Context()))
	waiting := make(chan error, 1)
	go func() { waiting <- all.Put(t.Context(), "later", bytes.NewReader([]byte("content of later"))) }()
	filestest.WantContent(t, all, "kept", "content of kept") // nobody who reads waits
	must(t, m.Seal())
	m.Switch()
	must(t, m.End())
	must(t, <-waiting)
	filestest.WantNames(t, c.Files(), "", "archive/kept", "archive/later", "archive/new", "archive/replaced", claim.File)
	filestest.WantContent(t, c.Files(), "archive/replaced", "another content")
	filestest.WantContent(t, c.Files(), claim.File, "of b")
	filestest.WantContent(t, a.Files(), claim.File, "of a")
	filestest.WantNames(t, a.Files(), "archive/", "archive/kept", "archive/new", "archive/replaced")
}

// There is one move at a time, from one place to another; one that fails can be begun again.
func TestMovesThatAreRefused(t *testing.T) {
	b := moving.New(moving.Storage{Backend: newMemory(), Name: "a"})
	if _, err := b.Begin("a", nil); err == nil {
		t.Error("a move to where blobs are begins")
	}
	broken := errors.New("broken")
	if _, err := b.Begin("b", func() (backends.Backend, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("began with %v", err)
	}
	m := begin(t, b, newMemory())
	if _, err := b.Begin("c", open(newMemory())); err == nil {
		t.Error("a second move begins")
	}
	must(t, m.End())
	m = begin(t, b, newMemory())
	must(t, m.End())
	must(t, b.Close())
}
