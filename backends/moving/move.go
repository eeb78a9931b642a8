package moving

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bleepstore/bleepstore/backends"
)

// ErrBehind says that a blob was put while a move mirrored blobs, and could not be mirrored. Who moves them can mirror again,
// and copy again what was put before.
var ErrBehind = errors.New("a new blob could not be put where blobs are moved to")

// Move is one from the storage in use to another. Its methods are for one goroutine.
type Move struct {
	backend  *Backend
	from, to *Storage
	reused   bool // to was in use before, and stays open

	aborted context.Context // of copies that only the move needs
	abort   context.CancelFunc
	copies  sync.WaitGroup // those under way; it grows under the backend's lock while that mirrors
	frozen  bool
	changed map[string]bool // files that the storage moved to may have otherwise; guarded by the backend's lock
}

// Begin begins a move, of which there can be one at a time. Open opens the storage of a name, unless it is open already. The
// caller ends the move.
func (b *Backend) Begin(name string, open func() (backends.Backend, error)) (*Move, error) {
	m := &Move{backend: b, changed: make(map[string]bool)}
	if err := b.take(m, name); err != nil {
		return nil, err
	}
	if m.to == nil {
		opened, err := open()
		if err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.move = nil
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		m.to = &Storage{opened, name}
	}
	m.aborted, m.abort = context.WithCancel(context.Background())
	return m, nil
}

// take makes a move the one that is under way.
func (b *Backend) take(m *Move, name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.move != nil:
		return errors.New("the blobs are being moved already, and are only moved to one place at a time")
	case b.at.Name == name:
		return fmt.Errorf("the blobs are in %s already: set storage.backend to that", name)
	}
	b.move, m.from = m, b.at
	if i := slices.IndexFunc(b.retired, func(s *Storage) bool { return s.Name == name }); i >= 0 {
		m.to, m.reused = b.retired[i], true
	}
	return nil
}

// From is where the blobs are.
func (m *Move) From() *Storage { return m.from }

// To is where they are moved to.
func (m *Move) To() *Storage { return m.to }

// Mirror has new blobs go to both storages. Those that were put before it returns, and not yet decided about, may be in one.
func (m *Move) Mirror() {
	m.backend.mu.Lock()
	defer m.backend.mu.Unlock()
	m.backend.mirror, m.backend.behind = m.to, nil
}

// Seal has blobs be put into both storages or not at all. ErrBehind says that one was not since Mirror.
func (m *Move) Seal() error {
	m.backend.mu.Lock()
	defer m.backend.mu.Unlock()
	if behind := m.backend.behind; behind != nil {
		return fmt.Errorf("%w: %w", ErrBehind, behind)
	}
	m.backend.sealed = true
	return nil
}

// Switch has the storage in use be the one that blobs are moved to, which is sealed, with files that are frozen.
func (m *Move) Switch() {
	b := m.backend
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retired = slices.DeleteFunc(b.retired, func(s *Storage) bool { return s == m.to })
	b.retired = append(b.retired, b.at)
	b.at, b.mirror, b.sealed = m.to, nil, false
}

// End ends a move. Without Switch, all is as if it had not begun, but for what was copied.
func (m *Move) End() error {
	b := m.backend
	b.mu.Lock()
	switched := b.at == m.to
	b.move, b.mirror, b.sealed = nil, nil, false
	b.mu.Unlock()
	if m.frozen {
		b.changing.Unlock()
	}
	if !switched {
		m.abort()
	}
	m.copies.Wait()
	m.abort()
	if switched || m.reused {
		return nil
	}
	return m.to.Close()
}

// copy copies a blob that was put, so that its Put can return. Without a move, it is because of one that has ended.
func (m *Move) copy(ctx context.Context, from, to *Storage, blob blob) error {
	if m != nil {
		defer m.copies.Done()
		within, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(m.aborted, cancel)()
		ctx = within
	}
	r, err := from.Get(ctx, blob.id, 0, blob.size)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = to.Put(ctx, blob.id, r, blob.label)
	return err
}
