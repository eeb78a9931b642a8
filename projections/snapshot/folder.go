package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/projections"
)

const (
	suffix          = ".snapshot.zst"
	temporarySuffix = ".tmp"
)

// Folder keeps the snapshots of one log, in files named after the sequence of their position.
type Folder struct{ dir string }

// OpenFolder opens a folder, which is made where it does not exist, and removes what is unfinished in it.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of snapshots: %w", err)
	}
	unfinished, err := filepath.Glob(filepath.Join(dir, "*"+temporarySuffix))
	if err != nil {
		return nil, err
	}
	for _, path := range unfinished {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return &Folder{dir}, nil
}

// Snapshot is a file of a folder.
type Snapshot struct {
	Header
	Path string
	Size int64 // bytes
}

// List returns the snapshots, ascending by position, by their headers. One whose header cannot be read is left out.
func (f *Folder) List() ([]Snapshot, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var list []Snapshot
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), suffix) {
			continue
		}
		s := Snapshot{Path: filepath.Join(f.dir, entry.Name())}
		if s.Header, err = readHeader(s.Path); err != nil {
			continue
		}
		if info, err := entry.Info(); err == nil {
			s.Size = info.Size()
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Snapshot) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

var errHeader = errors.New("the header was read")

func readHeader(path string) (Header, error) {
	file, err := os.Open(path)
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
	records, err := store.Snapshot(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("take a snapshot: %w", err)
	}
	defer records.Close()
	position, err := records.Position(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("take a snapshot: %w", err)
	}
	s := Snapshot{Path: filepath.Join(f.dir, fmt.Sprintf("%020d%s", position.Seq, suffix))}
	if err := f.write(ctx, &s, records); err != nil {
		return s, fmt.Errorf("write snapshot %s: %w", s.Path, err)
	}
	return s, f.prune(keep)
}

func (f *Folder) write(ctx context.Context, s *Snapshot, records projections.Records) (err error) {
	temporary := s.Path + temporarySuffix
	file, err := os.Create(temporary)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary))
		}
	}()
	if s.Header, err = Write(ctx, file, records, time.Now().UTC()); err == nil {
		err = file.Sync()
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = Read(file, func(projections.Change) error { return ctx.Err() })
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	failpoint.Hit("snapshot written")
	if info, err := os.Stat(temporary); err == nil {
		s.Size = info.Size()
	}
	return durable.Rename(temporary, s.Path)
}

// prune deletes all but the newest snapshots.
func (f *Folder) prune(keep int) error {
	list, err := f.List()
	if err != nil {
		return err
	}
	for _, old := range list[:max(0, len(list)-keep)] {
		if err := os.Remove(old.Path); err != nil {
			return err
		}
	}
	return nil
}

// Load fills an empty store with a snapshot.
func (s *Snapshot) Load(ctx context.Context, store projections.MetadataStore) error {
	file, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := Load(ctx, file, store); err != nil {
		return fmt.Errorf("load snapshot %s: %w", s.Path, err)
	}
	return nil
}
