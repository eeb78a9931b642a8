// Package cache keeps what is read of the blobs of another backend, a cloud for one, in a folder of the local file system.
//
// A blob is kept in pieces of 1 MiB: a file holds the first bytes of a piece, as many as somebody has read. The sum of the
// files is bounded, and those that were not read for the longest time go first. It is a cache: writes pass through to the
// backend behind, nothing is made durable, and whatever is wrong with the folder costs time and no more. A folder looks
// like this:
//
//	7g/06i13k…7g-0      the first piece of a blob, in a folder named after the end of its id
//	7g/06i13k…7g-1~123  the second one, being written; removed by Open
package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
)

// Backend is a backends.Backend that reads through a folder.
//
// What makes a Get that has returned read to the end although pieces may be evicted, and the blob deleted: a piece that is
// no longer there is fetched from behind, and before a blob is deleted there, each of its readers is given a reader of the
// backend behind for all that it does not hold yet. From then on it uses nothing else, and keeps nothing.
type Backend struct {
	behind  backends.Backend
	pieces  *store
	readers readers

	hits, misses atomic.Int64
}

var _ backends.Backend = (*Backend)(nil)

// Stats tells what a Backend has done since it was opened, and what it holds.
type Stats struct {
	Hits   int64 // pieces of which all that was asked for was in the folder
	Misses int64 // pieces that the backend behind was asked for, wholly or in part
	Bytes  int64 // what the pieces in the folder, and those being written, count for
	Pieces int64 // in the folder
}

// Open opens a cache in a folder, which is made where it doesn't exist, in front of a backend, which Close closes too. What
// is in the folder is used, and what a crash has left unfinished is removed; a folder belongs to one process at a time, which
// the caller sees to.
//
// The files never take more than limit bytes; each counts as at least 16 KiB, for which there are about 200 bytes in memory.
// report is told of what goes wrong with the folder, up to twice a minute, from any goroutine; no read fails for it.
func Open(dir string, limit int64, behind backends.Backend, report func(error)) (*Backend, error) {
	pieces, err := openStore(dir, limit, report)
	if err != nil {
		return nil, fmt.Errorf("open cache folder %s: %w", dir, err)
	}
	return &Backend{behind: behind, pieces: pieces, readers: newReaders()}, nil
}

// Put implements backends.Backend. The blob comes into the cache when it is read.
func (b *Backend) Put(ctx context.Context, id backends.ID, r io.Reader, label backends.Label) (int64, error) {
	return b.behind.Put(ctx, id, r, label)
}

// Get implements backends.Backend. The reader depends on ctx. It gives bytes as soon as they come in;
// only of a piece that has to be fetched, what lies in front of offset comes in first.
func (b *Backend) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("get blob %s: %w", id, err)
	}
	_, err := backends.ParseID(string(id))
	if err != nil || offset < 0 || length <= 0 || length > math.MaxInt64-offset || backends.IsOnce(ctx) {
		return b.behind.Get(ctx, id, offset, length) // there is nothing to keep, or it is an error
	}
	r := &reader{cache: b, ctx: ctx, id: id, next: offset, end: offset + length}
	if !b.readers.add(r) {
		return b.behind.Get(ctx, id, offset, length)
	}
	if err := r.advance(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Size implements backends.Backend.
func (b *Backend) Size(ctx context.Context, id backends.ID) (int64, error) {
	return b.behind.Size(ctx, id)
}

// open opens what comes next for a reader: the bytes [r.next, until) of its blob. That is a piece, or a run of pieces that
// are not there as far as they are needed.
func (b *Backend) open(r *reader) (source io.ReadCloser, until int64, err error) {
	if r.detached.Load() {
		source, err = b.fetch(r, r.next, r.end)
		return source, r.end, err
	}
	p := pieceAt(r.id, r.next)
	at, need := int(r.next-p.start()), p.needed(r.end)
	buffer, kept := b.pieces.load(p, need)
	if buffer != nil && kept >= need {
		b.hits.Add(1)
		return newHeld(b.pieces, buffer, at, need), p.start() + int64(need), nil
	}
	until = b.pieces.index.gapEnd(p, r.end)
	if buffer == nil || b.pieces.paused() { // nothing could be kept of what is fetched
		b.pieces.buffers.put(buffer)
		source, err = b.fetch(r, r.next, until)
		return source, until, err
	}
	from := p.start() + int64(kept)
	upstream, err := b.fetch(r, from, until)
	if err != nil {
		b.pieces.buffers.put(buffer)
		return nil, 0, err
	}
	return &run{
		pieces: b.pieces, owner: r, piece: p, buffer: buffer, kept: kept, filled: kept, at: at,
		upstream: upstream, left: until - from,
	}, until, nil
}

// fetch opens the bytes [from, until) of a reader's blob at the backend behind.
func (b *Backend) fetch(r *reader, from, until int64) (io.ReadCloser, error) {
	upstream, err := b.behind.Get(r.ctx, r.id, from, until-from)
	if err != nil {
		return nil, fmt.Errorf("fetch what is not in the cache: %w", err)
	}
	b.misses.Add((until-1)/pieceSize - from/pieceSize + 1)
	return upstream, nil
}

// Delete implements backends.Backend. It gives readers of the blobs what they need first; where that fails, it deletes
// nothing.
func (b *Backend) Delete(ctx context.Context, ids []backends.ID) error {
	// Until the end, new readers pass the cache by. So none comes to depend on it after the others were detached, and what
	// is fetched before the blobs are gone isn't kept after they are.
	open := b.readers.beginDelete(ids)
	defer b.readers.endDelete(ids)
	for _, r := range open {
		if err := r.detach(); err != nil {
			return fmt.Errorf("delete %d blobs, of which one is being read: %w", len(ids), err)
		}
	}
	err := b.behind.Delete(ctx, ids)
	for _, id := range ids { // also after an error, since some of the blobs may be gone
		b.pieces.drop(id)
	}
	return err
}

// List implements backends.Backend.
func (b *Backend) List(ctx context.Context, after backends.ID, limit int) ([]backends.ID, error) {
	return b.behind.List(ctx, after, limit)
}

// Files implements backends.Backend.
func (b *Backend) Files() files.Files { return b.behind.Files() }

// Check implements backends.Backend. It tells of the backend behind: without its folder, a cache is slow and works.
func (b *Backend) Check(ctx context.Context) error { return b.behind.Check(ctx) }

// Stats tells what the cache has done and what it holds.
func (b *Backend) Stats() Stats {
	return Stats{
		Hits: b.hits.Load(), Misses: b.misses.Load(),
		Bytes: b.pieces.used.InUse(), Pieces: b.pieces.index.count(),
	}
}

// Close implements backends.Backend: it closes the backend behind.
func (b *Backend) Close() error { return b.behind.Close() }
