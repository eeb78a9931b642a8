// Package jsonl keeps metadata in memory and, to survive, in files of JSON lines that a person can read.
//
// A folder holds one generation of files, in a folder named after its number:
//
//	000001/commits.jsonl    each Apply: its position, and what it appended to the other files
//	000001/buckets.jsonl    {"put":{"name":"b",...}} or {"delete":{"name":"b"}}
//	000001/objects.jsonl    {"put":{"bucket":"b","key":"k",...}} or {"delete":{"bucket":"b","key":"k"}}
//	000001/versions.jsonl   and so on, as in lines.go
//	000001/uploads.jsonl
//	000001/parts.jsonl
//	000001/shared.jsonl
//	000001/garbage.jsonl
//	000002.tmp/             the next generation while it is made
//	lock
//
// Of the lines that are about the same record, the last counts. Lines are only appended; when those that do not count any
// more outnumber the others, a new generation is written that has none of them.
//
// An Apply is not synced: after a power cut the store is as one of the earlier commits left it, and the log is applied from
// there again. To know that one, each commit has the lengths and checksums of what it appended.
package jsonl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/fulldisk"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// Store is a MetadataStore in a folder. Queries are answered from memory.
type Store struct {
	*memory.Store
	fs     vfs.FS
	dir    string
	lock   io.Closer
	health health

	due        chan struct{} // has one element when there may be work for the background
	stop       context.CancelFunc
	background sync.WaitGroup

	// applying is held while the files or the memory change, and the one after the other: what is in the files is also in
	// memory for whoever holds it.
	applying   sync.Mutex
	generation *generation
	number     int   // of the generation
	batch      batch // of Apply
}

var _ projections.MetadataStore = (*Store)(nil)

// Open opens the store in a folder, which it makes if there is none. A folder that another process has open, one with
// another format than this program knows, older or newer, and damaged files are refused.
func Open(dir string) (*Store, error) { return open(dir, vfs.Default) }

func open(dir string, fs vfs.FS) (*Store, error) {
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the metadata: %w", err)
	}
	lock, err := fs.Lock(fs.PathJoin(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("lock the metadata in %s, which another process may have open: %w", dir, err)
	}
	s := &Store{Store: memory.New(), fs: fs, dir: dir, lock: lock, due: make(chan struct{}, 1)}
	if err := s.load(); err != nil {
		if d := new(damage); errors.As(err, &d) {
			return nil, errors.Join(&projections.DamagedError{Dir: dir, Found: err}, lock.Close())
		}
		return nil, errors.Join(fmt.Errorf("open the metadata in %s: %w", dir, err), lock.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.background.Go(func() { s.keep(ctx) })
	s.tellDue()
	return s, nil
}

// load reads the newest generation into memory, or makes the first.
func (s *Store) load() (err error) {
	if s.number, err = s.newest(); err != nil {
		return err
	}
	if s.number == 0 {
		return s.begin()
	}
	dir := s.folder(s.number)
	start, err := readHeader(s.fs, dir)
	if err != nil {
		return err
	}
	r, err := openReader(s.fs, dir, start, everything())
	if err != nil {
		return err
	}
	defer r.close()
	last, err := s.read(r)
	if err != nil {
		return err
	}
	if s.generation, err = openGeneration(s.fs, dir, r.end); err != nil {
		return err
	}
	s.generation.position = last.Position
	if last.Synced == r.end.commits.lines-1 {
		s.generation.synced = r.end.size()
	}
	return nil
}

// begin makes the first generation.
func (s *Store) begin() error {
	g, err := create(s.fs, s.temporary(1))
	if err != nil {
		return err
	}
	if err = s.publish(g); err == nil {
		err = durable.SyncFolder(s.fs, s.fs.PathDir(s.dir))
	}
	if err != nil {
		return errors.Join(err, g.close())
	}
	return nil
}

// read reads all commits into memory, and returns the last.
func (s *Store) read(r *reader) (last commit, err error) {
	var changes []projections.Change
	for {
		c, err := r.next(&s.batch)
		if err == io.EOF {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		if changes, err = r.changes(&s.batch, changes[:0]); err != nil {
			return last, err
		}
		if err := s.Store.Apply(context.Background(), c.Position, changes); err != nil {
			return last, err
		}
		last = c
	}
}

// Apply implements MetadataStore. Readers see all of the changes or none.
//
// The files come first: with an error nothing has changed. On a full disk it waits for space, because the log would have
// nowhere else to go; reads go on meanwhile.
func (s *Store) Apply(ctx context.Context, pos eventlog.Position, changes []projections.Change) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	s.batch.reset()
	for _, c := range changes {
		if err := s.batch.add(c); err != nil {
			return err
		}
	}
	if err := s.append(ctx, commit{Position: pos}); err != nil {
		return fmt.Errorf("write the metadata in %s: %w", s.dir, err)
	}
	if s.generation.unsyncedBytes() > syncBytes || s.crowded() {
		s.tellDue()
	}
	return s.Store.Apply(ctx, pos, changes)
}

// append appends the batch when there is space for it.
func (s *Store) append(ctx context.Context, c commit) error {
	for {
		err := s.generation.append(c, &s.batch)
		if !fulldisk.Is(err) {
			return err
		}
		s.health.setFull(true)
		fulldisk.Await(s.fs, s.dir, ctx.Done())
		s.health.setFull(false)
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
	}
}

// Check implements MetadataStore. It reports failures of the work in the background, and a full disk.
func (s *Store) Check(context.Context) error { return s.health.err() }

// Close implements MetadataStore. What was applied is durable then.
func (s *Store) Close() error {
	s.stop()
	s.background.Wait()
	var err error
	if s.generation.unsyncedBytes() > 0 {
		err = s.sync()
	}
	if err = errors.Join(err, s.generation.close(), s.lock.Close()); err != nil {
		return fmt.Errorf("close the metadata in %s: %w", s.dir, err)
	}
	return nil
}
