package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// bodyError gives an error of reading a request's body its place among S3's. io.EOF stays io.EOF.
//
// Whatever else net/http reports, a connection reset or HTTP chunks that make no sense, means that the body has not come
// whole.
func bodyError(err error) error {
	if err == nil || err == io.EOF || errors.Is(err, http.ErrBodyReadAfterClose) {
		return err
	}
	code := api.IncompleteBody
	if errors.Is(err, os.ErrDeadlineExceeded) {
		code = api.RequestTimeout
	}
	e := api.NewError(code)
	e.Cause = err
	return e
}

// plainReader reads a body that nothing protects.
type plainReader struct{ source io.Reader }

func (p *plainReader) Read(b []byte) (int, error) {
	n, err := p.source.Read(b)
	return n, bodyError(err)
}

// hashedReader reads a body whose SHA-256 has been signed. The last piece is withheld if the hash is another.
type hashedReader struct {
	source io.Reader
	hash   hash.Hash
	want   string // hex
	left   int64  // until the end, negative when unknown
	err    error  // what all further reads return
}

func newHashedReader(source io.Reader, want string, length int64) *hashedReader {
	return &hashedReader{source: source, hash: sha256.New(), want: want, left: length}
}

func (h *hashedReader) Read(b []byte) (int, error) {
	if h.err != nil {
		return 0, h.err
	}
	n, err := h.source.Read(b)
	h.hash.Write(b[:n])
	if h.left >= 0 {
		h.left -= int64(n)
	}
	if err != io.EOF && h.left != 0 {
		h.err = bodyError(err)
		return n, h.err
	}
	if h.err = h.verify(); h.err != io.EOF {
		return 0, h.err
	}
	return n, io.EOF
}

func (h *hashedReader) verify() error {
	got := hex.EncodeToString(h.hash.Sum(nil))
	if strings.EqualFold(got, h.want) {
		return io.EOF
	}
	return api.NewError(api.XAmzContentSHA256Mismatch,
		api.Detail{Name: "ClientComputedContentSHA256", Value: h.want},
		api.Detail{Name: "S3ComputedContentSHA256", Value: got})
}
