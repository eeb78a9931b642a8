package local

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// watch is the operating system's file system with a function that sees what is about to be done, and may refuse it.
func watch(see func(errorfs.Op) error) vfs.FS {
	injector := errorfs.InjectorFunc(see)
	return watchedFS{FS: errorfs.Wrap(vfs.Default, injector), injector: injector}
}

// watchedFS adds to errorfs the files that it leaves out: those that Pebble uses again for its log.
type watchedFS struct {
	*errorfs.FS
	injector errorfs.Injector
}

func (w watchedFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := w.FS.ReuseForWrite(oldname, newname, category)
	if err != nil {
		return nil, err
	}
	return errorfs.WrapFile(f, w.injector), nil
}

// counter counts what the disk is asked to make durable.
type counter struct{ n atomic.Int64 }

func (c *counter) syncs(op errorfs.Op) error {
	if isSync(op) {
		c.n.Add(1)
	}
	return nil
}

func isSync(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
}
