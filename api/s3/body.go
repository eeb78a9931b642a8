package s3

import (
	"crypto/md5"
	"encoding/base64"
	"io"

	"github.com/bleepstore/bleepstore/api"
)

// Sizes of bodies that are read into memory, in bytes.
const (
	maxConfiguration = 1 << 20
	maxKeyList       = 8 << 20 // 1,000 keys or 10,000 parts, with room for checksums and white space
)

// bodyReader reads a request's body and counts what goes by.
type bodyReader struct {
	from  io.Reader
	bytes int64
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.bytes += int64(n)
	return n, err
}

// content describes the request's body to the Service.
func (c *call) content() (api.Body, error) {
	body := api.Body{Reader: &c.body, Length: c.verified.Length}
	_, told := c.r.Header["Content-Length"] // net/http takes a request that does not tell for one without a body
	if !told && !c.verified.Chunked {
		return body, api.NewError(api.MissingContentLength)
	}
	if err := c.contentMD5(&body); err != nil {
		return body, err
	}
	return body, c.bodyChecksum(&body)
}

func (c *call) contentMD5(body *api.Body) error {
	if _, sent := c.r.Header["Content-Md5"]; !sent {
		return nil
	}
	value := c.header("Content-Md5")
	sum, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(sum) != md5.Size {
		return &api.Error{
			Code: api.InvalidDigest, Message: "The Content-MD5 you specified was invalid.",
			Details: []api.Detail{{Name: "Content-MD5", Value: value}},
		}
	}
	body.MD5 = sum
	return nil
}

// readDocument reads the document that body holds into v, whose XMLName says which one it must be. It is not read for
// those who may not ask for what it is about.
func (c *call) readDocument(v any, body api.Body, limit int64) error {
	if err := c.h.Service.Permit(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(body.Reader, limit+1))
	switch {
	case err != nil:
		return err
	case int64(len(data)) > limit:
		return api.NewError(api.MaxMessageLengthExceeded)
	}
	if err := body.Check(data); err != nil {
		return err
	}
	if len(data) == 0 {
		return api.NewError(api.MissingRequestBody)
	}
	return decodeXML(data, v)
}

// readConfiguration reads the body, which is a configuration, into v, whose XMLName says which one it must be.
func (c *call) readConfiguration(v any) error {
	body, err := c.content()
	if err != nil {
		return err
	}
	return c.readDocument(v, body, maxConfiguration)
}
