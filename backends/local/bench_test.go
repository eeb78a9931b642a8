package local

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// BenchmarkPut4KiB reports durable blobs per second, and fsyncs of any kind for each of them.
func BenchmarkPut4KiB(b *testing.B) {
	b.Run("1 writer", func(b *testing.B) { benchmarkPut(b, 1) })
	b.Run("64 writers", func(b *testing.B) { benchmarkPut(b, 64) })
}

// BenchmarkPut64MiB stores a blob and writes a plain file of the same bytes in turn, so that both meet the same weather,
// and reports how much longer the blob takes than write and fsync.
func BenchmarkPut64MiB(b *testing.B) {
	dir := b.TempDir()
	backend := openBench(b, vfs.Default, filepath.Join(dir, "blobs"))
	data := make([]byte, 64<<20)
	_, _ = rand.Read(data)
	b.SetBytes(int64(len(data)))
	var blob, plain time.Duration
	for b.Loop() {
		start := time.Now()
		id := backends.NewID()
		// The body of a request is no io.WriterTo.
		if _, err := backend.Put(b.Context(), id, struct{ io.Reader }{bytes.NewReader(data)}, backends.Label{}); err != nil {
			b.Fatal(err)
		}
		blob += time.Since(start)

		b.StopTimer()
		start = time.Now()
		writeFile(b, filepath.Join(dir, string(id)), data)
		plain += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(blob.Seconds()/plain.Seconds(), "x-plain-file")
}

func writeFile(b *testing.B, path string, data []byte) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	for piece := range slices.Chunk(data, 1<<20) {
		if _, err := f.Write(piece); err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		b.Fatal(err)
	}
}

func benchmarkPut(b *testing.B, writers int) {
	var syncs counter
	backend := openBench(b, watch(syncs.syncs), b.TempDir())
	data := make([]byte, 4<<10)
	_, _ = rand.Read(data)
	before := syncs.n.Load()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()

	var left atomic.Int64
	left.Store(int64(b.N))
	var group sync.WaitGroup
	b.ResetTimer()
	for range writers {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				r := struct{ io.Reader }{bytes.NewReader(data)}
				if _, err := backend.Put(b.Context(), backends.NewID(), r, backends.Label{}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
	b.ReportMetric(float64(syncs.n.Load()-before)/float64(b.N), "fsyncs/put")
}

func BenchmarkGet4KiB(b *testing.B) {
	dir := b.TempDir()
	backend := openBench(b, vfs.Default, dir)
	ids := make([]backends.ID, 20_000)
	fill(b, backend, ids, 4<<10)
	if err := backend.small.db.Flush(); err != nil {
		b.Fatal(err)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		r, err := backend.Get(b.Context(), ids[i%len(ids)], 0, 4<<10)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, r); n != 4<<10 || err != nil {
			b.Fatal(n, err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		i += 7919 // a prime, to go through all of them in no order
	}
}

func BenchmarkOpen(b *testing.B) {
	for name, blobs := range map[string]int{"empty": 0, "20000 blobs": 20_000} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			backend, err := Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			fill(b, backend, make([]backends.ID, blobs), 4<<10)
			for b.Loop() {
				if err := backend.Close(); err != nil {
					b.Fatal(err)
				}
				if backend, err = Open(dir); err != nil {
					b.Fatal(err)
				}
			}
			if err := backend.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func openBench(b *testing.B, fs vfs.FS, dir string) *Backend {
	backend, err := open(fs, dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := backend.Close(); err != nil {
			b.Error(err)
		}
	})
	return backend
}

// fill stores blobs of a size from many writers at once.
func fill(tb testing.TB, backend *Backend, ids []backends.ID, size int) {
	tb.Helper()
	data := strings.Repeat("x", size)
	var next atomic.Int64
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				ids[i] = backends.NewID()
				if _, err := backend.Put(tb.Context(), ids[i], strings.NewReader(data), backends.Label{}); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}
