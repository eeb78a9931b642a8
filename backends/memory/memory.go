// Package memory keeps blobs in the memory of the process, for tests and for data that nobody needs to keep.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/tidwall/btree"
)

// Backend is a backends.Backend in memory. "Durable" means here: until Close.
type Backend struct {
	limit int64

	mu    sync.Mutex
	used  int64 // bytes allocated to blobs and files, those being stored included; never above limit
	blobs btree.Map[backends.ID, blob]
	files btree.Map[string, file]
}

var _ backends.Backend = (*Backend)(nil)

// blob is the bytes of a blob in pieces, so that it can grow without being copied.
type blob [][]byte

func (b blob) size() (n int64) {
	for _, piece := range b {
		n += int64(len(piece))
	}
	return n
}

// The first piece of a blob has minPiece bytes, each further one twice as many as the one before, up to maxPiece.
const (
	minPiece = 4 << 10
	maxPiece = 1 << 20
)

// New makes a backend for up to limit bytes of blobs and files, which it also never exceeds while it stores one.
func New(limit int64) *Backend {
	return &Backend{limit: limit}
}

// Put implements backends.Backend.
func (b *Backend) Put(ctx context.Context, id backends.ID, r io.Reader, _ backends.Label) (int64, error) {
	stored, err := b.read(ctx, r)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		b.release(stored)
		return 0, fmt.Errorf("put blob %s: %w", id, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blobs.Set(id, stored)
	return stored.size(), nil
}

// read reads a blob into memory that it reserves before it uses it. What it returns is reserved, also with an error.
func (b *Backend) read(ctx context.Context, r io.Reader) (blob, error) {
	var read blob
	for next := minPiece; ; next = min(2*next, maxPiece) {
		room := b.reserve(next)
		if room == 0 {
			return read, expectEOF(r)
		}
		piece := make([]byte, room)
		n, err := fill(ctx, r, piece)
		if n < room {
			piece = bytes.Clone(piece[:n])
			b.unreserve(room - n)
		}
		if n > 0 {
			read = append(read, piece)
		}
		if err == io.EOF {
			return read, nil
		} else if err != nil {
			return read, err
		}
	}
}

// fill reads until p is full or r gives an error. Unlike io.ReadFull it returns an io.ErrUnexpectedEOF only where r does,
// so that a reader which was cut short isn't taken for one that has come to its end.
func fill(ctx context.Context, r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

// expectEOF gives backends.ErrNoSpace where r has more bytes.
func expectEOF(r io.Reader) error {
	switch n, err := io.CopyN(io.Discard, r, 1); {
	case n > 0:
		return backends.ErrNoSpace
	case err != io.EOF:
		return err
	}
	return nil
}

// reserve takes up to want bytes of what is left.
func (b *Backend) reserve(want int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := min(int64(want), b.limit-b.used)
	b.used += room
	return int(room)
}

func (b *Backend) unreserve(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= int64(n)
}

func (b *Backend) release(stored blob) { b.unreserve(int(stored.size())) }

// Get implements backends.Backend.
func (b *Backend) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	b.mu.Lock()
	stored, found := b.blobs.Get(id)
	b.mu.Unlock()
	err := ctx.Err()
	if err == nil && !found {
		err = backends.ErrNotFound
	}
	if err == nil {
		err = backends.CheckRange(offset, length, stored.size())
	}
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", id, err)
	}
	return io.NopCloser(stored.section(offset, length)), nil
}

// Size implements backends.Backend.
func (b *Backend) Size(ctx context.Context, id backends.ID) (int64, error) {
	b.mu.Lock()
	stored, found := b.blobs.Get(id)
	b.mu.Unlock()
	err := ctx.Err()
	if err == nil && !found {
		err = backends.ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("size of blob %s: %w", id, err)
	}
	return stored.size(), nil
}

// section reads a range that lies within the blob.
func (b blob) section(offset, length int64) io.Reader {
	var pieces []io.Reader
	for _, piece := range b {
		if size := int64(len(piece)); offset >= size {
			offset -= size
			continue
		}
		piece = piece[offset:]
		piece = piece[:min(int64(len(piece)), length)]
		offset, length = 0, length-int64(len(piece))
		pieces = append(pieces, bytes.NewReader(piece))
	}
	return io.MultiReader(pieces...)
}

// Delete implements backends.Backend.
func (b *Backend) Delete(ctx context.Context, ids []backends.ID) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("delete %d blobs: %w", len(ids), err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		stored, _ := b.blobs.Delete(id)
		b.used -= stored.size()
	}
	return nil
}

// List implements backends.Backend.
func (b *Backend) List(ctx context.Context, after backends.ID, limit int) ([]backends.ID, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list blobs: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var ids []backends.ID
	b.blobs.Ascend(after, func(id backends.ID, _ blob) bool {
		if id > after && len(ids) < limit {
			ids = append(ids, id)
		}
		return len(ids) < limit
	})
	return ids, nil
}

// Files implements backends.Backend.
func (b *Backend) Files() files.Files { return namedFiles{b} }

// Check implements backends.Backend.
func (b *Backend) Check(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used >= b.limit {
		return fmt.Errorf("%w: all of %d bytes are in use", backends.ErrNoSpace, b.limit)
	}
	return ctx.Err()
}

// Close implements backends.Backend.
func (b *Backend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blobs.Clear()
	b.files.Clear()
	b.used = 0
	return nil
}
