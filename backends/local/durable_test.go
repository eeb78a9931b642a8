package local

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

const large = 1 << 20 // the size of a blob that is a file

// openOn opens a backend that the test closes.
func openOn(t *testing.T, fs vfs.FS, dir string) *Backend {
	t.Helper()
	b, err := open(fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

func put(t *testing.T, b *Backend, size int) (backends.ID, error) {
	t.Helper()
	id := backends.NewID()
	_, err := b.Put(t.Context(), id, bytes.NewReader(make([]byte, size)), backends.Label{})
	return id, err
}

// read tells whether a blob of a size is there and whole.
func read(t *testing.T, b *Backend, id backends.ID, size int) error {
	t.Helper()
	r, err := b.Get(t.Context(), id, 0, int64(size))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}

func TestSmallPutSyncsTheLog(t *testing.T) {
	var syncs counter
	b := openOn(t, watch(syncs.syncs), t.TempDir())
	for range 10 {
		before := syncs.n.Load()
		if _, err := put(t, b, 100); err != nil {
			t.Fatal(err)
		}
		if syncs.n.Load() == before {
			t.Fatal("a put returned without an fsync")
		}
	}
}

// The content is durable before the file has its name, and the name before Put returns.
func TestLargePutSyncsInOrder(t *testing.T) {
	var mu sync.Mutex
	var steps []string
	b := openOn(t, watch(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		name := filepath.Base(op.Path)
		switch {
		case op.Kind == errorfs.OpFileWrite && len(name) == 26:
			steps = append(steps, "write")
		case isSync(op) && len(name) == 26:
			steps = append(steps, "sync file")
		case op.Kind == errorfs.OpRename && len(name) == 26:
			steps = append(steps, "rename")
		case isSync(op) && len(name) == innerLength:
			steps = append(steps, "sync folder")
		case isSync(op) && len(name) == outerLength:
			steps = append(steps, "sync outer folder")
		case isSync(op) && name == "large":
			steps = append(steps, "sync root")
		}
		return nil
	}), t.TempDir())

	for i, want := range [][]string{
		{"write", "sync file", "sync outer folder", "sync root", "rename", "sync folder"},
		{"write", "sync file", "rename", "sync folder"},
	} {
		if _, err := put(t, b, large); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		got := slices.Compact(steps)
		steps = nil
		mu.Unlock()
		if !slices.Equal(got, want) {
			t.Errorf("put %d: %q, want %q", i, got, want)
		}
	}
}

func TestSmallPutsShareSyncs(t *testing.T) {
	const writers, each = 64, 30
	var syncs counter
	b := openOn(t, watch(syncs.syncs), t.TempDir())
	before := syncs.n.Load()
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				if _, err := put(t, b, 4<<10); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := syncs.n.Load() - before; n >= writers*each/10 {
		t.Errorf("%d puts made %d fsyncs, want fewer than a tenth", writers*each, n)
	}
}

// Whatever step of a large put fails, it leaves nothing behind and the next one works.
func TestLargePutFails(t *testing.T) {
	broken := errors.New("the disk is broken")
	tests := map[string]func(op errorfs.Op) bool{
		"create":      func(op errorfs.Op) bool { return op.Kind == errorfs.OpCreate },
		"write":       func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileWrite },
		"sync file":   func(op errorfs.Op) bool { return isSync(op) && strings.Contains(op.Path, "tmp") },
		"make folder": func(op errorfs.Op) bool { return op.Kind == errorfs.OpMkdirAll },
		"sync root":   func(op errorfs.Op) bool { return isSync(op) && filepath.Base(op.Path) == "large" },
		"rename":      func(op errorfs.Op) bool { return op.Kind == errorfs.OpRename },
		"sync folder": func(op errorfs.Op) bool { return isSync(op) && len(filepath.Base(op.Path)) == innerLength },
	}
	for name, fails := range tests {
		t.Run(name, func(t *testing.T) {
			var armed atomic.Bool
			var failures atomic.Int64
			dir := t.TempDir()
			b := openOn(t, watch(func(op errorfs.Op) error {
				if armed.Load() && !strings.Contains(op.Path, "small") && fails(op) {
					failures.Add(1)
					return broken
				}
				return nil
			}), dir)

			armed.Store(true)
			id, err := put(t, b, large)
			armed.Store(false)
			if !errors.Is(err, broken) {
				t.Fatalf("Put: error %v, want the disk's", err)
			}
			if n := failures.Load(); n != 1 {
				t.Errorf("%d attempts, want 1: what has failed is not tried again", n)
			}
			if err := read(t, b, id, large); !errors.Is(err, backends.ErrNotFound) {
				t.Errorf("Get of what was not stored: %v, want ErrNotFound", err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "tmp", "*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			if id, err = put(t, b, large); err == nil {
				err = read(t, b, id, large)
			}
			if err != nil {
				t.Errorf("the put after it: %v", err)
			}
		})
	}
}

// After a failed fsync of its log nobody knows what the disk holds, so Pebble isn't written to again; all else works.
func TestSmallPutFails(t *testing.T) {
	broken := errors.New("the disk is broken")
	var armed atomic.Bool
	dir := t.TempDir()
	b, err := open(watch(func(op errorfs.Op) error {
		if armed.Load() && isSync(op) && filepath.Ext(op.Path) == ".log" {
			return broken
		}
		return nil
	}), dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := put(t, b, 100)
	if err != nil {
		t.Fatal(err)
	}

	armed.Store(true)
	if _, err := put(t, b, 100); !errors.Is(err, broken) {
		t.Errorf("Put: error %v, want the disk's", err)
	}
	armed.Store(false)
	if _, err := put(t, b, 100); !errors.Is(err, broken) {
		t.Errorf("the put after it: error %v, want the disk's", err)
	}
	if err := b.Check(t.Context()); !errors.Is(err, broken) {
		t.Errorf("Check: %v, want the disk's error", err)
	}
	if err := read(t, b, kept, 100); err != nil {
		t.Errorf("Get of what was stored before: %v", err)
	}
	if _, err := put(t, b, large); err != nil {
		t.Errorf("put of a large blob: %v", err)
	}
	_ = b.Close() // may repeat the error of the log

	b = openOn(t, vfs.Default, dir)
	if err := read(t, b, kept, 100); err != nil {
		t.Errorf("Get after a restart: %v", err)
	}
	if _, err := put(t, b, 100); err != nil {
		t.Errorf("Put after a restart: %v", err)
	}
}
