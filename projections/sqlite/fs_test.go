package sqlite

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	sqlite3 "github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// testFS is a file system with a say in what is written.
type testFS struct {
	vfs.VFSFilename
	open func(name string, file file) vfs.File
}

// register makes a file system known under the name that it returns.
func (f testFS) register(t *testing.T) string {
	f.VFSFilename = vfs.Find(fileSystem).(vfs.VFSFilename)
	vfs.Register(t.Name(), f)
	t.Cleanup(func() { vfs.Unregister(t.Name()) })
	return t.Name()
}

func (f testFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	opened, flags, err := f.VFSFilename.OpenFilename(name, flags)
	if err != nil || flags&(vfs.OPEN_MAIN_DB|vfs.OPEN_WAL) == 0 {
		return opened, flags, err
	}
	return f.open(name.String(), opened.(file)), flags, nil
}

// disk is a file system that can be full.
func disk(full *atomic.Bool) testFS {
	return testFS{open: func(_ string, file file) vfs.File { return fullFile{file, full} }}
}

type fullFile struct {
	file
	full *atomic.Bool
}

func (f fullFile) WriteAt(p []byte, off int64) (int, error) {
	if f.full.Load() {
		return 0, vfs.SystemError(syscall.ENOSPC, sqlite3.FULL)
	}
	return f.file.WriteAt(p, off)
}

// crashableFS remembers what of its files was synced.
type crashableFS struct {
	mu    sync.Mutex
	files map[string]*image
	// before is called before a file is written or synced.
	before func()
}

// image is a file as it is on the disk for sure, and what was done to it since.
type image struct {
	synced  []byte
	pending []func([]byte) []byte
}

func (fs *crashableFS) register(t *testing.T) string {
	fs.files = make(map[string]*image)
	return testFS{open: func(name string, file file) vfs.File {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		if fs.files[name] == nil {
			fs.files[name] = new(image)
		}
		return crashableFile{file, fs, fs.files[name]}
	}}.register(t)
}

// crash returns what the files may hold after a power cut: what was synced, and any of the rest.
func (fs *crashableFS) crash() map[string][]byte {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	files := make(map[string][]byte)
	kept := rand.IntN(101) // percent
	for name, i := range fs.files {
		content := append([]byte(nil), i.synced...)
		for _, change := range i.pending {
			if rand.IntN(100) < kept {
				content = change(content)
			}
		}
		files[name] = content
	}
	return files
}

type crashableFile struct {
	file
	fs    *crashableFS
	image *image
}

func (f crashableFile) change(change func([]byte) []byte) {
	f.fs.before()
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.image.pending = append(f.image.pending, change)
}

func (f crashableFile) WriteAt(p []byte, off int64) (int, error) {
	data := append([]byte(nil), p...)
	f.change(func(content []byte) []byte {
		if end := int(off) + len(data); end > len(content) {
			content = append(content, make([]byte, end-len(content))...)
		}
		copy(content[off:], data)
		return content
	})
	return f.file.WriteAt(p, off)
}

func (f crashableFile) Truncate(size int64) error {
	f.change(func(content []byte) []byte { return content[:min(int(size), len(content))] })
	return f.file.Truncate(size)
}

func (f crashableFile) Sync(flags vfs.SyncFlag) error {
	f.fs.before()
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	for _, change := range f.image.pending {
		f.image.synced = change(f.image.synced)
	}
	f.image.pending = nil
	return f.file.Sync(flags)
}
