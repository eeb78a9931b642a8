//go:build linux

package powercut

import (
	"path"
	"syscall"
)

// Operation is a read of a file, or a change: of a file's content, or of a name.
type Operation struct {
	Path   string // within the file system, with a slash before it
	Change bool
}

// Fail lets those operations fail with EIO that are chosen, as on a disk that is broken in some places, until it is called
// again. Of a write that fails, the first half is done, in whole sectors. A nil function chooses none.
func (f *FS) Fail(chosen func(Operation) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.chosen = chosen
}

// fail is what comes of an operation on a file, or on a name in a folder, before it is done.
func (f *FS) fail(change bool, n *node, name string) syscall.Errno {
	if f.chosen == nil || !f.chosen(Operation{path.Join(n.path(), name), change}) {
		return 0
	}
	return syscall.EIO
}

// path is that of a node; of one without a name, the last that it had.
func (n *node) path() string {
	if n.folder == nil {
		return "/"
	}
	return path.Join(n.folder.path(), n.name)
}

// half is the write up to the last sector that begins in its first half.
func (w write) half() write {
	stop := (w.at + int64(len(w.data)/2)) / sectorSize * sectorSize
	return write{w.at, w.data[:max(stop-w.at, 0)]}
}
