//go:build linux

package powercut

import (
	"slices"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// cached is how long the kernel may believe what it was told. All changes go through it, so it knows better.
const cached = time.Hour

// do runs an operation, unless the power is off.
func (f *FS) do(operation func() syscall.Errno) fuse.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut {
		return fuse.EIO
	}
	if f.left > 0 {
		if f.left--; f.left == 0 {
			f.cut = true
			close(f.off)
		}
	}
	return fuse.Status(operation())
}

func (n *node) describe(out *fuse.Attr) {
	*out = fuse.Attr{Ino: n.id, Mode: n.mode, Nlink: 1, Blksize: pageSize, Size: uint64(len(n.content))}
	out.Blocks = (out.Size + sectorSize - 1) / sectorSize
	out.SetTimes(&n.changed, &n.changed, &n.changed)
}

func (n *node) found(out *fuse.EntryOut) {
	out.NodeId = n.id
	out.SetEntryTimeout(cached)
	out.SetAttrTimeout(cached)
	n.describe(&out.Attr)
}

// Lookup implements fuse.RawFileSystem.
func (f *FS) Lookup(_ <-chan struct{}, in *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	return f.do(func() syscall.Errno {
		n := f.nodes[in.NodeId].names[name]
		if n == nil {
			return syscall.ENOENT
		}
		n.found(out)
		return 0
	})
}

// Mkdir implements fuse.RawFileSystem.
func (f *FS) Mkdir(_ <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	return f.do(func() syscall.Errno { return f.add(in.NodeId, name, fuse.S_IFDIR|in.Mode, out) })
}

// Create implements fuse.RawFileSystem. The kernel calls it for names that are not there.
func (f *FS) Create(_ <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	out.OpenFlags = openFlags
	return f.do(func() syscall.Errno { return f.add(in.NodeId, name, fuse.S_IFREG|in.Mode, &out.EntryOut) })
}

// Symlink implements fuse.RawFileSystem. A link is there with what it says or not at all.
func (f *FS) Symlink(_ <-chan struct{}, in *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	return f.do(func() syscall.Errno {
		if err := f.add(in.NodeId, name, fuse.S_IFLNK|0o777, out); err != 0 {
			return err
		}
		n := f.nodes[out.NodeId]
		n.content, n.durable = []byte(target), []byte(target)
		n.found(out)
		return 0
	})
}

// Readlink implements fuse.RawFileSystem.
func (f *FS) Readlink(_ <-chan struct{}, in *fuse.InHeader) (target []byte, status fuse.Status) {
	status = f.do(func() syscall.Errno {
		target = slices.Clone(f.nodes[in.NodeId].content)
		return 0
	})
	return target, status
}

func (f *FS) add(folder uint64, name string, mode uint32, out *fuse.EntryOut) syscall.Errno {
	parent := f.nodes[folder]
	if parent.names[name] != nil {
		return syscall.EEXIST
	}
	if err := f.fail(true, parent, name); err != 0 {
		return err
	}
	n := f.newNode(mode)
	f.rename(entry{parent, name, n})
	n.found(out)
	return 0
}

// Unlink implements fuse.RawFileSystem.
func (f *FS) Unlink(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	return f.do(func() syscall.Errno { return f.remove(in.NodeId, name) })
}

// Rmdir implements fuse.RawFileSystem.
func (f *FS) Rmdir(_ <-chan struct{}, in *fuse.InHeader, name string) fuse.Status {
	return f.do(func() syscall.Errno { return f.remove(in.NodeId, name) })
}

func (f *FS) remove(folder uint64, name string) syscall.Errno {
	parent := f.nodes[folder]
	switch n := parent.names[name]; {
	case n == nil:
		return syscall.ENOENT
	case len(n.names) > 0:
		return syscall.ENOTEMPTY
	}
	if err := f.fail(true, parent, name); err != 0 {
		return err
	}
	f.rename(entry{parent, name, nil})
	return 0
}

// Rename implements fuse.RawFileSystem.
func (f *FS) Rename(_ <-chan struct{}, in *fuse.RenameIn, oldName, newName string) fuse.Status {
	return f.do(func() syscall.Errno {
		from, to := f.nodes[in.NodeId], f.nodes[in.Newdir]
		n, replaced := from.names[oldName], to.names[newName]
		if err := max(f.fail(true, from, oldName), f.fail(true, to, newName)); err != 0 {
			return err
		}
		switch {
		case in.Flags != 0:
			return syscall.EINVAL
		case n == nil:
			return syscall.ENOENT
		case replaced != nil && len(replaced.names) > 0:
			return syscall.ENOTEMPTY
		case n != replaced:
			f.rename(entry{from, oldName, nil}, entry{to, newName, n})
		}
		return 0
	})
}

// FsyncDir implements fuse.RawFileSystem.
func (f *FS) FsyncDir(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	f.syncs.wait()
	return f.do(func() syscall.Errno {
		f.sync(f.nodes[in.NodeId])
		return 0
	})
}

// list is what a folder held when it was read from its start, so that who reads it in parts and removes what he finds, as
// os.RemoveAll does, misses nothing.
type list []fuse.DirEntry

// OpenDir implements fuse.RawFileSystem.
func (f *FS) OpenDir(_ <-chan struct{}, _ *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	return f.do(func() syscall.Errno {
		f.handles++
		out.Fh = f.handles
		return 0
	})
}

// ReadDir implements fuse.RawFileSystem.
func (f *FS) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	return f.do(func() syscall.Errno {
		if in.Offset == 0 {
			f.lists[in.Fh] = f.nodes[in.NodeId].list()
		}
		for i, e := range f.lists[in.Fh][in.Offset:] {
			e.Off = in.Offset + uint64(i) + 1
			if !out.AddDirEntry(e) {
				break
			}
		}
		return 0
	})
}

func (n *node) list() (l list) {
	for _, name := range sorted(n.names) {
		found := n.names[name]
		l = append(l, fuse.DirEntry{Name: name, Mode: found.mode, Ino: found.id})
	}
	return l
}

// ReleaseDir implements fuse.RawFileSystem.
func (f *FS) ReleaseDir(in *fuse.ReleaseIn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.lists, in.Fh)
}
