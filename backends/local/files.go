package local

import (
	"context"
	"io"

	"github.com/bleepstore/bleepstore/internal/files"
)

// smallFile is how many bytes of a file are written while no more than deleteReserve is free. A claim has fewer, and without it
// blobs could not be moved off a disk that is full.
const smallFile = 4 << 10

// namedFiles are the files of a Backend. Like blobs, they are refused while less than putReserve is free, but for small ones.
type namedFiles struct {
	*files.Dir
	disk disk
}

func openFiles(d disk) (namedFiles, error) {
	dir, err := files.OpenDir(d.fs.PathJoin(d.dir, "files"))
	return namedFiles{dir, d}, spaceError(err)
}

// Put implements files.Files.
func (f namedFiles) Put(ctx context.Context, name string, r io.Reader) error {
	return spaceError(f.Dir.Put(ctx, name, &roomyReader{r: r, disk: f.disk}))
}

// roomyReader reads what is written to a disk for as long as the disk has room.
type roomyReader struct {
	r         io.Reader
	disk      disk
	begun     bool
	unchecked int // bytes that may be read before the free space is looked at
}

func (r *roomyReader) Read(p []byte) (int, error) {
	if r.unchecked <= 0 {
		reserve, unchecked := uint64(putReserve), writeBack
		if !r.begun {
			reserve, unchecked = deleteReserve, smallFile
		}
		if err := r.disk.require(reserve); err != nil {
			return 0, err
		}
		r.begun, r.unchecked = true, unchecked
	}
	n, err := r.r.Read(p[:min(len(p), r.unchecked)])
	r.unchecked -= n
	return n, err
}
