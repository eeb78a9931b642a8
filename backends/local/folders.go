package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/durable"
)

// folders arranges the files of large blobs by the first characters of their ids, which are their time: folders of 3.1
// days (4 characters) hold folders of 4.4 minutes (2 more). New blobs meet in one folder, so they share the fsyncs that
// it needs, and a walk in the order of names is a walk in the order of ids, so a page of a list opens the folders it
// needs and no others. Spreading by the random end of the ids would give up both, for an evenness that file systems with
// indexed folders don't need.
type folders struct {
	disk disk
	root string

	// mu is held shared to rename a file into a folder, and exclusively to make and remove folders. With it: a file is
	// only ever renamed into a folder that is in durable, and that is the folder's own.
	mu      sync.RWMutex
	durable map[string]bool // folders whose entries in their parents are known to be on disk
}

const (
	outerLength = 4 // characters of the id that name an outer folder
	innerLength = 2 // characters of the id that name a folder within it

	// settledAge is the age in which a blob's folder no longer gets many new blobs, so that it stays away when removed.
	settledAge = time.Hour
	// maxDurable bounds the folders remembered. Forgetting them costs two fsyncs for each that is used again.
	maxDurable = 1024
)

func newFolders(d disk) *folders {
	return &folders{disk: d, root: d.fs.PathJoin(d.dir, "large"), durable: map[string]bool{}}
}

// path is the place of a blob.
func (f *folders) path(id backends.ID) string {
	return filepath.Join(f.root, prefix(id, 0, outerLength), prefix(id, outerLength, innerLength), string(id))
}

// adopt moves a file to the place of a blob and makes the move durable, or leaves nothing in that place.
func (f *folders) adopt(file string, id backends.ID) error {
	path := f.path(id)
	folder := filepath.Dir(path)
	for {
		moved, err := f.rename(file, path)
		if err != nil {
			return err
		}
		if moved {
			break
		}
		if err := f.make(folder); err != nil {
			return err
		}
	}
	if err := durable.SyncFolder(f.disk.fs, folder); err != nil {
		return errors.Join(err, f.disk.fs.Remove(path))
	}
	return nil
}

// rename reports false where the folder of path isn't known to be durable.
func (f *folders) rename(file, path string) (moved bool, err error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if !f.durable[filepath.Dir(path)] {
		return false, nil
	}
	return true, f.disk.fs.Rename(file, path)
}

// make makes a folder durable, also one that is there: it may have been made just before an unclean stop.
func (f *folders) make(folder string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.durable[folder] {
		return nil
	}
	if err := f.disk.fs.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, parent := range []string{filepath.Dir(folder), f.root} {
		if err := durable.SyncFolder(f.disk.fs, parent); err != nil {
			return err
		}
	}
	if len(f.durable) >= maxDurable {
		clear(f.durable)
	}
	f.durable[folder] = true
	return nil
}

// settled reports whether the folder of a blob should go when it becomes empty.
func (f *folders) settled(id backends.ID) bool {
	return time.Since(id.Time()) > settledAge
}

// prune removes a folder, and then the one around it, where they are empty.
func (f *folders) prune(folder string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// os.Remove refuses a folder that holds something, which is how most calls end.
	if os.Remove(folder) == nil {
		delete(f.durable, folder)
		_ = os.Remove(filepath.Dir(folder))
	}
}

// list returns up to limit ids greater than after, in ascending order. What else lies in the folders is passed over.
func (f *folders) list(ctx context.Context, after backends.ID, limit int) (ids []backends.ID, err error) {
	outers, err := subfolders(f.root, prefix(after, 0, outerLength))
	if err != nil {
		return nil, err
	}
	for _, outer := range outers {
		from := ""
		if outer == prefix(after, 0, outerLength) {
			from = prefix(after, outerLength, innerLength)
		}
		inners, err := subfolders(filepath.Join(f.root, outer), from)
		if err != nil {
			return nil, err
		}
		for _, inner := range inners {
			if len(ids) >= limit {
				return ids, nil
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			found, err := smallest(filepath.Join(f.root, outer, inner), after, limit-len(ids))
			if err != nil {
				return nil, err
			}
			ids = append(ids, found...)
		}
	}
	return ids, nil
}

// prefix is up to length characters of an id from start.
func prefix(id backends.ID, start, length int) string {
	return string(id[min(len(id), start):min(len(id), start+length)])
}

// subfolders names the folders in a folder that don't sort before from, in ascending order.
func subfolders(folder, from string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) { // pruned since it was seen
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() >= from {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// smallest returns the limit smallest ids in a folder that are greater than after, in ascending order. Its memory grows
// with limit, not with the folder.
func smallest(folder string, after backends.ID, limit int) ([]backends.ID, error) {
	dir, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) { // pruned since it was seen
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // only read

	const chunk = 1024
	var ids []backends.ID
	for {
		names, err := dir.Readdirnames(chunk)
		for _, name := range names {
			if id, err := backends.ParseID(name); err == nil && id > after {
				ids = append(ids, id)
			}
		}
		if done := errors.Is(err, io.EOF); done || len(ids) >= limit+chunk {
			slices.Sort(ids)
			ids = ids[:min(len(ids), limit)]
			if done {
				return ids, nil
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read folder %s: %w", folder, err)
		}
	}
}
