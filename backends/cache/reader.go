package cache

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/bleepstore/bleepstore/backends"
)

var _ backends.Rejecter = (*reader)(nil)

// reader reads a range of a blob from pieces and from the backend behind, one source behind the other.
type reader struct {
	cache *Backend
	ctx   context.Context // of the Get that it answers
	id    backends.ID
	end   int64 // where in the blob the range ends

	current io.ReadCloser // nil before the first source and behind the last
	err     error         // what reading has come to, for good; io.EOF at the end

	detached atomic.Bool // the blob is about to be deleted: no piece is opened or kept any more

	mu     sync.Mutex    // held to open a source, by who reads or who deletes
	next   int64         // where current ends, and the next source begins
	rest   io.ReadCloser // what Delete has opened: all from next on
	closed bool
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for r.err == nil {
		n, err := r.current.Read(p)
		if err == io.EOF {
			err = r.advance()
		}
		r.err = err
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, r.err
}

// WriteTo implements io.WriterTo.
func (r *reader) WriteTo(w io.Writer) (written int64, err error) {
	for r.err == nil {
		var n int64
		n, r.err = io.Copy(w, r.current)
		written += n
		if r.err == nil {
			r.err = r.advance()
		}
	}
	if r.err == io.EOF {
		return written, nil
	}
	return written, r.err
}

// advance goes on to the next source; io.EOF if there is none.
func (r *reader) advance() error {
	if err := r.closeCurrent(); err != nil { // first, as it gives the buffer back
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.next == r.end:
		return io.EOF
	case r.rest != nil:
		r.current, r.rest, r.next = r.rest, nil, r.end
		return nil
	}
	current, until, err := r.cache.open(r)
	if err == nil {
		r.current, r.next = current, until
	}
	return err
}

func (r *reader) closeCurrent() error {
	current := r.current
	if r.current = nil; current == nil {
		return nil
	}
	return current.Close()
}

// detach makes a reader independent of the cache, and of what happens to its blob from now on.
func (r *reader) detach() error {
	r.detached.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.rest != nil || r.next == r.end {
		return nil
	}
	rest, err := r.cache.fetch(r, r.next, r.end)
	switch {
	case err == nil:
		r.rest = rest
	case r.ctx.Err() != nil, errors.Is(err, backends.ErrNotFound):
		err = nil // it would not come further in any case
	}
	return err
}

// Reject implements backends.Rejecter.
func (r *reader) Reject() { r.cache.pieces.drop(r.id) }

// Close implements io.Closer.
func (r *reader) Close() error {
	r.mu.Lock()
	closed, rest := r.closed, r.rest
	r.closed, r.rest = true, nil
	r.mu.Unlock()
	if closed {
		return nil
	}
	err := r.closeCurrent()
	if r.err == nil {
		r.err = errors.New("read of a closed reader")
	}
	if rest != nil {
		err = errors.Join(err, rest.Close())
	}
	r.cache.readers.remove(r)
	return err
}
