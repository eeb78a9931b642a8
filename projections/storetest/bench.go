package storetest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// Bench measures stores, with up to a million objects. open opens the one in a folder, or makes one there.
func Bench(b *testing.B, open opener) {
	b.Run("ReplayMillion", func(b *testing.B) { benchReplayMillion(b, open) })
	b.Run("ApplyCommit", func(b *testing.B) { benchApplyCommit(b, open) })
	b.Run("Idle", func(b *testing.B) { benchIdle(b, open) })
	b.Run("Million", func(b *testing.B) { benchMillion(b, open) })
}

type opener = func(b *testing.B, dir string) projections.MetadataStore

const (
	million     = 1_000_000
	commitSize  = 64
	applyEvents = 1024 // as the projector does
)

// objectCreated is the event of the i-th PUT. Every tenth overwrites an object of some time ago.
func objectCreated(i int) eventlog.Event {
	key := i
	var freed []eventlog.FreeBlob
	if i%10 == 9 {
		key = i * 7 % i
		freed = []eventlog.FreeBlob{{ID: blobID(key)}}
	}
	now := time.UnixMilli(1_700_000_000_000 + int64(i)).UTC()
	sum := md5.Sum(strconv.AppendInt(nil, int64(i), 10))
	return eventlog.Event{
		Time:    now,
		Actor:   eventlog.Actor{Account: "bleepstore", AccessKey: "bleepstore", Address: "127.0.0.1"},
		Request: fmt.Sprintf("%016X", i),
		Data: &eventlog.ObjectCreated{
			Bucket: "bench", Key: fmt.Sprintf("one/prefix/%02x/%09d.jpg", key*31%256, key), Via: eventlog.ViaPut,
			Object: eventlog.Object{
				Version: blobID(i), Null: true, Modified: now, Owner: eventlog.Owner{ID: "bleepstore", Name: "bleepstore"},
				Size: 4096, ETag: hex.EncodeToString(sum[:]),
				Checksum:   eventlog.Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: "AAAAAAAAAAA="},
				Attributes: eventlog.Attributes{ContentType: "image/jpeg"},
				Blobs:      []eventlog.Blob{{ID: blobID(i), Size: 4096, CRC64NVME: "AAAAAAAAAAA="}},
			},
			Displaced: eventlog.Displaced{Freed: freed},
		},
	}
}

func blobID(i int) string { return fmt.Sprintf("%026d", i*7919) }

func closeBench(b *testing.B, s projections.MetadataStore) {
	b.Helper()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// replay applies n events, as a projector does with a log that is at hand. It returns the time that this took without
// the making of the events.
func replay(b *testing.B, s projections.MetadataStore, n int) time.Duration {
	var took time.Duration
	events := make([]eventlog.Event, 0, applyEvents)
	for i := 0; i < n; {
		events = events[:0]
		for len(events) < applyEvents && i < n {
			events = append(events, objectCreated(i))
			i++
		}
		start := time.Now()
		changes, err := projections.Fold(b.Context(), s, events)
		if err != nil {
			b.Fatal(err)
		}
		pos := eventlog.Position{Log: "log", Seq: uint64(i / commitSize), Hash: strings.Repeat("0", 64)}
		if err := s.Apply(b.Context(), pos, changes); err != nil {
			b.Fatal(err)
		}
		took += time.Since(start)
	}
	return took
}

// resident is how many MiB of memory the process occupies.
func resident(b *testing.B) float64 {
	b.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skipf("this system does not tell: %v", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

// cpu is how long the process has computed, which tells more than the clock on a busy machine.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchReplayMillion(b *testing.B, open opener) {
	for b.Loop() {
		s := open(b, b.TempDir())
		start := cpu(b)
		took := replay(b, s, million)
		b.ReportMetric(took.Seconds(), "s/million")
		b.ReportMetric((cpu(b) - start).Seconds(), "cpu-s/million")
		b.ReportMetric(resident(b), "MiB")
		closeBench(b, s)
	}
}

// benchApplyCommit applies one commit after the other, as they come while clients write.
func benchApplyCommit(b *testing.B, open opener) {
	s := open(b, b.TempDir())
	defer closeBench(b, s)
	i := 0
	for b.Loop() {
		events := make([]eventlog.Event, commitSize)
		for j := range events {
			events[j] = objectCreated(i)
			i++
		}
		changes, err := projections.Fold(b.Context(), s, events)
		if err != nil {
			b.Fatal(err)
		}
		pos := eventlog.Position{Log: "log", Seq: uint64(i), Hash: strings.Repeat("0", 64)}
		if err := s.Apply(b.Context(), pos, changes); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(i), "ns/event")
}

// benchIdle tells what an open store adds to a process.
func benchIdle(b *testing.B, open opener) {
	dir := b.TempDir()
	for b.Loop() {
		before := resident(b)
		s := open(b, dir)
		b.ReportMetric(resident(b)-before, "MiB")
		closeBench(b, s)
	}
}

// benchMillion asks a store of a million objects.
func benchMillion(b *testing.B, open opener) {
	dir := b.TempDir()
	s := open(b, dir)
	replay(b, s, million)
	closeBench(b, s)

	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			s := open(b, dir)
			closeBench(b, s)
		}
	})

	// The last writes are in Pebble's own log, which the next opening reads.
	b.Run("OpenAfterWrites", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			s := open(b, dir)
			replay(b, s, 10_000)
			closeBench(b, s)
			b.StartTimer()
			closeBench(b, open(b, dir))
		}
	})

	s = open(b, dir)
	defer closeBench(b, s)
	ctx := b.Context()

	b.Run("Object", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			key := i * 7919 % (million / 10) * 10
			if _, err := s.Object(ctx, "bench", fmt.Sprintf("one/prefix/%02x/%09d.jpg", key*31%256, key)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ObjectNotFound", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.Object(ctx, "bench", fmt.Sprintf("one/prefix/%02x/%09d.jpeg", i%256, i)); err == nil {
				b.Fatal("found what is not there")
			}
		}
	})

	pages := []struct {
		name    string
		listing projections.Listing
		entries int
	}{
		{"Page", projections.Listing{Limit: 1000, Marker: "one/prefix/80/"}, 1000},
		{"OnePrefixHidesAll", projections.Listing{Limit: 1000, Delimiter: "/"}, 1},
		{"256Prefixes", projections.Listing{Limit: 1000, Delimiter: "/", Prefix: "one/prefix/"}, 256},
		{"DistinctPrefixes", projections.Listing{Limit: 1000, Delimiter: ".", Prefix: "one/prefix/80/"}, 1000},
	}
	for _, p := range pages {
		b.Run(p.name, func(b *testing.B) {
			p.listing.Bucket = "bench"
			for b.Loop() {
				page, err := projections.ListObjects(ctx, s, p.listing)
				if err != nil || len(page.Records)+len(page.CommonPrefixes) != p.entries {
					b.Fatalf("got %d records, %d prefixes, error %v", len(page.Records), len(page.CommonPrefixes), err)
				}
			}
		})
	}
}
