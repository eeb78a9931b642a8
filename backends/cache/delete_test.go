package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
)

// A Get that has returned reads to the end also when the blob is deleted, whatever part of it is in the cache, wherever the
// reader is, and also when all pieces are evicted. Nothing of the blob is there afterwards.
func TestDeleteDuringRead(t *testing.T) {
	const size = 4*pieceSize + 1000
	for name, cached := range map[string][][2]int{
		"nothing cached":       {},
		"all cached":           {{0, size}},
		"first piece cached":   {{0, pieceSize}},
		"second piece cached":  {{pieceSize, 2 * pieceSize}},
		"last pieces cached":   {{2 * pieceSize, size}},
		"every second cached":  {{0, pieceSize}, {2 * pieceSize, 3 * pieceSize}, {4 * pieceSize, size}},
		"start of each cached": {{0, 10}, {pieceSize, pieceSize + 10}, {2 * pieceSize, 2*pieceSize + 10}},
	} {
		for _, before := range []int{0, 1, pieceSize, pieceSize + 1, 3 * pieceSize, size - 1, size} {
			t.Run(name, func(t *testing.T) {
				behind := newCloud()
				b := openCache(t, t.TempDir(), 1<<30, behind)
				id, data := behind.put(t, size)
				for _, c := range cached {
					wantRange(t, b, id, data, c[0], c[1])
				}
				r, err := b.Get(t.Context(), id, 0, size)
				if err != nil {
					t.Fatal(err)
				}
				got := make([]byte, size)
				if _, err := io.ReadFull(r, got[:before]); err != nil {
					t.Fatal(err)
				}
				if err := b.Delete(t.Context(), []backends.ID{id, id}); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(r, got[before:]); err != nil || !bytes.Equal(got, data) {
					t.Errorf("read behind %d bytes after Delete: %v, or it differs from what was put", before, err)
				}
				if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("Read at the end = %d, %v", n, err)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
				if s := b.Stats(); s.Bytes != 0 || s.Pieces != 0 {
					t.Errorf("after Delete there is still %+v", s)
				}
				if _, err := read(t, b, id, 0, 10); !errors.Is(err, backends.ErrNotFound) {
					t.Errorf("Get of a deleted blob: %v, want ErrNotFound", err)
				}
			})
		}
	}
}

// Who reads a blob while it is being deleted passes the cache by, and comes to the end too.
func TestGetDuringDelete(t *testing.T) {
	behind := newCloud()
	id, data := behind.put(t, 2*pieceSize)
	deleting := &deletes{cloud: behind}
	b := openCache(t, t.TempDir(), 1<<30, deleting)
	wantRange(t, b, id, data, 0, len(data))
	var r io.ReadCloser
	deleting.before = func() {
		var err error
		if r, err = b.Get(t.Context(), id, 0, int64(len(data))); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Delete(t.Context(), []backends.ID{id}); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes that are right or not, %v", len(got), err)
	}
	if s := b.Stats(); s.Pieces != 0 {
		t.Errorf("after Delete there is still %+v", s)
	}
}

// A Delete that can't give a reader what it needs deletes nothing.
func TestDeleteThatWouldBreakAReader(t *testing.T) {
	behind := newCloud()
	b := openCache(t, t.TempDir(), 1<<30, behind)
	id, data := behind.put(t, 2*pieceSize)
	wantRange(t, b, id, data, 0, len(data))
	r, err := b.Get(t.Context(), id, 0, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	behind.open = func(io.ReadCloser, int64, int64) (io.ReadCloser, error) { return nil, backends.ErrUnavailable }
	if err := b.Delete(t.Context(), []backends.ID{id}); !errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("Delete: %v, want ErrUnavailable", err)
	}
	behind.open = nil
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes that are right or not, %v", len(got), err)
	}
	if err := b.Delete(t.Context(), []backends.ID{id}); err != nil {
		t.Errorf("Delete without a reader: %v", err)
	}
}

// Readers that come and go while a blob is deleted and pieces are evicted find all of it or nothing.
func TestDeleteUnderConcurrency(t *testing.T) {
	const size, workers = 4*pieceSize + 1000, 6
	behind := newCloud()
	b := openCache(t, t.TempDir(), 6<<20, behind)
	for range 10 {
		id, data := behind.put(t, size)
		var group sync.WaitGroup
		var reads atomic.Int64
		var deleted atomic.Bool
		for range workers {
			group.Go(func() {
				for !t.Failed() {
					late := deleted.Load()
					got, err := readSlowly(t, b, id, size)
					if errors.Is(err, backends.ErrNotFound) && len(got) == 0 {
						return
					}
					if err != nil || !bytes.Equal(got, data) || late {
						t.Errorf("read %d bytes that are right or not, %v; deleted before: %t", len(got), err, late)
					}
					reads.Add(1)
				}
			})
		}
		for reads.Load() < 2*workers && !t.Failed() {
			runtime.Gosched()
		}
		if err := b.Delete(t.Context(), []backends.ID{id}); err != nil {
			t.Error(err)
		}
		deleted.Store(true)
		group.Wait()
		if left := b.pieces.index.of(id); len(left) > 0 {
			t.Errorf("after Delete there are still %v", left)
		}
	}
}

// readSlowly reads a blob in pieces that are not those of the cache. It reads nothing only where Get gives an error.
func readSlowly(t *testing.T, b backends.Backend, id backends.ID, size int64) ([]byte, error) {
	r, err := b.Get(t.Context(), id, 0, size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	got := make([]byte, size)
	for at := 0; at < len(got); {
		n, err := io.ReadFull(r, got[at:min(len(got), at+300_000)])
		if at += n; err != nil {
			return got[:max(at, 1)], err
		}
		runtime.Gosched()
	}
	return got, nil
}

// deletes is a cloud that calls a function before it deletes.
type deletes struct {
	*cloud
	before func()
}

func (d *deletes) Delete(ctx context.Context, ids []backends.ID) error {
	d.before()
	return d.cloud.Delete(ctx, ids)
}
