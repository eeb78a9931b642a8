package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/bleepstore/bleepstore/internal/durable"
)

// Dir is Files in a folder: what a name has before a '/' is a folder in it. It belongs to one process at a time.
type Dir struct {
	root string

	mu      sync.Mutex
	durable map[string]bool // folders whose names are known to be on disk
}

var _ Files = (*Dir)(nil)

// unfinished is the folder of files that are being written. No name begins with a '.'.
const unfinished = ".unfinished"

// OpenDir opens a folder, which is made where it does not exist, and removes what an unclean stop has left unfinished.
func OpenDir(root string) (*Dir, error) {
	d := &Dir{root: root, durable: map[string]bool{}}
	if err := os.RemoveAll(d.path(unfinished)); err != nil {
		return nil, fmt.Errorf("remove unfinished files: %w", err)
	}
	if err := os.MkdirAll(d.path(unfinished), 0o700); err != nil {
		return nil, fmt.Errorf("make a folder of files: %w", err)
	}
	return d, nil
}

func (d *Dir) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Where implements Files.
func (d *Dir) Where(name string) string { return d.path(name) }

// Put implements Files.
func (d *Dir) Put(ctx context.Context, name string, r io.Reader) error {
	err := CheckName(name)
	if err == nil {
		err = d.put(ctx, d.path(name), r)
	}
	if err != nil {
		return fmt.Errorf("put file %s: %w", name, err)
	}
	return nil
}

func (d *Dir) put(ctx context.Context, path string, r io.Reader) (err error) {
	if err := d.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	file, err := os.CreateTemp(d.path(unfinished), "*-"+filepath.Base(path))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// It is not there if it was renamed already. If it cannot be removed, OpenDir will do it.
			_ = os.Remove(file.Name())
		}
	}()
	_, err = io.Copy(file, untilEnd{ctx, r})
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return durable.Sync(filepath.Dir(path))
}

// untilEnd reads until its context ends.
type untilEnd struct {
	ctx context.Context
	r   io.Reader
}

func (u untilEnd) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if ended := u.ctx.Err(); ended != nil {
		return n, ended
	}
	return n, err
}

// makeFolder makes a folder durable, also one that is there: it may have been made just before an unclean stop.
func (d *Dir) makeFolder(folder string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.durable[folder] {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for made := folder; ; made = filepath.Dir(made) {
		if err := durable.Sync(filepath.Dir(made)); err != nil {
			return err
		}
		if made == filepath.Clean(d.root) {
			break
		}
	}
	d.durable[folder] = true
	return nil
}

// Get implements Files.
func (d *Dir) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	err := errors.Join(ctx.Err(), CheckName(name))
	if err == nil {
		var file *os.File
		if file, err = os.Open(d.path(name)); err == nil {
			return file, nil
		}
	}
	return nil, fmt.Errorf("get file %s: %w", name, err)
}

// List implements Files.
func (d *Dir) List(ctx context.Context, prefix string) ([]File, error) {
	var list []File
	// All names with the prefix are in the folder that its last '/' ends.
	folder := d.path(prefix[:strings.LastIndexByte(prefix, '/')+1])
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err = errors.Join(ctx.Err(), err); err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(d.root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if !strings.HasPrefix(name, prefix) || CheckName(name) != nil {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) { // deleted since it was seen
			return nil
		}
		if err == nil {
			list = append(list, File{Name: name, Size: info.Size(), Modified: info.ModTime()})
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list files %s: %w", prefix, err)
	}
	// A folder's files come where its name is, which is not where theirs are: "a-b" is before "a/b".
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// Delete implements Files.
func (d *Dir) Delete(ctx context.Context, names []string) error {
	for _, name := range names {
		err := errors.Join(ctx.Err(), CheckName(name))
		if err == nil {
			err = os.Remove(d.path(name))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete file %s: %w", name, err)
		}
	}
	return nil
}
