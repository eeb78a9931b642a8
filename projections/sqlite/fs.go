package sqlite

import "github.com/ncruces/go-sqlite3/vfs"

// fileSystem names the file system on which databases are opened: that of the operating system, but for one thing. Its
// files can't be mapped into memory, because the driver's that can, and that have checksums, end the process when they are
// checkpointed after another program has written to them.
const fileSystem = "bleepstore"

func init() { vfs.Register(fileSystem, unmappable{vfs.Find("").(vfs.VFSFilename)}) }

type unmappable struct{ vfs.VFSFilename }

func (fs unmappable) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := fs.VFSFilename.OpenFilename(name, flags)
	if err != nil {
		return nil, flags, err
	}
	return file{f}, flags, nil
}

// file has of the interfaces that a vfs.File may have beside its own only the one for the shared memory of WAL mode.
type file struct{ vfs.File }

func (f file) SharedMemory() vfs.SharedMemory { return f.File.(vfs.FileSharedMemory).SharedMemory() }
