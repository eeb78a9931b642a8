package cache

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/limit"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/time/rate"
)

// store keeps pieces as files in a folder, which never take more than limit bytes.
//
// A file is written under another name and renamed when it is whole. Room for it is taken before it is written, and given
// back when it is removed.
type store struct {
	folder  folder
	limit   int64
	buffers buffers
	index   *index
	used    limit.Usage // bytes that all files count for, those being written included; never above limit

	// changes is held to rename a file to its place and to remove one. With it: what the index has is in the folder, and what
	// is in the folder counts.
	changes sync.Mutex

	report   func(error)
	damages  rate.Sometimes
	failures rate.Sometimes
	opened   time.Time
	resume   atomic.Int64 // how long after opened writing goes on, which has failed; a time.Duration
}

const (
	// leastCost is what a file counts for at least, in bytes, which bounds their number and the memory of the index.
	leastCost = 16 << 10
	// block is what the room that files take on a disk is a multiple of.
	block = 4 << 10

	// keepFree is how many bytes must be free on the disk for something to be kept. It is more than anything else asks for
	// that may share the disk, such as local blobs and the event log, so that a cache never takes what they need.
	keepFree = 128 << 20

	// pause is for how long nothing is written after that has failed, and how often is reported what goes wrong.
	pause = time.Minute
)

// cost is what the file of so many bytes of a piece counts for.
func cost(length int) int64 {
	return int64(max(leastCost, (headerSize+length+block-1)/block*block))
}

func openStore(dir string, limit int64, report func(error)) (*store, error) {
	s := &store{
		folder: folder(dir), limit: limit, index: newIndex(), report: report, opened: time.Now(),
		damages: rate.Sometimes{Interval: pause}, failures: rate.Sometimes{Interval: pause},
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	found, err := s.folder.scan()
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		s.index.add(f.piece, f.length)
		s.used.Take(cost(f.length), math.MaxInt64) // they may be too many, until there is made room
	}
	_, err = s.makeRoom(0)
	return s, err
}

// load lends a buffer with room for the first need bytes of a piece, and tells how many bytes of the piece are in it: all
// that is there, which may be less, or more. It is nil where buffers has none left.
func (s *store) load(p piece, need int) (*buffer, int) {
	if _, ok := s.index.use(p); !ok {
		return s.buffers.get(need), 0
	}
	file, err := os.Open(s.folder.path(p))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.remove(p) // unless it was evicted, somebody has emptied the folder
		return s.buffers.get(need), 0
	case err != nil:
		s.damages.Do(func() { s.report(fmt.Errorf("open a file of the cache: %w", err)) })
		return s.buffers.get(need), 0
	}
	defer file.Close()
	lent, length, err := s.read(file, p, need)
	if err != nil {
		s.damages.Do(func() { s.report(fmt.Errorf("remove %s from the cache, which is damaged: %w", file.Name(), err)) })
		s.remove(p)
		return s.buffers.get(need), 0
	}
	return lent, length
}

// read reads and checks a file, as load does. What a file holds never changes: a longer one takes its place.
func (s *store) read(file *os.File, p piece, need int) (*buffer, int, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !isFileSize(info.Size()) {
		return nil, 0, fmt.Errorf("it has %d bytes", info.Size())
	}
	length := int(info.Size()) - headerSize
	lent := s.buffers.get(max(need, length))
	if lent == nil {
		return nil, 0, nil
	}
	content := lent.file[:info.Size()]
	if _, err = io.ReadFull(file, content); err == nil {
		err = check(content, p)
	}
	if err != nil {
		s.buffers.put(lent)
		return nil, 0, err
	}
	return lent, length, nil
}

// save keeps a piece, which content has behind room for a header. It keeps nothing where as much is there, where there is no
// room, where that fails, which it reports, or where wanted says no when all is done but the last step.
func (s *store) save(p piece, content []byte, wanted func() bool) {
	if s.paused() || s.index.has(p, len(content)-headerSize) {
		return
	}
	if err := s.write(p, content, wanted); err != nil {
		s.resume.Store(int64(time.Since(s.opened) + pause))
		s.complain(fmt.Errorf("write to the cache, which is done again in %v: %w", pause, err))
	}
}

// paused tells whether nothing is written, because that has failed.
func (s *store) paused() bool { return int64(time.Since(s.opened)) < s.resume.Load() }

func (s *store) write(p piece, content []byte, wanted func() bool) error {
	usage, err := vfs.Default.GetDiskUsage(string(s.folder))
	if err != nil {
		return fmt.Errorf("free space of %s: %w", s.folder, err)
	}
	if usage.AvailBytes < keepFree {
		return fmt.Errorf("%w: %d MiB free at %s, %d MiB are left to others",
			backends.ErrNoSpace, usage.AvailBytes>>20, s.folder, keepFree>>20)
	}
	length := len(content) - headerSize
	if made, err := s.makeRoom(cost(length)); !made {
		return err
	}
	seal(content, p)
	unfinished, err := s.folder.write(p, content)
	if err == nil {
		s.changes.Lock()
		defer s.changes.Unlock()
		if wanted() {
			err = os.Rename(unfinished, s.folder.path(p))
			if err == nil {
				if old, replaced := s.index.add(p, length); replaced {
					s.used.Give(cost(old))
				}
				return nil
			}
		}
	}
	return errors.Join(err, s.discard(unfinished, length))
}

// makeRoom takes room for a file and evicts others for it; it tells whether there is room.
func (s *store) makeRoom(cost int64) (made bool, err error) {
	if cost > s.limit {
		return false, nil
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	for !s.used.Take(cost, s.limit) {
		oldest, ok := s.index.oldest()
		if !ok {
			return false, nil // files that are being written take it all
		}
		if err := s.evict(oldest); err != nil {
			return false, err
		}
	}
	return true, nil
}

// drop removes all pieces of a blob. Of a save that goes on, it has removed what that has kept, or the save has yet to ask
// whether the piece is wanted.
func (s *store) drop(id backends.ID) {
	s.changes.Lock() // also to look what is there
	var failed error
	for _, p := range s.index.of(id) {
		failed = errors.Join(failed, s.evict(p))
	}
	s.changes.Unlock()
	s.complain(failed)
}

// remove removes a piece, if it is there.
func (s *store) remove(p piece) {
	s.changes.Lock()
	failed := s.evict(p)
	s.changes.Unlock()
	s.complain(failed)
}

// complain reports an error of a change, if it is one.
func (s *store) complain(err error) {
	if err != nil {
		s.failures.Do(func() { s.report(err) })
	}
}

// evict removes a piece, if it is there, for who holds changes. If its file can't be removed, it is not used any more.
func (s *store) evict(p piece) error {
	length, ok := s.index.remove(p)
	if !ok {
		return nil
	}
	return s.discard(s.folder.path(p), length)
}

// discard removes a file of so many bytes of a piece, if there is one, and gives its room back. A file that can't be removed
// keeps its room.
func (s *store) discard(path string, length int) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a file of the cache: %w", err)
	}
	s.used.Give(cost(length))
	return nil
}
