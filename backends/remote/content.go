package remote

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/bleepstore/bleepstore/backends"
)

const (
	// maxWhole is how many bytes are too many for one request, if there is memory for fewer. An upload in pieces takes several
	// requests, one after another: with an object of 10 MiB, for twice the time.
	maxWhole = 16 << 20
	// pieceSize is how many bytes of a larger object go at once.
	pieceSize = 8 << 20
	// minPiece is the least that a service takes as a piece that is not the last: S3 does not take less.
	minPiece = 5 << 20

	// chunkSize is what memory is taken in, as bytes arrive: a client that is slow occupies what it has sent.
	chunkSize = 64 << 10
	// maxBuffered bounds the bytes of all objects on their way to a service.
	maxBuffered = 128 << 20
	// maxWait is how long an object waits for memory. Its client is told to come again then.
	maxWait = 10 * time.Second
)

// Content is bytes in memory that are on their way to a service. A client that got its answer, or has given up, may read what it
// was to send for a moment more: it gets none of the bytes that come into the same memory then.
type Content struct {
	mu     sync.RWMutex // held, for reading, by ReadAt
	chunks []*chunk     // none once they are released
	size   int64
}

type chunk [chunkSize]byte

// NewContent makes content of bytes that do not come from a reader.
func NewContent(data []byte) *Content {
	c := &Content{size: int64(len(data))}
	for piece := range slices.Chunk(data, chunkSize) {
		next := new(chunk)
		copy(next[:], piece)
		c.chunks = append(c.chunks, next)
	}
	return c
}

// Size is the number of bytes.
func (c *Content) Size() int64 { return c.size }

// Reader reads the bytes from their beginning. There can be any number of readers.
func (c *Content) Reader() *io.SectionReader { return io.NewSectionReader(c, 0, c.size) }

// split takes off what goes after the first piece, if that is enough for a piece of its own, and returns it, else nil.
func (c *Content) split() (rest *Content) {
	if c.size < pieceSize+minPiece {
		return nil
	}
	const chunks = pieceSize / chunkSize
	rest = &Content{chunks: c.chunks[chunks:], size: c.size - pieceSize}
	c.chunks, c.size = c.chunks[:chunks:chunks], pieceSize
	return rest
}

// ReadAt implements io.ReaderAt.
func (c *Content) ReadAt(p []byte, offset int64) (n int, err error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for n < len(p) && offset < c.size {
		within := offset % chunkSize
		m := copy(p[n:], c.chunks[offset/chunkSize][within:min(chunkSize, within+c.size-offset)])
		n, offset = n+m, offset+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// buffers hold all content on its way.
//
// Invariant: who holds chunks and waits for more gives up after maxWait, so that those who hold all of them and wait for each
// other come to an end.
type buffers struct {
	room *semaphore.Weighted // chunks
	pool sync.Pool
}

func newBuffers() *buffers {
	return &buffers{
		room: semaphore.NewWeighted(maxBuffered / chunkSize),
		pool: sync.Pool{New: func() any { return new(chunk) }},
	}
}

// read reads up to so many bytes, which the caller releases, also with an error. It tells whether r has come to its end.
func (b *buffers) read(ctx context.Context, r io.Reader, limit int64) (c *Content, end bool, err error) {
	c = new(Content)
	for c.size < limit {
		if err := b.take(ctx, c.size < minPiece); err != nil {
			if c.size >= minPiece && ctx.Err() == nil {
				return c, false, nil // which is enough to make room by sending it
			}
			return c, false, err
		}
		next := b.pool.Get().(*chunk)
		c.chunks = append(c.chunks, next)
		for filled := 0; filled < chunkSize; {
			if err := ctx.Err(); err != nil {
				return c, false, err
			}
			n, err := r.Read(next[filled:])
			filled += n
			c.size += int64(n)
			if err == io.EOF {
				return c, true, nil
			} else if err != nil {
				return c, false, err
			}
		}
	}
	return c, false, nil
}

// take takes room for a chunk, and waits for it if it is wanted badly.
func (b *buffers) take(ctx context.Context, wait bool) error {
	if b.room.TryAcquire(1) {
		return nil
	}
	if wait {
		waiting, cancel := context.WithTimeout(ctx, maxWait)
		defer cancel()
		if b.room.Acquire(waiting, 1) == nil {
			return nil
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w: they occupy %d MiB", backends.ErrBusy, maxBuffered>>20)
}

// release gives back what a piece occupies.
func (b *buffers) release(c *Content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, chunk := range c.chunks {
		b.pool.Put(chunk)
	}
	b.room.Release(int64(len(c.chunks)))
	c.chunks, c.size = nil, 0
}
