package jsonl

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// faulty is a disk that can fail, and can be full.
type faulty struct {
	vfs.FS
	full  atomic.Bool
	fails atomic.Pointer[func(errorfs.Op) error]
}

func newFaulty(disk *vfs.MemFS) *faulty {
	f := new(faulty)
	f.FS = errorfs.Wrap(newDisk(disk), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if f.full.Load() && op.Kind == errorfs.OpFileWriteAt {
			return syscall.ENOSPC
		}
		if fails := f.fails.Load(); fails != nil {
			return (*fails)(op)
		}
		return nil
	}))
	return f
}

func (f *faulty) GetDiskUsage(dir string) (vfs.DiskUsage, error) {
	if f.full.Load() {
		return vfs.DiskUsage{}, nil
	}
	return f.FS.GetDiskUsage(dir)
}

// fail has operations on files with a suffix fail, and only those.
func (f *faulty) fail(kind errorfs.OpKind, suffix string) {
	fails := func(op errorfs.Op) error {
		if op.Kind == kind && strings.HasSuffix(op.Path, suffix) {
			return syscall.EIO
		}
		return nil
	}
	f.fails.Store(&fails)
}

func apply(t *testing.T, s *Store, seq int) {
	t.Helper()
	if err := s.Apply(t.Context(), at(seq), step(seq)); err != nil {
		t.Fatal(err)
	}
}

// await waits until a condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestFullDisk(t *testing.T) {
	history := history(t, 3)
	disk := newFaulty(vfs.NewMem())
	s := openOn(t, disk)
	apply(t, s, 1)

	disk.full.Store(true)
	applied := make(chan error)
	go func() { applied <- s.Apply(t.Context(), at(2), step(2)) }()
	await(t, "Check reports the full disk", func() bool { return s.Check(t.Context()) != nil })
	if seq := wantHistory(t, s, history); seq != 1 {
		t.Errorf("the store is at %d on a full disk, want 1", seq)
	}
	disk.full.Store(false)
	if err := <-applied; err != nil {
		t.Fatalf("Apply, with space again: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check, with space again: %v", err)
	}
	apply(t, s, 3)
	wantHistory(t, s, history)
	closeStore(t, s)

	s = openOn(t, disk)
	if seq := wantHistory(t, s, history); seq != 3 {
		t.Errorf("the store is at %d, want 3", seq)
	}
	closeStore(t, s)
}

// An Apply that is given up on a full disk has changed nothing, and another may take its place.
func TestGiveUpOnAFullDisk(t *testing.T) {
	history := history(t, 2)
	disk := newFaulty(vfs.NewMem())
	s := openOn(t, disk)
	apply(t, s, 1)

	disk.full.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	applied := make(chan error)
	go func() { applied <- s.Apply(ctx, at(9), append(step(8), step(9)...)) }()
	await(t, "Check reports the full disk", func() bool { return s.Check(t.Context()) != nil })
	cancel()
	if err := <-applied; !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Apply: %v, want ENOSPC", err)
	}
	wantHistory(t, s, history)
	disk.full.Store(false)
	apply(t, s, 2)
	closeStore(t, s)

	s = openOn(t, disk)
	if seq := wantHistory(t, s, history); seq != 2 {
		t.Errorf("the store is at %d, want 2", seq)
	}
	closeStore(t, s)
}

// What a failed Apply has written does not count, wherever it failed, and the next one is not disturbed by it.
func TestFailedWrite(t *testing.T) {
	for _, name := range append([]string{commitsFile}, allFiles()...) {
		t.Run(name, func(t *testing.T) {
			history := history(t, 2)
			disk := newFaulty(vfs.NewMem())
			s := openOn(t, disk)
			apply(t, s, 1)
			disk.fail(errorfs.OpFileWriteAt, name)
			if err := s.Apply(t.Context(), at(9), append(step(8), step(9)...)); !errors.Is(err, syscall.EIO) {
				t.Fatalf("Apply: %v, want EIO", err)
			}
			wantHistory(t, s, history)
			disk.fails.Store(nil)
			apply(t, s, 2)
			closeStore(t, s)
			s = openOn(t, disk)
			if seq := wantHistory(t, s, history); seq != 2 {
				t.Errorf("the store is at %d, want 2", seq)
			}
			closeStore(t, s)
		})
	}
}

func allFiles() (files []string) {
	for k := range kinds {
		files = append(files, k.file())
	}
	return files
}

// applyBytes applies so many bytes and returns the position behind them.
func applyBytes(t *testing.T, s *Store, n int) int {
	t.Helper()
	big := strings.Repeat("x", 1<<20)
	seq := 0
	for ; n > 0; n -= len(big) {
		seq++
		object := &projections.Object{Bucket: "b", Key: "k", Object: eventlog.Object{ETag: big}}
		if err := s.Apply(t.Context(), at(seq), []projections.Change{projections.PutObject{Object: object}}); err != nil {
			t.Fatal(err)
		}
	}
	return seq
}

// syncedPosition is where a store is after a power cut that takes all that was not synced.
func syncedPosition(t *testing.T, disk *vfs.MemFS) uint64 {
	t.Helper()
	s := openOn(t, disk.CrashClone(vfs.CrashCloneCfg{}))
	defer closeStore(t, s)
	position, err := s.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return position.Seq
}

func TestSyncsInTheBackground(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := openOn(t, disk)
	applyBytes(t, s, syncBytes+1<<20)
	await(t, "something is durable", func() bool { return syncedPosition(t, disk) > 0 })
	closeStore(t, s)
}

// A failed sync is not tried again, although it would succeed. What was applied becomes durable in new files.
func TestFailedSync(t *testing.T) {
	crashable := vfs.NewCrashableMem()
	disk := newFaulty(crashable)
	s := openOn(t, disk)
	var failed atomic.Bool
	fails := func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync && strings.HasSuffix(op.Path, objects.file()) && !failed.Swap(true) {
			return syscall.EIO
		}
		return nil
	}
	disk.fails.Store(&fails)
	last := applyBytes(t, s, syncBytes+1<<20)
	await(t, "there are new files", func() bool { return slices.Equal(generations(t, crashable), []string{"000002"}) })
	if got := syncedPosition(t, crashable); got == 0 {
		t.Error("with new files, nothing is durable")
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check, with new files: %v", err)
	}
	closeStore(t, s)
	if got := syncedPosition(t, crashable); got != uint64(last) {
		t.Errorf("at %d of %d behind a Close", got, last)
	}
}

func TestCheckReportsTheBackground(t *testing.T) {
	disk := newFaulty(vfs.NewMem())
	s := openOn(t, disk)
	disk.fail(errorfs.OpFileSync, objects.file()) // of new ones too
	applyBytes(t, s, syncBytes+1<<20)
	await(t, "Check reports the failure", func() bool { return s.Check(t.Context()) != nil })
	if err := s.Check(t.Context()); !errors.Is(err, syscall.EIO) {
		t.Errorf("Check: %v, want EIO", err)
	}
	disk.fails.Store(nil)
	if err := s.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close, which cannot know what of the files is durable: %v, want EIO", err)
	}
}
