package s3

import (
	"io"
	"net/http"
	"strconv"
)

// response is the way to the client. It counts what is sent.
type response struct {
	http.ResponseWriter
	status  int   // 0 until the header is sent
	bytes   int64 // of the body
	failure bool  // the answer is an error, sent as such
}

func (w *response) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets files go to the socket by sendfile.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseWriter, r)
	w.bytes += n
	return n, err
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
