package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/limit"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// largeStore keeps each large blob as a file.
//
// A file is written in tmp and made durable before it is renamed to its place, so whatever lies in a place is whole.
type largeStore struct {
	disk    disk
	tmp     string
	folders *folders
	puts    limit.Usage // how many are under way
}

// writeBack is after how many bytes of a file the kernel is told to start writing them, so that the fsync at its end has
// little left to do; the free space is looked at as often.
const writeBack = 8 << 20

func openLarge(d disk) (*largeStore, error) {
	s := &largeStore{disk: d, tmp: d.fs.PathJoin(d.dir, "tmp"), folders: newFolders(d)}
	if err := d.fs.RemoveAll(s.tmp); err != nil {
		return nil, fmt.Errorf("remove unfinished blobs: %w", err)
	}
	for _, folder := range []string{s.tmp, s.folders.root} {
		if err := d.fs.MkdirAll(folder, 0o755); err != nil {
			return nil, spaceError(err)
		}
	}
	return s, durable.SyncFolder(d.fs, d.dir)
}

func (s *largeStore) put(ctx context.Context, id backends.ID, r io.WriterTo) (int64, error) {
	if !s.puts.Take(1, maxLarge) {
		return 0, fmt.Errorf("%w: %d of them are large", backends.ErrBusy, maxLarge)
	}
	defer s.puts.Give(1)
	tmp := s.disk.fs.PathJoin(s.tmp, string(id))
	n, err := s.write(ctx, tmp, r)
	if err == nil {
		err = s.folders.adopt(tmp, id)
	}
	if err != nil {
		// It is not there if it was never made or is in its place already. If it can't be removed, Open will do it.
		_ = s.disk.fs.Remove(tmp)
		return 0, spaceError(err)
	}
	return n, nil
}

// write makes a file of what r yields, durable but for its entry in the folder.
func (s *largeStore) write(ctx context.Context, path string, r io.WriterTo) (int64, error) {
	file, err := s.disk.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, err
	}
	w := &fileWriter{ctx: ctx, disk: s.disk, File: vfs.NewSyncingFile(file, vfs.SyncingFileOptions{BytesPerSync: writeBack})}
	n, err := r.WriteTo(w)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = w.Sync()
	}
	// The file is closed beneath the syncing one, which would sync also what is about to be removed.
	return n, errors.Join(err, file.Close())
}

// fileWriter writes a file until its context ends or the disk is full.
type fileWriter struct {
	vfs.File
	ctx       context.Context
	disk      disk
	unchecked int // bytes that may be written before the free space is looked at
}

func (w *fileWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if w.unchecked < len(p) {
		if err := w.disk.require(putReserve); err != nil {
			return 0, err
		}
		w.unchecked = writeBack
	}
	w.unchecked -= len(p)
	return w.File.Write(p)
}

func (s *largeStore) size(id backends.ID) (int64, error) {
	info, err := os.Stat(s.folders.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, backends.ErrNotFound
	} else if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (s *largeStore) get(id backends.ID, offset, length int64) (io.ReadCloser, error) {
	file, err := os.Open(s.folders.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, backends.ErrNotFound
	} else if err != nil {
		return nil, err
	}
	if err := seek(file, offset, length); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &section{file: file, rest: io.LimitedReader{R: file, N: length}}, nil
}

// seek goes to the start of a range that must lie within the file.
func seek(file *os.File, offset, length int64) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := backends.CheckRange(offset, length, info.Size()); err != nil {
		return err
	}
	_, err = file.Seek(offset, io.SeekStart)
	return err
}

var _ backends.Direct = (*section)(nil)

// section reads a range of a file. The file is open, so it can be read to the end also when it was deleted.
type section struct {
	file *os.File
	rest io.LimitedReader
}

func (s *section) Read(p []byte) (int, error) {
	n, err := s.rest.Read(p)
	if err == io.EOF && s.rest.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// WriteTo hands w the file itself in a LimitedReader, the form in which net's ReadFrom recognises it for sendfile.
func (s *section) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, &s.rest)
	if err == nil && s.rest.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Direct implements backends.Direct.
func (s *section) Direct() {}

func (s *section) Close() error { return s.file.Close() }

// delete removes the files of blobs and returns the ids that have none.
func (s *largeStore) delete(ctx context.Context, ids []backends.ID) (rest []backends.ID, err error) {
	touched := map[string]bool{}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := s.folders.path(id)
		switch err := s.disk.fs.Remove(path); {
		case errors.Is(err, fs.ErrNotExist):
			rest = append(rest, id)
		case err != nil:
			return nil, err
		case s.folders.settled(id):
			touched[filepath.Dir(path)] = true
		}
	}
	for folder := range touched {
		s.folders.prune(folder)
	}
	return rest, nil
}

func (s *largeStore) list(ctx context.Context, after backends.ID, limit int) ([]backends.ID, error) {
	return s.folders.list(ctx, after, limit)
}
