// Package idle ends requests whose clients stop sending or receiving. A client may be slow, but may not hold a goroutine, and
// what the request has begun, for ever.
package idle

import (
	"io"
	"net/http"
	"time"
)

// Deadline is that of reads of a request's body, or of writes of its answer. It moves on while bytes go by.
//
// With HTTP/1.1 it is one of the connection, and ends a read or a write that takes too long. Nobody needs to clear it: at the
// end of a request body net/http clears the deadline for reads, and at the end of an answer the one for writes.
//
// With HTTP/2 it ends the body, or the whole stream, when it passes, also if nobody was reading or writing then. So there it
// is cleared while the client is not waited for.
type Deadline struct {
	set     func(time.Time) error // fails where there is no connection, as in tests, and then nothing can stall
	timeout time.Duration
	streams bool      // HTTP/2
	moved   time.Time // when it was last set; zero if it is not
}

// Reads makes the deadline of reads of a request's body.
func Reads(w http.ResponseWriter, r *http.Request, timeout time.Duration) Deadline {
	return Deadline{set: http.NewResponseController(w).SetReadDeadline, timeout: timeout, streams: r.ProtoMajor > 1}
}

// Writes makes the deadline of writes of an answer.
func Writes(w http.ResponseWriter, r *http.Request, timeout time.Duration) Deadline {
	return Deadline{set: http.NewResponseController(w).SetWriteDeadline, timeout: timeout, streams: r.ProtoMajor > 1}
}

// Move gives the client the whole timeout from now. It precedes each read or write, and for writes the end of the handler, after
// which net/http writes what is left. Most calls come so soon after another that they do nothing.
func (d *Deadline) Move() {
	if now := time.Now(); now.Sub(d.moved) >= d.timeout/60 {
		d.moved = now
		_ = d.set(now.Add(d.timeout))
	}
}

// Rest says that the client is not waited for. It follows each read or write.
func (d *Deadline) Rest() {
	if d.streams {
		d.moved = time.Time{}
		_ = d.set(time.Time{})
	}
}

// body is the body of a request whose client must go on sending.
type body struct {
	io.ReadCloser
	deadline Deadline
	ended    bool
}

// Body returns the body of a request that has one, whose reads fail with os.ErrDeadlineExceeded when nothing comes for as long as timeout.
func Body(w http.ResponseWriter, r *http.Request, timeout time.Duration) io.ReadCloser {
	b := &body{ReadCloser: r.Body, deadline: Reads(w, r, timeout)}
	if !b.deadline.streams {
		b.deadline.Move() // because net/http reads what the handler leaves
	}
	return b
}

// Read implements io.Reader. Behind the end of the body it leaves the deadline alone: net/http then waits there for the
// client to hang up, and would take the deadline for that.
func (b *body) Read(p []byte) (int, error) {
	if b.ended {
		return b.ReadCloser.Read(p)
	}
	b.deadline.Move()
	n, err := b.ReadCloser.Read(p)
	b.ended = err != nil
	if !b.ended {
		b.deadline.Rest()
	}
	return n, err
}

// writer is an answer whose client must go on receiving.
type writer struct {
	http.ResponseWriter
	deadline Deadline
}

// Handler returns a handler that ends answers of next whose client receives nothing for as long as timeout. It has no need of
// the timeout while next writes nothing.
func Handler(next http.Handler, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writer := &writer{ResponseWriter: w, deadline: Writes(w, r, timeout)}
		defer writer.deadline.Move()
		next.ServeHTTP(writer, r)
	})
}

func (w *writer) Write(p []byte) (int, error) {
	w.deadline.Move()
	defer w.deadline.Rest()
	return w.ResponseWriter.Write(p)
}

// FlushError implements what http.ResponseController calls.
func (w *writer) FlushError() error {
	w.deadline.Move()
	defer w.deadline.Rest()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
