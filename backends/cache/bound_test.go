package cache

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
)

// The files never take more than the limit, whatever is read, broken off and deleted at once.
func TestBoundHoldsUnderConcurrency(t *testing.T) {
	const limit, workers, rounds = 8 << 20, 8, 60
	behind := newCloud()
	dir := t.TempDir()
	b := openCache(t, dir, limit, behind)
	type blob struct {
		id   backends.ID
		data []byte
	}
	var blobs []blob
	for _, size := range []int{1000, 5000, 100_000, pieceSize, 2*pieceSize + 5, 3 * pieceSize, 6 * pieceSize} {
		id, data := behind.put(t, size)
		blobs = append(blobs, blob{id, data})
	}

	var stop atomic.Bool
	var watcher, group sync.WaitGroup
	watcher.Go(func() {
		for !stop.Load() {
			// Files that are replaced while they are counted may count twice.
			if _, sum := filesIn(t, dir); sum > limit+pieceSize {
				t.Errorf("the files have %d bytes, %d are allowed", sum, limit)
			}
			if n := b.Stats().Bytes; n > limit {
				t.Errorf("%d bytes are in use, %d are allowed", n, limit)
			}
			time.Sleep(time.Millisecond)
		}
	})
	for w := range workers {
		random := rand.New(rand.NewPCG(uint64(w), 1))
		group.Go(func() {
			own, ownData := behind.put(t, 2*pieceSize+w)
			for i := range rounds {
				blob := blobs[random.IntN(len(blobs))]
				from := random.IntN(len(blob.data))
				to := from + 1 + random.IntN(len(blob.data)-from)
				r, err := b.Get(t.Context(), blob.id, int64(from), int64(to-from))
				if err != nil {
					t.Error(err)
					return
				}
				if i%5 == 0 {
					to = from + (to-from)/2
				}
				got := make([]byte, to-from)
				if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, blob.data[from:to]) {
					t.Errorf("bytes %d to %d are wrong, or %v", from, to, err)
				}
				r.Close()
				if i == rounds/2 {
					wantRange(t, b, own, ownData, 0, len(ownData))
					if err := b.Delete(t.Context(), []backends.ID{own}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	stop.Store(true)
	watcher.Wait()
	paths, sum := filesIn(t, dir)
	if s := b.Stats(); int64(len(paths)) != s.Pieces || sum > s.Bytes || s.Bytes > limit {
		t.Errorf("there are %d files of %d bytes, and %+v", len(paths), sum, s)
	}
}

// Small blobs count as 16 KiB, and the one that was not used for the longest time goes first; also when a cache is opened
// again with a lower limit, where it is the one that was written first.
func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	behind := newCloud()
	dir := t.TempDir()
	b := openCache(t, dir, 4*leastCost, behind)
	var ids []backends.ID
	read := func(i int) {
		wantRange(t, b, ids[i], make([]byte, 10), 0, 10)
	}
	for i := range 6 {
		id := backends.NewID()
		if _, err := behind.Put(t.Context(), id, bytes.NewReader(make([]byte, 10)), backends.Label{}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		read(i)
		read(0)
		written := time.Now().Add(time.Duration(i-10) * time.Minute) // whatever the file system's clock can tell
		if err := os.Chtimes(b.pieces.folder.path(piece{id, 0}), written, written); err != nil {
			t.Fatal(err)
		}
	}
	wantThere := func(want ...int) {
		t.Helper()
		there := map[int]bool{}
		for _, i := range want {
			there[i] = true
		}
		for i, id := range ids {
			if got := b.pieces.index.has(piece{id, 0}, 1); got != there[i] {
				t.Errorf("blob %d is there: %t, want %t", i, got, there[i])
			}
		}
	}
	wantThere(0, 3, 4, 5)
	b = openCache(t, dir, 3*leastCost, behind)
	wantThere(3, 4, 5)
	b = openCache(t, dir, 0, behind)
	wantThere()
	if paths, _ := filesIn(t, dir); len(paths) > 0 {
		t.Errorf("left behind: %q", paths)
	}
}

// Many readers of a little take little memory, also of large pieces, and whoever gets none is served from behind.
func TestMemoryOfManyReaders(t *testing.T) {
	const readers, size = 1000, 4 << 10
	behind := newCloud()
	b := openCache(t, t.TempDir(), 1<<30, behind)
	small, smallData := behind.put(t, size)
	large, largeData := behind.put(t, pieceSize)
	wantRange(t, b, small, smallData, 0, size)
	wantRange(t, b, large, largeData, 0, pieceSize)
	open := func(id backends.ID, offset, length int64) (close func()) {
		t.Helper()
		var opened []io.ReadCloser
		for range readers {
			r, err := b.Get(t.Context(), id, offset, length)
			if err != nil {
				t.Fatal(err)
			}
			opened = append(opened, r)
		}
		return func() {
			for _, r := range opened {
				if n, err := io.Copy(io.Discard, r); err != nil || n != length {
					t.Errorf("read %d bytes, %v", n, err)
				}
				r.Close()
			}
		}
	}
	runtime.GC()
	var start, now runtime.MemStats
	runtime.ReadMemStats(&start)
	closeSmall, closeLarge := open(small, 0, size), open(large, 100_000, size)
	runtime.ReadMemStats(&now)
	if grown := int64(now.HeapInuse) - int64(start.HeapInuse); grown > 64<<20 {
		t.Errorf("%d readers of 4 KiB take %d MiB", 2*readers, grown>>20)
	}
	closeSmall()
	closeLarge()

	closeAll := open(large, 0, pieceSize)
	if n := b.pieces.buffers.usage.InUse(); n > maxBuffered {
		t.Errorf("%d bytes of buffers are lent, %d are allowed", n, maxBuffered)
	}
	wantRange(t, b, small, smallData, 0, size)
	closeAll()
	behind.gets.Store(0)
	wantRange(t, b, large, largeData, 0, pieceSize)
	behind.wantGets(t, 0)
}
