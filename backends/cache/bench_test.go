package cache

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/local"
)

// BenchmarkGet reads blobs from a warm cache and from local disk in turn, so that both meet the same weather, and reports
// how much longer the cache takes.
func BenchmarkGet(b *testing.B) {
	for _, size := range []int64{4 << 10, 10 << 20} {
		b.Run(fmt.Sprintf("%d KiB", size>>10), func(b *testing.B) {
			b.Run("discarded", func(b *testing.B) { benchmarkGet(b, size, struct{ io.Writer }{io.Discard}) })
			b.Run("TCP", func(b *testing.B) { benchmarkGet(b, size, socket(b)) })
		})
	}
}

func benchmarkGet(b *testing.B, size int64, w io.Writer) {
	const total = 40 << 20 // bytes of all blobs
	dir := b.TempDir()
	direct, err := local.Open(filepath.Join(dir, "blobs"))
	if err != nil {
		b.Fatal(err)
	}
	cached, err := Open(filepath.Join(dir, "cache"), 1<<30, direct, func(err error) { b.Error(err) })
	if err != nil {
		b.Fatal(err)
	}
	defer cached.Close()
	var ids []backends.ID
	for range min(total/size, 2000) {
		id := backends.NewID()
		if _, err := direct.Put(b.Context(), id, bytes.NewReader(make([]byte, size)), backends.Label{}); err != nil {
			b.Fatal(err)
		}
		ids = append(ids, id)
	}
	get := func(from backends.Backend, id backends.ID) time.Duration {
		start := time.Now()
		r, err := from.Get(b.Context(), id, 0, size)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(w, r); n != size || err != nil {
			b.Fatal(n, err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	for _, id := range ids {
		get(cached, id)
	}
	warm := cached.Stats()

	b.SetBytes(size)
	b.ReportAllocs()
	var slow, fast time.Duration
	i := 0
	for b.Loop() {
		id := ids[i%len(ids)]
		i += 7919 // a prime, to go through all of them in no order
		slow += get(cached, id)
		b.StopTimer()
		fast += get(direct, id)
		b.StartTimer()
	}
	b.ReportMetric(slow.Seconds()/fast.Seconds(), "x-local")
	if got := cached.Stats(); got.Misses != warm.Misses {
		b.Fatalf("the cache is not warm: %+v, then %+v", warm, got)
	}
}

// socket is a connection to somebody who reads all that comes.
func socket(b *testing.B) net.Conn {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.Copy(struct{ io.Writer }{io.Discard}, conn) // until the other end is closed
			conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		conn.Close()
		<-done
		listener.Close()
	})
	return conn
}

// BenchmarkOpen100000 opens a folder of 100,000 files, and reports what one of them takes in memory.
func BenchmarkOpen100000(b *testing.B) {
	const files = 100_000
	dir := b.TempDir()
	content := make([]byte, headerSize+10)
	for range files {
		p := piece{backends.NewID(), 0}
		path, err := folder(dir).write(p, content)
		if err == nil {
			err = os.Rename(path, folder(dir).path(p))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var s *store
	for b.Loop() {
		var err error
		if s, err = openStore(dir, 1<<40, nil); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := s.index.count(); n != files {
		b.Fatalf("%d files were found", n)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/files, "bytes/file")
}
