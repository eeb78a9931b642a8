// Package moving keeps blobs in a backend from which they can be moved to another one while they are in use.
//
// Who moves them begins a Move, copies what is there, and ends it with four steps:
//
//   - Mirror: from then on, a blob that is put is in both backends before its Put returns. What was put before is copied.
//   - Freeze: named files do not change until the end of the move.
//   - Seal: from then on, a blob that cannot be put into both is not put at all.
//   - Switch: the other backend is the one in use.
//
// Between Seal and Switch both backends have all that was ever acknowledged. Nobody waits for a step: a Put that began before
// one ends by the rules of what is when it ends.
package moving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
)

// Storage is a backend with what people know it by: a URL or a folder, without secrets. No two have the same name.
type Storage struct {
	backends.Backend
	Name string
}

// Backend is a backends.Backend that uses another one.
type Backend struct {
	changing sync.RWMutex // held, for reading, while a file is changed; by a move once files are frozen

	mu      sync.RWMutex // guards what follows
	at      *Storage     // the one in use
	retired []*Storage   // that were in use; they are open, because somebody may still read from them
	move    *Move        // under way; nil if none is
	mirror  *Storage     // of the move, once new blobs go there as well; nil before
	sealed  bool         // a blob that cannot be mirrored is not put
	behind  error        // why a blob was not mirrored that should have been
}

var _ backends.Backend = (*Backend)(nil)

// New makes a backend that uses another one, which it closes.
func New(at Storage) *Backend { return &Backend{at: &at} }

func (b *Backend) current() *Storage {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.at
}

// InUse is the backend in use.
func (b *Backend) InUse() backends.Backend { return b.current().Backend }

// String is the name of the storage in use.
func (b *Backend) String() string { return b.current().Name }

// Put implements backends.Backend.
func (b *Backend) Put(ctx context.Context, id backends.ID, r io.Reader, label backends.Label) (int64, error) {
	first := b.current()
	size, err := first.Put(ctx, id, r, label)
	if err != nil {
		return 0, err
	}
	if err := b.spread(ctx, first, blob{id, size, label}); err != nil {
		return 0, err
	}
	return size, nil
}

// blob is one that was put.
type blob struct {
	id    backends.ID
	size  int64
	label backends.Label
}

// spread copies a blob from where it was put to where it must be before its Put returns.
func (b *Backend) spread(ctx context.Context, first *Storage, blob blob) error {
	for has := []*Storage{first}; ; {
		to, move := b.lacking(has)
		if to == nil {
			return nil
		}
		err := move.copy(ctx, first, to, blob)
		switch {
		case err == nil:
			has = append(has, to)
		case ctx.Err() == nil && !b.matters(to, err):
		default:
			removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			for _, s := range has {
				_ = s.Delete(removing, []backends.ID{blob.id}) // what stays is swept
			}
			return fmt.Errorf("put blob %s into %s, where blobs are moved to: %w", blob.id, to.Name, err)
		}
	}
}

// lacking returns where a blob must be and is not, nil if nowhere. If that is because of a move, who copies it there is to use
// the move.
func (b *Backend) lacking(has []*Storage) (*Storage, *Move) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if !slices.Contains(has, b.at) {
		return b.at, nil
	}
	if b.mirror != nil && b.behind == nil && !slices.Contains(has, b.mirror) {
		b.move.copies.Add(1)
		return b.mirror, b.move
	}
	return nil, nil
}

// matters tells whether a blob is not put because it could not be copied. It is put if only a move comes to nothing.
func (b *Backend) matters(to *Storage, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if to == b.mirror && !b.sealed {
		b.behind = err
	}
	return to == b.at || to == b.mirror && b.sealed
}

// Get implements backends.Backend.
func (b *Backend) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	return b.current().Get(ctx, id, offset, length)
}

// Size implements backends.Backend.
func (b *Backend) Size(ctx context.Context, id backends.ID) (int64, error) {
	return b.current().Size(ctx, id)
}

// Delete implements backends.Backend. What a move has copied already stays there until it is swept.
func (b *Backend) Delete(ctx context.Context, ids []backends.ID) error {
	return b.current().Delete(ctx, ids)
}

// List implements backends.Backend.
func (b *Backend) List(ctx context.Context, after backends.ID, limit int) ([]backends.ID, error) {
	return b.current().List(ctx, after, limit)
}

// Files implements backends.Backend.
func (b *Backend) Files() files.Files { return namedFiles{b} }

// Check implements backends.Backend.
func (b *Backend) Check(ctx context.Context) error { return b.current().Check(ctx) }

// Close implements backends.Backend. No move is under way.
func (b *Backend) Close() error {
	err := b.at.Close()
	for _, s := range b.retired {
		err = errors.Join(err, s.Close())
	}
	return err
}
