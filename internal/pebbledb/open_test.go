package pebbledb_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/bleepstore/bleepstore/internal/pebbledb"
)

// A database whose log was not written to tables, because of a crash, is opened on a disk that takes no tables, and
// opened again when it does.
func TestOpenOnABrokenDisk(t *testing.T) {
	disk := vfs.NewCrashableMem()
	before, err := pebble.Open("db", &pebble.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := before.Set([]byte("key"), []byte("value"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	var well atomic.Bool
	afterwards := disk.CrashClone(vfs.CrashCloneCfg{})
	broken := errorfs.Wrap(afterwards, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !well.Load() && op.Kind == errorfs.OpCreate && strings.HasSuffix(op.Path, ".sst") {
			time.Sleep(time.Millisecond) // it is repeated until the disk is well
			return syscall.EIO
		}
		return nil
	}))
	options := &pebble.Options{FS: broken}
	_, err = pebbledb.Open(options, func() (*pebble.DB, error) { return pebble.Open("db", options) })
	if !errors.Is(err, syscall.EIO) {
		t.Errorf("Open: %v, want what the disk says", err)
	}

	well.Store(true)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		options := &pebble.Options{FS: broken}
		again, err := pebbledb.Open(options, func() (*pebble.DB, error) { return pebble.Open("db", options) })
		if err == nil {
			if err := again.Close(); err != nil {
				t.Error(err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the disk is well, but the database cannot be opened again: %v", err)
		}
	}
}
