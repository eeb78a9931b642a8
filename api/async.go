package api

import (
	"io"
	"sync"
)

const (
	asyncBuffer  = 64 << 10 // bytes
	asyncBuffers = 4        // that may be under way to one writer
)

var asyncPool = sync.Pool{New: func() any { return new([asyncBuffer]byte) }}

// asyncWriter copies what it is given and hands it to a writer in a goroutine of its own. It holds back whoever writes
// faster than that, so its memory is bounded. The writer must not fail.
type asyncWriter struct {
	buffer  *[asyncBuffer]byte // being filled
	length  int
	pending chan pendingWrite
	done    chan struct{}
}

type pendingWrite struct {
	buffer *[asyncBuffer]byte
	length int
}

// newAsyncWriter starts the goroutine; close ends it.
func newAsyncWriter(w io.Writer) *asyncWriter {
	a := &asyncWriter{pending: make(chan pendingWrite, asyncBuffers), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		for p := range a.pending {
			_, _ = w.Write(p.buffer[:p.length])
			asyncPool.Put(p.buffer)
		}
	}()
	return a
}

func (a *asyncWriter) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		if a.buffer == nil {
			a.buffer = asyncPool.Get().(*[asyncBuffer]byte)
		}
		n := copy(a.buffer[a.length:], p)
		p = p[n:]
		if a.length += n; a.length == asyncBuffer {
			a.flush()
		}
	}
	return written, nil
}

func (a *asyncWriter) flush() {
	a.pending <- pendingWrite{a.buffer, a.length}
	a.buffer, a.length = nil, 0
}

// close returns when everything has been written.
func (a *asyncWriter) close() {
	if a.length > 0 {
		a.flush()
	}
	close(a.pending)
	<-a.done
}
