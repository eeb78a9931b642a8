package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
)

// atOnce is up to how many bytes of a file are read before Get returns. It can begin again then if the file is replaced while the
// service reads it.
const atOnce = 1 << 20

// maxReplaced is how often a file is opened at most that is replaced just then, or comes damaged.
const maxReplaced = 10

// listPage is how many files are asked for at once, which is what S3 returns.
const listPage = 1000

// namedFiles are the files of a Backend.
type namedFiles struct{ *Backend }

func (f namedFiles) name(name string) string { return f.prefix + "files/" + name }

// Put implements files.Files.
func (f namedFiles) Put(ctx context.Context, name string, r io.Reader) error {
	err := files.CheckName(name)
	if err == nil {
		_, _, err = f.store(ctx, f.name(name), r, Options{Replace: true})
	}
	if err != nil {
		return fmt.Errorf("put file %s: %w", name, err)
	}
	return nil
}

// Get implements files.Files.
func (f namedFiles) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	err := files.CheckName(name)
	for attempt := 0; attempt < maxReplaced && (err == nil || errors.Is(err, backends.ErrChanged)); attempt++ {
		var r io.ReadCloser
		if r, err = f.open(ctx, f.name(name)); err == nil {
			return r, nil
		}
	}
	if errors.Is(err, backends.ErrNotFound) {
		err = fs.ErrNotExist
	}
	return nil, fmt.Errorf("get file %s: %w", name, err)
}

// open opens a file as it is now. That it was replaced before it could be read is backends.ErrChanged.
func (f namedFiles) open(ctx context.Context, name string) (io.ReadCloser, error) {
	info, err := f.head(ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := f.read(ctx, info)
	if err != nil {
		if now, failed := f.head(ctx, name); failed == nil && (now.Tag != info.Tag || now.Size != info.Size) {
			err = fmt.Errorf("%w: %w", backends.ErrChanged, err)
		}
	}
	return r, err
}

func (f namedFiles) head(ctx context.Context, name string) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	info, err := f.bucket.Head(ctx, name)
	return info, timedOut(ctx, err)
}

// read opens a file, of which it reads a small one.
func (f namedFiles) read(ctx context.Context, info Info) (io.ReadCloser, error) {
	if info.Size == 0 {
		return io.NopCloser(eof{}), nil
	}
	r, err := Open(ctx, f.bucket, info.Name, info.Tag, 0, info.Size, f.timeout, func(Info) error { return nil })
	if err != nil || info.Size > atOnce {
		return r, err
	}
	defer r.Close()
	content := make([]byte, info.Size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// List implements files.Files.
func (f namedFiles) List(ctx context.Context, prefix string) ([]files.File, error) {
	var list []files.File
	root := f.name("")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(f.timeout, func() { cancel(errSlow) })
	defer timer.Stop()
	for info, err := range f.bucket.List(ctx, root+prefix, "", listPage) {
		timer.Reset(f.timeout)
		if err != nil && errors.Is(context.Cause(ctx), errSlow) {
			err = fmt.Errorf("%w: %w", errSlow, err)
		}
		if err != nil {
			return nil, fmt.Errorf("list files %s: %w", prefix, err)
		}
		list = append(list, files.File{Name: info.Name[len(root):], Size: info.Size, Modified: info.Modified})
	}
	return list, nil
}

// Delete implements files.Files.
func (f namedFiles) Delete(ctx context.Context, names []string) error {
	objects := make([]string, len(names))
	for i, name := range names {
		if err := files.CheckName(name); err != nil {
			return fmt.Errorf("delete file %s: %w", name, err)
		}
		objects[i] = f.name(name)
	}
	if err := f.delete(ctx, objects); err != nil {
		return fmt.Errorf("delete %d files: %w", len(names), err)
	}
	return nil
}

// Where implements files.Files.
func (f namedFiles) Where(name string) string { return f.bucket.String() + "/" + f.name(name) }
