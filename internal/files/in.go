package files

import (
	"context"
	"io"
	"strings"
)

// In is those of files whose names begin with folder and '/', by the rest of their names.
func In(files Files, folder string) Files { return within{files, folder + "/"} }

type within struct {
	files  Files
	prefix string
}

// Put implements Files.
func (w within) Put(ctx context.Context, name string, r io.Reader) error {
	return w.files.Put(ctx, w.prefix+name, r)
}

// Get implements Files.
func (w within) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	return w.files.Get(ctx, w.prefix+name)
}

// List implements Files.
func (w within) List(ctx context.Context, prefix string) ([]File, error) {
	list, err := w.files.List(ctx, w.prefix+prefix)
	for i := range list {
		list[i].Name = strings.TrimPrefix(list[i].Name, w.prefix)
	}
	return list, err
}

// Delete implements Files.
func (w within) Delete(ctx context.Context, names []string) error {
	full := make([]string, len(names))
	for i, name := range names {
		full[i] = w.prefix + name
	}
	return w.files.Delete(ctx, full)
}

// Where implements Files.
func (w within) Where(name string) string { return w.files.Where(w.prefix + name) }
