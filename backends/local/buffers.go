package local

import (
	"bufio"
	"fmt"
	"io"
	"sync"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/limit"
)

// What blobs on their way may occupy, whether they still come in or wait for the disk. A blob that comes when there is no
// room for it is refused at once: it would wait for longer than its client, and the memory of those that wait is what a
// server dies of whose disk is slow.
const (
	maxBuffered = 128 << 20 // bytes of buffers, with putOverhead for each blob
	maxLarge    = 512       // large blobs, which also occupy buffers of their readers, files and perhaps system calls

	putOverhead = 16 << 10 // bytes that a blob occupies somewhere else: for its request, its connection and its goroutine
)

const (
	// shortBuffer is the size in bytes of the buffer that each blob begins with, in which most of the small ones end.
	shortBuffer = 16 << 10
	// longBuffer is enough to see whether a blob is small, and to write a large one in pieces that are worth a system call.
	longBuffer = 2 * smallLimit
)

// buffers are buffers of one size, each of which counts for what it costs.
type buffers struct {
	pool  sync.Pool
	cost  int64
	usage *limit.Usage
}

func newBuffers(size int, cost int64, usage *limit.Usage) *buffers {
	return &buffers{cost: cost, usage: usage, pool: sync.Pool{New: func() any { return bufio.NewReaderSize(nil, size) }}}
}

// get returns a buffer that reads from r; put takes it back. It gives backends.ErrBusy when there is no room for it.
func (b *buffers) get(r io.Reader) (*bufio.Reader, error) {
	if !b.usage.Take(b.cost, maxBuffered) {
		return nil, fmt.Errorf("%w: they occupy %d MiB", backends.ErrBusy, maxBuffered>>20)
	}
	buffer := b.pool.Get().(*bufio.Reader)
	buffer.Reset(r)
	return buffer, nil
}

func (b *buffers) put(buffer *bufio.Reader) {
	buffer.Reset(nil)
	b.pool.Put(buffer)
	b.usage.Give(b.cost)
}
