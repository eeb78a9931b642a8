//go:build linux

package powercut

import (
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// GetAttr implements fuse.RawFileSystem.
func (f *FS) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	return f.do(func() syscall.Errno {
		out.SetTimeout(cached)
		f.nodes[in.NodeId].describe(&out.Attr)
		return 0
	})
}

// SetAttr implements fuse.RawFileSystem.
func (f *FS) SetAttr(_ <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	return f.do(func() syscall.Errno {
		n := f.nodes[in.NodeId]
		if size, ok := in.GetSize(); ok {
			if err := f.fail(true, n, ""); err != 0 {
				return err
			}
			n.write(write{at: int64(size)})
		}
		if mode, ok := in.GetMode(); ok {
			n.mode = n.mode&syscall.S_IFMT | mode
		}
		if changed, ok := in.GetMTime(); ok {
			n.changed = changed
		}
		out.SetTimeout(cached)
		n.describe(&out.Attr)
		return 0
	})
}

// openFlags keep the kernel from answering reads itself, from what it remembers, so that each of them can fail.
const openFlags = fuse.FOPEN_DIRECT_IO

// Open implements fuse.RawFileSystem. The kernel has seen to O_TRUNC.
func (f *FS) Open(_ <-chan struct{}, _ *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	out.OpenFlags = openFlags
	return f.do(func() syscall.Errno { return 0 })
}

// Read implements fuse.RawFileSystem.
func (f *FS) Read(_ <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	size := 0
	status := f.do(func() syscall.Errno {
		n := f.nodes[in.NodeId]
		if err := f.fail(false, n, ""); err != 0 {
			return err
		}
		size = copy(buf, n.content[min(in.Offset, uint64(len(n.content))):])
		return 0
	})
	return fuse.ReadResultData(buf[:size]), status
}

// Write implements fuse.RawFileSystem. With O_DSYNC or O_SYNC, it is durable when it returns.
func (f *FS) Write(_ <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	if in.Flags&syscall.O_DSYNC != 0 {
		f.syncs.wait()
	}
	return uint32(len(data)), f.do(func() syscall.Errno {
		n := f.nodes[in.NodeId]
		w := write{int64(in.Offset), append([]byte{}, data...)}
		if err := f.fail(true, n, ""); err != 0 {
			n.write(w.half())
			return err
		}
		n.write(w)
		if in.Flags&syscall.O_DSYNC != 0 {
			f.sync(n)
		}
		return 0
	})
}

// Fsync implements fuse.RawFileSystem.
func (f *FS) Fsync(_ <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	f.syncs.wait()
	return f.do(func() syscall.Errno {
		f.sync(f.nodes[in.NodeId])
		return 0
	})
}

// Flush implements fuse.RawFileSystem. It says that there is no such operation, and the kernel does not ask again. It must
// not: a process that this one starts closes files of this file system, too, and waits for the answer while Go waits for
// that process, with all its goroutines stopped if a garbage collection comes between.
func (f *FS) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

// Fallocate implements fuse.RawFileSystem.
func (f *FS) Fallocate(_ <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	return f.do(func() syscall.Errno {
		n, size := f.nodes[in.NodeId], int64(in.Offset+in.Length)
		if err := f.fail(true, n, ""); err != 0 {
			return err
		}
		switch in.Mode {
		case 0:
			if size > int64(len(n.content)) {
				n.write(write{at: size})
			}
		case unix.FALLOC_FL_KEEP_SIZE:
		default:
			return syscall.EOPNOTSUPP
		}
		return 0
	})
}

// StatFs implements fuse.RawFileSystem. There is always space.
func (f *FS) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	return f.do(func() syscall.Errno {
		const blocks = 1 << 30
		*out = fuse.StatfsOut{Bsize: pageSize, Frsize: pageSize, NameLen: 255, Blocks: blocks, Bfree: blocks, Bavail: blocks}
		return 0
	})
}
