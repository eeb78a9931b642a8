package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// fill writes about a hundredth of what the WAL gathers before a checkpoint, at the next position.
func fill(t *testing.T, s *Store) {
	t.Helper()
	position, err := s.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	position.Seq++
	bucket := projections.Bucket{Name: "bucket", Region: strings.Repeat("x", 160_000)}
	err = s.Apply(t.Context(), eventlog.Position{Seq: position.Seq}, []projections.Change{projections.PutBucket{Bucket: &bucket}})
	if err != nil {
		t.Fatal(err)
	}
}

func walSize(t *testing.T, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, File+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestSnapshotKeepsTheWAL holds a snapshot while more is written than the WAL gathers otherwise. Its room is given back
// when the snapshot is closed.
func TestSnapshotKeepsTheWAL(t *testing.T) {
	const large = 48 << 20
	dir := t.TempDir()
	s := mustOpen(t, dir, fileSystem)
	defer mustClose(t, s)
	fill(t, s)
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for walSize(t, dir) <= large {
		fill(t, s)
	}
	if position, err := snapshot.Position(t.Context()); err != nil || position.Seq != 1 {
		t.Errorf("the snapshot is at %v, error %v; want 1", position, err)
	}
	if err := snapshot.Close(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if walSize(t, dir) < large {
			return
		}
		fill(t, s)
	}
	t.Errorf("the WAL still has %d bytes", walSize(t, dir))
}

// TestListsDoNotKeepTheWAL has lists that overlap, so that there is no moment without a reader. The WAL begins anew for
// all that.
func TestListsDoNotKeepTheWAL(t *testing.T) {
	s := mustOpen(t, t.TempDir(), fileSystem)
	defer mustClose(t, s)
	var done atomic.Bool
	var running sync.WaitGroup
	defer running.Wait()
	defer done.Store(true)
	for range 4 {
		running.Go(func() {
			for !done.Load() {
				if _, err := s.Buckets(t.Context(), "", 10); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	begun := 0
	for range 2000 {
		before := s.writer.wal
		fill(t, s)
		if s.writer.wal < before {
			begun++
		}
		if begun == 3 {
			return
		}
	}
	t.Errorf("the WAL has begun anew %d times, and has %d pages", begun, s.writer.wal)
}
