//go:build linux

// Package powercut is a file system in memory, mounted by FUSE, that loses in a power cut what was not synced, as a real
// one may, and often does so.
//
// What a file system must keep is what ext4, xfs and btrfs keep:
//
//   - The fsync or fdatasync of a file makes its content durable and, as these three do and nats-server relies on, the name
//     under which it was made, with the folders on the way there.
//   - The fsync of a folder makes the changes of names in it durable, and the folder's own name likewise.
//   - All else that was done is kept or lost at random: see change for names and write for contents.
//
// Modes and times of files are always kept, because nothing here depends on them.
package powercut

import (
	"math/rand/v2"
	"sync"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// FS is such a file system. It is safe for concurrent use.
type FS struct {
	fuse.RawFileSystem // refuses what is not implemented

	syncs hold

	mu      sync.Mutex
	cut     bool
	left    int                  // operations until the power is cut by itself; 0 if it is not
	off     chan struct{}        // closed then
	chosen  func(Operation) bool // operations that fail; see Fail
	nodes   []*node              // by id; those without a name stay, because this file system does not live long
	pending []*change            // that are not durable, in the order in which they were made
	lists   map[uint64]list      // what open folders were found to hold, by file handle
	handles uint64               // that were given out
}

// New makes an empty file system.
func New() *FS {
	f := &FS{RawFileSystem: fuse.NewDefaultRawFileSystem(), nodes: []*node{nil}, lists: make(map[uint64]list), off: make(chan struct{})}
	f.newNode(fuse.S_IFDIR | 0o755).born = survived // its id is that of the root, 1
	return f
}

func (f *FS) root() *node { return f.nodes[fuse.FUSE_ROOT_ID] }

// Mount mounts the file system on a folder until unmount is called, which may be more than once.
func (f *FS) Mount(dir string) (unmount func() error, err error) {
	server, err := fuse.NewServer(f, dir, &fuse.MountOptions{
		DirectMountStrict: true, Name: "powercut", FsName: "powercut", DisableXAttrs: true, DisableReadDirPlus: true,
	})
	if err != nil {
		return nil, err
	}
	go server.Serve() // ends when it is unmounted
	if err := server.WaitMount(); err != nil {
		return nil, err
	}
	return server.Unmount, nil
}

// Cut cuts the power: every later operation fails with EIO. It returns a file system with what was durable and a random
// choice of the rest.
func (f *FS) Cut(random *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = true
	for _, c := range survivingChanges(f.pending, random) {
		c.persist()
	}
	survivor := New()
	survivor.copyFolder(survivor.root(), f.root(), random)
	f.nodes, f.pending, f.lists = nil, nil, nil // no operation comes to them any more, and they are large
	return survivor
}

// CutAfter cuts the power after that many more operations, and closes the channel then. Cut tells what is left.
func (f *FS) CutAfter(operations int) (off <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = operations
	return f.off
}

func (f *FS) copyFolder(to, from *node, random *rand.Rand) {
	for _, name := range sorted(from.durableNames) { // the same choice each time, for the same random
		old := from.durableNames[name]
		n := f.newNode(old.mode)
		n.changed, n.born, n.folder, n.name = old.changed, survived, to, name
		to.names[name], to.durableNames[name] = n, n
		if old.isFolder() {
			f.copyFolder(n, old, random)
			continue
		}
		n.durable = old.surviving(random)
		n.content = append(n.content, n.durable...)
	}
}
