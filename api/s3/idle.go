package s3

import (
	"io"
	"net/http"
	"time"
)

// defaultIdleTimeout is longer than what a client that is there needs to go on after a hiccup.
const defaultIdleTimeout = time.Minute

// deadline is that of reads or of writes on a connection. It moves on while bytes go by, so a client may be slow, but may
// not hold a goroutine and a half-written blob for ever. Nobody needs to clear it: at the end of a request body net/http
// clears the deadline for reads, and at the end of an answer the one for writes.
type deadline struct {
	set     func(time.Time) error // fails where there is no connection, as in tests, and then nothing can stall
	timeout time.Duration
	moved   time.Time // when it was last set
}

// move gives the client the whole timeout from now. Most calls come so soon after another that they do nothing.
func (d *deadline) move() {
	if now := time.Now(); now.Sub(d.moved) >= d.timeout/60 {
		d.moved = now
		_ = d.set(now.Add(d.timeout))
	}
}

// idleBody is the body of a request whose client must go on sending.
type idleBody struct {
	io.ReadCloser
	deadline deadline
	ended    bool
}

// watchBody makes reads of the request's body fail with os.ErrDeadlineExceeded when nothing comes for a time. The deadline
// runs from the start, because net/http reads what the operation leaves.
func (c *call) watchBody() {
	if c.r.Body == http.NoBody {
		return
	}
	control := http.NewResponseController(c.w.ResponseWriter)
	body := &idleBody{ReadCloser: c.r.Body, deadline: deadline{set: control.SetReadDeadline, timeout: c.h.IdleTimeout}}
	body.deadline.move()
	c.r = c.r.WithContext(c.r.Context()) // a copy: net/http looks at the Body that it made
	c.r.Body = body
}

// Read implements io.Reader. Behind the end of the body it leaves the deadline alone: net/http then waits there for the
// client to hang up, and would take the deadline for that.
func (b *idleBody) Read(p []byte) (int, error) {
	if !b.ended {
		b.deadline.move()
	}
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}
