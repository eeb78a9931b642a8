package s3

import (
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/internal/idle"
)

// response is the way to the client. It counts what is sent.
type response struct {
	http.ResponseWriter
	status  int       // 0 until the header is sent
	sent    time.Time // when the header was
	bytes   int64     // of the body
	failure bool      // the answer is an error, sent as such

	deadline idle.Deadline // of writes
}

// pieceSize is how many bytes are written under one deadline.
const pieceSize = 512 << 10

func newResponse(w http.ResponseWriter, r *http.Request, timeout time.Duration) response {
	return response{ResponseWriter: w, deadline: idle.Writes(w, r, timeout)}
}

func (w *response) WriteHeader(status int) {
	w.status, w.sent = status, time.Now()
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(p, pieceSize) {
		w.deadline.Move()
		n, err := w.ResponseWriter.Write(piece)
		w.deadline.Rest()
		written += n
		w.bytes += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// ReadFrom lets files go to the socket by sendfile, for which net wants a file in a single LimitedReader.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	source, ok := r.(*io.LimitedReader)
	if !ok {
		source = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	written := int64(0)
	for source.N > 0 {
		w.deadline.Move()
		piece := &io.LimitedReader{R: source.R, N: min(source.N, pieceSize)}
		n, err := io.Copy(w.ResponseWriter, piece)
		w.deadline.Rest()
		written += n
		w.bytes += n
		source.N -= n
		if err != nil || piece.N > 0 {
			return written, err
		}
	}
	return written, nil
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// empty answers without a body.
func (c *call) empty(status int) error {
	if status != http.StatusNoContent {
		c.w.Header()["Content-Length"] = []string{"0"}
	}
	c.w.WriteHeader(status)
	return nil
}

// xml answers with a document.
func (c *call) xml(status int, x *xmlWriter) {
	header := c.w.Header()
	header["Content-Type"] = xmlType
	header["Content-Length"] = []string{strconv.Itoa(len(x.b))}
	c.w.WriteHeader(status)
	_, _ = c.w.Write(x.b) // if that fails the client is gone, and nobody is there to tell
}

var xmlType = []string{"application/xml"}

// objectURL is the URL of the object, on the host that the client asked.
func (c *call) objectURL() string {
	location := "http://"
	if c.r.TLS != nil {
		location = "https://"
	}
	location += c.r.Host
	if api.HostBucket(c.r.Host, c.h.Domain) == "" {
		location += "/" + c.bucket
	}
	return location + "/" + url.PathEscape(c.key)
}
