//go:build linux

package powercut

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a file, a folder or a symbolic link.
type node struct {
	id      uint64
	mode    uint32
	changed time.Time
	born    *change // that made its first name

	folder *node // where its last name is; nil of the root
	name   string

	// Of a file, or a link.
	content  []byte  // or where it leads
	durable  []byte  // as of its last sync
	unsynced []write // since then

	// Of a folder.
	names        map[string]*node
	durableNames map[string]*node
	lastChange   map[string]*change // of each name
}

func (f *FS) newNode(mode uint32) *node {
	n := &node{id: uint64(len(f.nodes)), mode: mode, changed: time.Now()}
	if n.isFolder() {
		n.names, n.durableNames = make(map[string]*node), make(map[string]*node)
		n.lastChange = make(map[string]*change)
	}
	f.nodes = append(f.nodes, n)
	return n
}

func (n *node) isFolder() bool { return n.mode&fuse.S_IFDIR != 0 }

func sorted(names map[string]*node) []string { return slices.Sorted(maps.Keys(names)) }

// write is a change of a file's content.
type write struct {
	at   int64
	data []byte // nil if the file gets the size at
}

func (w write) apply(content []byte) []byte {
	end := w.at + int64(len(w.data))
	if grown := end - int64(len(content)); grown > 0 {
		content = append(content, make([]byte, grown)...)
	}
	if w.data == nil {
		return content[:w.at]
	}
	copy(content[w.at:], w.data)
	return content
}

func (n *node) write(w write) {
	n.content = w.apply(n.content)
	n.unsynced = append(n.unsynced, w)
	n.changed = time.Now()
}

// sync makes the content durable.
func (n *node) sync() {
	for _, w := range n.unsynced {
		n.durable = w.apply(n.durable)
	}
	n.unsynced = nil
}

// surviving is what a power cut leaves of the content.
func (n *node) surviving(random *rand.Rand) []byte {
	content := slices.Clone(n.durable)
	for _, w := range survivingWrites(n.unsynced, random) {
		content = w.apply(content)
	}
	return content
}

const (
	pageSize   = 4096 // what the kernel writes to a disk in any order
	sectorSize = 512  // what a disk writes as a whole or not at all
)

// survivingWrites chooses what a power cut leaves of writes: none, the first ones, or any pages of them. The last is torn.
// A change of size is one of metadata, which file systems keep in order: what is behind it needs it.
func survivingWrites(writes []write, random *rand.Rand) []write {
	if len(writes) == 0 {
		return nil
	}
	var left []write
	switch random.IntN(4) {
	case 0:
		return nil
	case 1: // a file system that flushes often, and had flushed just now
		return writes
	case 2:
		left = slices.Clone(writes[:1+random.IntN(len(writes))])
	default:
		for _, w := range writes[:1+random.IntN(len(writes))] {
			if w.data == nil {
				left = append(left, w)
				continue
			}
			for _, page := range w.pages() {
				if random.IntN(2) == 0 {
					left = append(left, page)
				}
			}
		}
	}
	if len(left) > 0 {
		left[len(left)-1] = left[len(left)-1].torn(random)
	}
	return left
}

// pages splits a write where the pages of the file do.
func (w write) pages() (pages []write) {
	for len(w.data) > 0 {
		length := min(len(w.data), pageSize-int(w.at%pageSize))
		pages = append(pages, write{w.at, w.data[:length]})
		w = write{w.at + int64(length), w.data[length:]}
	}
	return pages
}

// torn is the write up to a sector that is chosen at random, which may be none of it or all.
func (w write) torn(random *rand.Rand) write {
	first, end := w.at/sectorSize*sectorSize, w.at+int64(len(w.data))
	sectors := int((end - first + sectorSize - 1) / sectorSize)
	if sectors == 0 { // a change of size
		return w
	}
	stop := min(first+int64(random.IntN(sectors+1))*sectorSize, end)
	return write{w.at, w.data[:max(stop-w.at, 0)]}
}
