package cache

import (
	"errors"
	"fmt"
	"io"

	"github.com/bleepstore/bleepstore/backends"
)

// run reads a run of pieces from the backend behind, and keeps them as it goes. It is a source of a reader.
//
// The bytes go through a buffer that holds the piece from its beginning. They are read from there as soon as they have come
// in, and the piece is kept when it has been read: at its end, or as far as it has come in when the run is closed. What came
// in before an error of the backend behind is not trusted and not kept.
type run struct {
	pieces *store
	owner  *reader

	piece  piece // the one in the buffer
	buffer *buffer
	kept   int // how many of its bytes are in the folder already
	filled int // how many are in the buffer
	at     int // how many were read, or are not asked for; more than filled where the latter are still to come

	upstream io.ReadCloser
	left     int64   // bytes that upstream has yet to give
	err      error   // what upstream has come to; io.EOF at the end
	surplus  [1]byte // room to see that upstream is at its end
}

// Read implements io.Reader.
func (r *run) Read(p []byte) (int, error) {
	if err := r.fill(); err != nil {
		return 0, err
	}
	n := copy(p, r.buffer.bytes()[r.at:r.filled])
	r.at += n
	return n, nil
}

// WriteTo implements io.WriterTo.
func (r *run) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if err := r.fill(); err == io.EOF {
			return written, nil
		} else if err != nil {
			return written, err
		}
		n, err := w.Write(r.buffer.bytes()[r.at:r.filled])
		r.at += n
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

// fill waits until there is something to read in the buffer; io.EOF if nothing comes any more.
func (r *run) fill() error {
	for r.at >= r.filled {
		if r.filled == pieceSize && r.left > 0 {
			r.keep()
			r.piece.number++
			r.kept, r.filled, r.at = 0, 0, 0
		}
		if r.err != nil {
			return r.err
		}
		if r.left > 0 {
			r.receive()
		} else {
			r.expectEnd()
		}
	}
	return nil
}

// receive takes what upstream has got.
func (r *run) receive() {
	room := r.buffer.bytes()[r.filled:]
	n, err := r.upstream.Read(room[:min(int64(len(room)), r.left)])
	r.filled += n
	r.left -= int64(n)
	if err == io.EOF && r.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	r.come(err)
}

// expectEnd asks upstream for its last word, which may be that something was wrong.
func (r *run) expectEnd() {
	n, err := io.ReadFull(r.upstream, r.surplus[:])
	if n > 0 {
		err = errors.New("more bytes than were asked for")
	}
	r.come(err)
}

// come remembers what upstream has come to.
func (r *run) come(err error) {
	if err != nil && err != io.EOF {
		err = fmt.Errorf("fetch piece %s: %w", r.piece, err)
	}
	if errors.Is(err, backends.ErrChanged) {
		r.pieces.drop(r.piece.id) // some of it may have been kept before that was known
	}
	r.err = err
}

// keep puts the piece into the folder.
func (r *run) keep() {
	if (r.err == nil || r.err == io.EOF) && r.filled > r.kept {
		r.pieces.save(r.piece, r.buffer.file[:headerSize+r.filled], func() bool { return !r.owner.detached.Load() })
	}
}

// Close implements io.Closer.
func (r *run) Close() error {
	if r.left == 0 && r.err == nil {
		r.expectEnd()
	}
	err := r.upstream.Close()
	r.keep()
	r.pieces.buffers.put(r.buffer)
	return err
}
