//go:build linux

package powercut

import (
	"math/rand/v2"
	"slices"
)

// entry says that a name in a folder is that of a node, or of none.
type entry struct {
	folder *node
	name   string
	node   *node
}

// change is a change of names: one of them is set or removed, or a rename does both at once, which is never done by half.
//
// Any of them may survive a power cut, but not one without those that it rests on, because no file system loses or doubles
// a file by it: what was done to the same names before, the making of the folder and, where a folder loses its name, what
// was done in it.
type change struct {
	entries []entry
	after   []*change // what it rests on
	durable bool
}

// survived stands for the changes before a power cut.
var survived = &change{durable: true}

// rename makes a change of names.
func (f *FS) rename(entries ...entry) {
	c := &change{entries: entries}
	for _, e := range entries {
		c.restOn(e.folder.born)
		c.restOn(e.folder.lastChange[e.name])
		if old := e.folder.names[e.name]; old != nil && old.isFolder() {
			for _, within := range f.pendingIn(old) {
				c.restOn(within)
			}
		}
	}
	for _, e := range entries {
		e.folder.lastChange[e.name] = c
		if e.node == nil {
			delete(e.folder.names, e.name)
			continue
		}
		e.folder.names[e.name] = e.node
		e.node.folder, e.node.name = e.folder, e.name
		if e.node.born == nil {
			e.node.born = c
		}
	}
	f.pending = append(f.pending, c)
}

func (c *change) restOn(other *change) {
	if other != nil && !other.durable {
		c.after = append(c.after, other)
	}
}

func (f *FS) pendingIn(folder *node) (changes []*change) {
	for _, c := range f.pending {
		if slices.ContainsFunc(c.entries, func(e entry) bool { return e.folder == folder }) {
			changes = append(changes, c)
		}
	}
	return changes
}

// persist makes a change durable, and before it those that it rests on.
func (c *change) persist() {
	if c.durable {
		return
	}
	c.durable = true
	for _, other := range c.after {
		other.persist()
	}
	for _, e := range c.entries {
		if e.node == nil {
			delete(e.folder.durableNames, e.name)
		} else {
			e.folder.durableNames[e.name] = e.node
		}
	}
	c.after, c.entries = nil, nil
}

// sync does what the fsync of a file or folder does.
func (f *FS) sync(n *node) {
	n.born.persist()
	if n.isFolder() {
		for _, c := range f.pendingIn(n) {
			c.persist()
		}
	}
	f.pending = slices.DeleteFunc(f.pending, func(c *change) bool { return c.durable })
	n.sync()
}

// survivingChanges chooses what a power cut leaves of changes: none, the first ones, as a file system with a journal does,
// or any of them.
func survivingChanges(pending []*change, random *rand.Rand) []*change {
	switch random.IntN(3) {
	case 0:
		return nil
	case 1:
		return pending[:random.IntN(len(pending)+1)]
	}
	return slices.DeleteFunc(slices.Clone(pending), func(*change) bool { return random.IntN(2) == 0 })
}
