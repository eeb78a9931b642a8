package pebble

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// disk is a file system that can be full.
type disk struct {
	vfs.FS
	full *atomic.Bool
}

func newDisk() disk {
	full := new(atomic.Bool)
	return disk{full: full, FS: errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose {
			return syscall.ENOSPC
		}
		return nil
	}))}
}

func (d disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	if d.full.Load() {
		return vfs.DiskUsage{}, nil
	}
	return vfs.DiskUsage{AvailBytes: 1 << 40}, nil
}

func bucketNumber(i int) *projections.Bucket {
	return &projections.Bucket{Name: fmt.Sprint("bucket", i)}
}

func putBucket(t *testing.T, s *Store, i int) {
	t.Helper()
	pos := eventlog.Position{Log: "log", Seq: uint64(i)}
	if err := s.Apply(t.Context(), pos, []projections.Change{projections.PutBucket{Bucket: bucketNumber(i)}}); err != nil {
		t.Fatal(err)
	}
}

func wantBuckets(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		if _, err := s.Bucket(t.Context(), bucketNumber(i).Name); err != nil {
			t.Fatal(err)
		}
	}
}

// fillDisk makes the disk full and writes on from the n-th bucket until the store finds out. It returns the number of
// buckets then.
func fillDisk(t *testing.T, d disk, s *Store, n int) int {
	t.Helper()
	d.full.Store(true)
	for last := n + 100_000; n < last; n++ {
		if s.Check(t.Context()) != nil {
			return n
		}
		putBucket(t, s, n)
	}
	t.Fatal("the store does not find the disk full")
	return n
}

func TestFullDisk(t *testing.T) {
	d := newDisk()
	s, err := open("data", d)
	if err != nil {
		t.Fatal(err)
	}
	n := fillDisk(t, d, s, 0)
	wantBuckets(t, s, n)

	d.full.Store(false)
	for end := time.Now().Add(20 * time.Second); s.Check(t.Context()) != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("with space again: %v", s.Check(t.Context()))
		}
	}
	putBucket(t, s, n)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = open("data", d); err != nil {
		t.Fatal(err)
	}
	wantBuckets(t, s, n+1)

	fillDisk(t, d, s, n+1)
	if err := s.Close(); err == nil {
		t.Error("Close lost writes without an error")
	}
}

func TestOpenOnAFullDiskFails(t *testing.T) {
	d := newDisk()
	d.full.Store(true)
	_, err := open("data", d)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want ENOSPC", err)
	}
	wantNoDamage(t, err)
}

func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir)
	if err == nil {
		t.Error("the store was opened twice")
	}
	wantNoDamage(t, err)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOtherFormatsAreRefused(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Set(formatKey, []byte("2"), lsm.Sync); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a refusal leaves nothing open
		if _, err := Open(dir); err == nil {
			t.Fatal("a store of format 2 was opened")
		} else {
			wantNoDamage(t, err)
		}
	}
}

// TestCrash opens what is on the disk after crashes in the middle of work, each of which took some of what was not synced, or
// all of it. There is the state as of the position, which is behind what was flushed.
func TestCrash(t *testing.T) {
	const buckets, flushed, clones = 100, 50, 20
	fs := vfs.NewCrashableMem()
	s, err := open("data", fs)
	if err != nil {
		t.Fatal(err)
	}
	var after []*vfs.MemFS
	for i := range buckets {
		putBucket(t, s, i)
		if i == flushed {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if i >= buckets-clones {
			percent := (i - buckets + clones) * 100 / (clones - 1) // from none of it to all
			after = append(after, fs.CrashClone(vfs.CrashCloneCfg{
				UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(rand.Uint64(), 0)),
			}))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, fs := range after {
		wantCrashed(t, fs, flushed)
	}
}

// wantCrashed checks that a store has as many buckets as its position says, which is not below flushed.
func wantCrashed(t *testing.T, fs vfs.FS, flushed uint64) {
	t.Helper()
	s, err := open("data", fs)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	position, err := s.Position(t.Context())
	if err != nil || position.Seq < flushed {
		t.Fatalf("position %v, error %v; want at least what was flushed", position, err)
	}
	wantBuckets(t, s, int(position.Seq)+1)
	list, err := s.Buckets(t.Context(), "", 1000)
	if err != nil || len(list) != int(position.Seq)+1 {
		t.Errorf("%d buckets, error %v; want as many as the position says: %d", len(list), err, position.Seq+1)
	}
}
