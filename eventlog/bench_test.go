package eventlog_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// BenchmarkAppend measures durable appends of one event by several writers, and the commits that they share.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 32, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			log := openLog(b, eventlog.Config{Dir: b.TempDir()})
			defer log.Close()
			event := smallObject()
			b.ResetTimer()
			var left atomic.Int64
			left.Store(int64(b.N))
			var group sync.WaitGroup
			for range writers {
				group.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := log.Append(b.Context(), event); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(log.Head().Seq)/float64(b.N), "commits/op")
		})
	}
}

// BenchmarkRoundTrip measures the time from Append to the commit's return through Next, as a write of an object sees it.
func BenchmarkRoundTrip(b *testing.B) {
	log := openLog(b, eventlog.Config{Dir: b.TempDir()})
	defer log.Close()
	reader, err := log.Read(b.Context(), eventlog.Position{})
	if err != nil {
		b.Fatal(err)
	}
	event := smallObject()
	var inRead time.Duration
	for b.Loop() {
		if _, err := log.Append(b.Context(), event); err != nil {
			b.Fatal(err)
		}
		appended := time.Now()
		if _, err := reader.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
		inRead += time.Since(appended)
	}
	b.ReportMetric(float64(inRead.Nanoseconds())/float64(b.N), "ns-read/op")
}

// BenchmarkReplay measures reading a log from its beginning; an op is one event.
func BenchmarkReplay(b *testing.B) {
	for _, perCommit := range []int{1, 64} {
		b.Run(fmt.Sprintf("events=%d", perCommit), func(b *testing.B) {
			const commits = 2000
			log := openLog(b, eventlog.Config{Dir: b.TempDir()})
			defer log.Close()
			events := make([]eventlog.Event, perCommit)
			for i := range events {
				events[i] = smallObject()
			}
			for range commits {
				if _, err := log.Append(b.Context(), events...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				reader, err := log.Read(b.Context(), eventlog.Position{})
				if err != nil {
					b.Fatal(err)
				}
				for seq := uint64(0); seq < commits && n < b.N; {
					got, err := reader.Next(b.Context())
					if err != nil {
						b.Fatal(err)
					}
					seq = got[len(got)-1].Position.Seq
					n += len(got) * perCommit
				}
				reader.Close()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkOpen measures the start of a log of 1,000 commits.
func BenchmarkOpen(b *testing.B) {
	for _, commits := range []int{0, 1000} {
		b.Run(fmt.Sprintf("commits=%d", commits), func(b *testing.B) {
			dir := b.TempDir()
			log := openLog(b, eventlog.Config{Dir: dir})
			for range commits {
				if _, err := log.Append(b.Context(), smallObject()); err != nil {
					b.Fatal(err)
				}
			}
			log.Close()
			var opening time.Duration
			for b.Loop() {
				begin := time.Now()
				log := openLog(b, eventlog.Config{Dir: dir})
				opening += time.Since(begin)
				log.Close()
			}
			b.ReportMetric(float64(opening.Milliseconds())/float64(b.N), "ms-open/op")
		})
	}
}
