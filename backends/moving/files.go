package moving

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/backends/claim"
	"github.com/bleepstore/bleepstore/internal/files"
)

// fileCopies is how many files are copied at once.
const fileCopies = 8

// namedFiles are the files of a Backend. Those that change during a move are copied again before its end.
type namedFiles struct{ *Backend }

// Put implements files.Files.
func (f namedFiles) Put(ctx context.Context, name string, r io.Reader) error {
	f.changing.RLock()
	defer f.changing.RUnlock()
	defer f.noteChange(name)
	return f.current().Files().Put(ctx, name, r)
}

// Get implements files.Files.
func (f namedFiles) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	return f.current().Files().Get(ctx, name)
}

// List implements files.Files.
func (f namedFiles) List(ctx context.Context, prefix string) ([]files.File, error) {
	return f.current().Files().List(ctx, prefix)
}

// Delete implements files.Files.
func (f namedFiles) Delete(ctx context.Context, names []string) error {
	f.changing.RLock()
	defer f.changing.RUnlock()
	defer f.noteChange(names...)
	return f.current().Files().Delete(ctx, names)
}

// Where implements files.Files.
func (f namedFiles) Where(name string) string { return f.current().Files().Where(name) }

// noteChange says that files have changed, also if that has failed: then it is not known what they are.
func (b *Backend) noteChange(names ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.move != nil {
		for _, name := range names {
			b.move.changed[name] = true
		}
	}
}

// CopyFiles makes the files of the storage moved to those of the one in use, but for claims, which are not the same. Files that
// change meanwhile may be left out.
func (m *Move) CopyFiles(ctx context.Context) error {
	for _, s := range []*Storage{m.from, m.to} {
		list, err := s.Files().List(ctx, "")
		if err != nil {
			return err
		}
		for _, file := range list {
			m.backend.noteChange(file.Name)
		}
	}
	return m.copyChanged(ctx)
}

// Freeze has who changes files wait until the end of the move, and copies those that have changed since CopyFiles.
func (m *Move) Freeze(ctx context.Context) error {
	if err := m.copyChanged(ctx); err != nil { // so that few are left
		return err
	}
	if !m.frozen {
		m.backend.changing.Lock()
		m.frozen = true
	}
	return m.copyChanged(ctx)
}

func (m *Move) copyChanged(ctx context.Context) error {
	m.backend.mu.Lock()
	changed := m.changed
	m.changed = make(map[string]bool)
	m.backend.mu.Unlock()
	delete(changed, claim.File)
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(fileCopies)
	for name := range changed {
		g.Go(func() error { return m.copyFile(within, name) })
	}
	return g.Wait()
}

// copyFile copies a file, or deletes it where it is gone.
func (m *Move) copyFile(ctx context.Context, name string) error {
	from, err := m.from.Files().Get(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return m.to.Files().Delete(ctx, []string{name})
	}
	if err != nil {
		return err
	}
	defer from.Close()
	return m.to.Files().Put(ctx, name, from)
}
