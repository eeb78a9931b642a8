package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
)

const suffix = ".snapshot.zst"

// Folder keeps the snapshots of one log, in files named after the sequence of their position. It is safe for concurrent use.
type Folder struct {
	files  files.Files
	taking sync.Mutex // held by Take
}

// NewFolder returns the folder of those files, which are for nothing else.
func NewFolder(files files.Files) *Folder { return &Folder{files: files} }

// Snapshot is a file of a folder.
type Snapshot struct {
	Header
	Size int64 // bytes

	files files.Files
	name  string
}

// Where says to people where the snapshot is.
func (s *Snapshot) Where() string { return s.files.Where(s.name) }

// List returns the snapshots, ascending by position, by their headers. One whose header is damaged is left out.
func (f *Folder) List(ctx context.Context) ([]Snapshot, error) {
	all, err := f.files.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var list []Snapshot
	for _, file := range all {
		if !strings.HasSuffix(file.Name, suffix) {
			continue
		}
		s := Snapshot{Size: file.Size, files: f.files, name: file.Name}
		s.Header, err = s.readHeader(ctx)
		_, isCorrupt := errors.AsType[*CorruptError](err)
		if isCorrupt || errors.Is(err, fs.ErrNotExist) { // the latter is deleted since it was seen
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the header of snapshot %s: %w", s.Where(), err)
		}
		list = append(list, s)
	}
	return list, nil
}

var errHeader = errors.New("the header was read")

func (s *Snapshot) readHeader(ctx context.Context) (Header, error) {
	file, err := s.files.Get(ctx, s.name)
	if err != nil {
		return Header{}, err
	}
	defer file.Close()
	h, err := Read(file, func(projections.Change) error { return errHeader })
	if errors.Is(err, errHeader) {
		err = nil
	}
	return h, err
}

// Take writes a snapshot of a store, which goes on meanwhile, reads it again to verify it, and keeps it with the newest
// keep-1 of the others. The rest are deleted.
func (f *Folder) Take(ctx context.Context, store projections.MetadataStore, keep int) (Snapshot, error) {
	f.taking.Lock()
	defer f.taking.Unlock()
	records, err := store.Snapshot(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("take a snapshot: %w", err)
	}
	defer records.Close()
	position, err := records.Position(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("take a snapshot: %w", err)
	}
	s := Snapshot{files: f.files, name: fmt.Sprintf("%020d%s", position.Seq, suffix)}
	if err := s.write(ctx, records); err != nil {
		return s, fmt.Errorf("write snapshot %s: %w", s.Where(), err)
	}
	if err := s.verify(ctx); err != nil {
		return s, errors.Join(fmt.Errorf("verify snapshot %s: %w", s.Where(), err), f.files.Delete(ctx, []string{s.name}))
	}
	return s, f.Prune(ctx, keep)
}

// write writes the file of a snapshot.
func (s *Snapshot) write(ctx context.Context, records projections.Records) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	counted := &counter{w: w}
	go func() {
		var err error
		s.Header, err = Write(ctx, counted, records, time.Now().UTC())
		failpoint.Hit("snapshot written")
		w.CloseWithError(err)
		written <- err
	}()
	err := s.files.Put(ctx, s.name, r)
	r.CloseWithError(err) // so that nobody writes any more
	if failed := <-written; err == nil {
		err = failed
	}
	s.Size = counted.n
	return err
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func (s *Snapshot) verify(ctx context.Context) error {
	file, err := s.files.Get(ctx, s.name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = Read(file, func(projections.Change) error { return ctx.Err() })
	return err
}

// Prune deletes all but the newest snapshots.
func (f *Folder) Prune(ctx context.Context, keep int) error {
	list, err := f.List(ctx)
	if err != nil {
		return err
	}
	var old []string
	for _, s := range list[:max(0, len(list)-keep)] {
		old = append(old, s.name)
	}
	return f.files.Delete(ctx, old)
}

// Records yields the records of a snapshot, as the changes that write them. An error ends it, and says that none of them
// should be used.
func (s *Snapshot) Records(ctx context.Context) iter.Seq2[projections.Change, error] {
	return func(yield func(projections.Change, error) bool) {
		errEnough := errors.New("nobody wants more")
		file, err := s.files.Get(ctx, s.name)
		if err == nil {
			defer file.Close()
			_, err = Read(file, func(change projections.Change) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				if !yield(change, nil) {
					return errEnough
				}
				return nil
			})
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, fmt.Errorf("read snapshot %s: %w", s.Where(), err))
		}
	}
}

// Load fills an empty store with a snapshot.
func (s *Snapshot) Load(ctx context.Context, store projections.MetadataStore) error {
	file, err := s.files.Get(ctx, s.name)
	if err == nil {
		defer file.Close()
		_, err = Load(ctx, file, store)
	}
	if err != nil {
		return fmt.Errorf("load snapshot %s: %w", s.Where(), err)
	}
	return nil
}
