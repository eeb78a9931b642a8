package memory

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/internal/files"
)

// file is a named file, whose content is kept as that of a blob is.
type file struct {
	content  blob
	modified time.Time
}

// namedFiles are the files of a Backend.
type namedFiles struct{ *Backend }

// Put implements files.Files.
func (f namedFiles) Put(ctx context.Context, name string, r io.Reader) error {
	content, err := f.store(ctx, name, r)
	if err != nil {
		f.release(content)
		return fmt.Errorf("put file %s: %w", name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	replaced, _ := f.files.Set(name, file{content, time.Now()})
	f.used -= replaced.content.size()
	return nil
}

// store reads a file into memory that is reserved, also with an error.
func (f namedFiles) store(ctx context.Context, name string, r io.Reader) (blob, error) {
	if err := files.CheckName(name); err != nil {
		return nil, err
	}
	content, err := f.read(ctx, r)
	if err == nil {
		err = ctx.Err()
	}
	return content, err
}

// Get implements files.Files.
func (f namedFiles) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	f.mu.Lock()
	found, ok := f.files.Get(name)
	f.mu.Unlock()
	err := ctx.Err()
	if err == nil && !ok {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("get file %s: %w", name, err)
	}
	return io.NopCloser(found.content.section(0, found.content.size())), nil
}

// List implements files.Files.
func (f namedFiles) List(ctx context.Context, prefix string) ([]files.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list files %s: %w", prefix, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []files.File
	f.files.Ascend(prefix, func(name string, found file) bool {
		if !strings.HasPrefix(name, prefix) {
			return false
		}
		list = append(list, files.File{Name: name, Size: found.content.size(), Modified: found.modified})
		return true
	})
	return list, nil
}

// Delete implements files.Files.
func (f namedFiles) Delete(ctx context.Context, names []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		err := ctx.Err()
		if err == nil {
			err = files.CheckName(name)
		}
		if err != nil {
			return fmt.Errorf("delete file %s: %w", name, err)
		}
		deleted, _ := f.files.Delete(name)
		f.used -= deleted.content.size()
	}
	return nil
}

// Where implements files.Files.
func (f namedFiles) Where(name string) string { return name + " in memory" }
