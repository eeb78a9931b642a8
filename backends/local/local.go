// Package local keeps blobs in a folder of the local file system.
//
// Blobs of up to 64 KiB are values in a Pebble database, where many of them share one fsync; larger ones are files of
// their own, which a server can hand to a socket without copying. A folder looks like this:
//
//	small/                  the Pebble database, whose lock keeps other processes out
//	large/06i1/3k/06i13k…   large blobs, in folders named after the start of their ids
//	tmp/                    large blobs that are still being written; emptied by Open
//	files/                  named files
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/internal/limit"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// smallLimit is the size in bytes of the largest blob that is kept in Pebble. Above it, the cost of an fsync of its own
// is small against that of writing the bytes, and Pebble would write them twice.
const smallLimit = 64 << 10

// Backend is a backends.Backend in a folder.
type Backend struct {
	small *smallStore
	large *largeStore
	files namedFiles
	disk  disk

	short, long *buffers
}

var _ backends.Backend = (*Backend)(nil)

// Open opens the backend in a folder, which is made where it doesn't exist. Every Open is a recovery: what an unclean
// stop has left unfinished is removed. A folder that another process has open is an error, and one whose small blobs cannot
// be opened because they are damaged is a *backends.DamagedError.
func Open(dir string) (*Backend, error) {
	b, err := open(vfs.Default, dir)
	if err != nil {
		return nil, fmt.Errorf("open blob folder %s: %w", dir, err)
	}
	return b, nil
}

// open is Open on a file system of the caller's choice. Only writes of blobs go through it.
func open(fs vfs.FS, dir string) (*Backend, error) {
	var buffered limit.Usage
	b := &Backend{
		disk:  disk{fs: fs, dir: dir},
		short: newBuffers(shortBuffer, shortBuffer+putOverhead, &buffered),
		long:  newBuffers(longBuffer, longBuffer, &buffered),
	}
	var err error
	// The small blobs come first: Pebble takes the lock that makes it safe to empty tmp, and makes dir itself durable.
	if b.small, err = openSmall(b.disk, fs.PathJoin(dir, "small")); err != nil {
		return nil, err
	}
	if b.large, err = openLarge(b.disk); err != nil {
		return nil, errors.Join(err, b.small.close())
	}
	if b.files, err = openFiles(b.disk); err != nil {
		return nil, errors.Join(err, b.small.close())
	}
	return b, nil
}

// Put implements backends.Backend. It gives backends.ErrNoSpace while less than putReserve is free, and backends.ErrBusy
// while blobs on their way occupy maxBuffered or, for a large one, there are maxLarge of them.
func (b *Backend) Put(ctx context.Context, id backends.ID, r io.Reader, _ backends.Label) (int64, error) {
	n, err := b.put(ctx, id, r)
	if err != nil {
		return 0, fmt.Errorf("put blob %s: %w", id, err)
	}
	return n, nil
}

func (b *Backend) put(ctx context.Context, id backends.ID, r io.Reader) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	short, err := b.short.get(r)
	if err != nil {
		return 0, err
	}
	defer b.short.put(short)
	head, err := short.Peek(shortBuffer)
	if err == nil {
		long, busy := b.long.get(struct{ io.Reader }{short}) // whose WriteTo would write short pieces
		if busy != nil {
			return 0, busy
		}
		defer b.long.put(long)
		if head, err = long.Peek(smallLimit + 1); err == nil {
			return b.large.put(ctx, id, long)
		}
	}
	switch {
	case err != io.EOF: // also io.ErrUnexpectedEOF, by which a reader says that it was cut short
		return 0, err
	case ctx.Err() != nil:
		return 0, ctx.Err()
	}
	return int64(len(head)), b.small.put(id, head)
}

// Get implements backends.Backend. The reader of a large blob is Direct: net/http can use sendfile.
func (b *Backend) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get blob %s: %w", id, err)
	}
	// The range tells where the blob probably is.
	first, second := b.small.get, b.large.get
	if offset+length > smallLimit {
		first, second = second, first
	}
	r, err := first(id, offset, length)
	if errors.Is(err, backends.ErrNotFound) {
		r, err = second(id, offset, length)
	}
	if err != nil {
		return nil, fmt.Errorf("get blob %s: %w", id, err)
	}
	return r, nil
}

// Size implements backends.Backend.
func (b *Backend) Size(ctx context.Context, id backends.ID) (int64, error) {
	err := ctx.Err()
	var size int64
	if err == nil {
		size, err = b.small.size(id)
	}
	if errors.Is(err, backends.ErrNotFound) {
		size, err = b.large.size(id)
	}
	if err != nil {
		return 0, fmt.Errorf("size of blob %s: %w", id, err)
	}
	return size, nil
}

// Delete implements backends.Backend. It doesn't wait for the disk: a power cut may bring a blob back that was just
// deleted. That does no harm, since nothing names it any more and its id is never used again.
func (b *Backend) Delete(ctx context.Context, ids []backends.ID) error {
	rest, err := b.large.delete(ctx, ids)
	if err == nil && len(rest) > 0 {
		err = b.small.delete(rest)
	}
	if err != nil {
		return fmt.Errorf("delete %d blobs: %w", len(ids), err)
	}
	return nil
}

// List implements backends.Backend.
func (b *Backend) List(ctx context.Context, after backends.ID, limit int) ([]backends.ID, error) {
	small, err := b.small.list(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list small blobs: %w", err)
	}
	large, err := b.large.list(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list large blobs: %w", err)
	}
	ids := slices.Concat(small, large)
	slices.Sort(ids)
	return ids[:min(len(ids), limit)], nil
}

// Files implements backends.Backend.
func (b *Backend) Files() files.Files { return b.files }

// Check implements backends.Backend.
func (b *Backend) Check(ctx context.Context) error {
	if err := errors.Join(ctx.Err(), b.small.failure()); err != nil {
		return err
	}
	return b.disk.require(putReserve)
}

// Close implements backends.Backend.
func (b *Backend) Close() error {
	if err := b.small.close(); err != nil {
		return fmt.Errorf("close small blobs: %w", err)
	}
	return nil
}
