package sigv4

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// trailerSignature is the header that signs a trailer and is no part of it.
const trailerSignature = "x-amz-trailer-signature"

// maxTrailers bounds the headers of a trailer, whose lines are bounded by maxLine.
const maxTrailers = 16

// readTrailer reads all that follows the last chunk, up to the end of the body: exactly the headers that were announced.
// It returns io.EOF when they hold.
func (c *chunkedReader) readTrailer() error {
	var (
		headers   = map[string]string{}
		signature string
	)
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := strings.Cut(string(line), ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		_, again := headers[name]
		switch {
		case !ok || again || !c.trailing || signature != "" || len(headers) == maxTrailers:
			return api.NewError(api.MalformedTrailer)
		case name == trailerSignature && c.signer != nil:
			signature = value
		case !slices.Contains(c.announced, name):
			return api.NewError(api.MalformedTrailer)
		default:
			headers[name] = value
		}
	}
	for _, name := range c.announced {
		if _, ok := headers[name]; !ok {
			return api.NewError(api.MalformedTrailer)
		}
	}
	if c.trailing && c.signer != nil {
		if err := c.signer.checkTrailer(headers, signature); err != nil {
			return err
		}
	}
	switch _, err := c.in.ReadByte(); err {
	case nil:
		return errTruncated(nil)
	case io.EOF:
	default:
		return truncated(err)
	}
	*c.deliver = make(http.Header, len(headers))
	for name, value := range headers {
		c.deliver.Set(name, value)
	}
	return io.EOF
}
