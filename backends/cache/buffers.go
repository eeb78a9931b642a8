package cache

import (
	"sync"

	"github.com/bleepstore/bleepstore/internal/limit"
)

// maxBuffered is how many bytes the buffers of all readers may take. A reader that gets none reads from the backend behind,
// and what it reads is not kept.
const maxBuffered = 256 << 20

// bufferSizes are how many bytes of a piece the buffers have room for. A reader has one at a time, of the smallest size that
// does, so small blobs take little.
var bufferSizes = [...]int{4 << 10, 16 << 10, 64 << 10, 256 << 10, pieceSize}

// buffer holds what a file holds.
type buffer struct {
	file []byte
	size int // which of bufferSizes
}

// bytes are those of the piece, and the room for more of them.
func (b *buffer) bytes() []byte { return b.file[headerSize:] }

// buffers lends buffers.
type buffers struct {
	pools [len(bufferSizes)]sync.Pool
	usage limit.Usage
}

// get lends a buffer for n bytes of a piece, or nil where maxBuffered are lent; put takes it back.
func (b *buffers) get(n int) *buffer {
	size := 0
	for bufferSizes[size] < n {
		size++
	}
	if !b.usage.Take(int64(bufferSizes[size]), maxBuffered) {
		return nil
	}
	if pooled, ok := b.pools[size].Get().(*buffer); ok {
		return pooled
	}
	return &buffer{file: make([]byte, headerSize+bufferSizes[size]), size: size}
}

// put takes a buffer back, if it is one.
func (b *buffers) put(lent *buffer) {
	if lent != nil {
		b.pools[lent.size].Put(lent)
		b.usage.Give(int64(bufferSizes[lent.size]))
	}
}
