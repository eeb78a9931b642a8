package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"github.com/bleepstore/bleepstore/api"
)

// Limits of documents, beside that of their size. No document that S3 knows comes near them.
const (
	maxDepth = 32       // of elements in one another
	maxToken = 64 << 10 // bytes of a tag with its attributes, or of a text
)

// decodeXML reads the one document that data must be into v.
func decodeXML(data []byte, v any) error {
	decoder := xml.NewTokenDecoder(newTokens(data))
	err := decoder.Decode(v)
	if err == nil {
		err = readEnd(decoder)
	}
	if err != nil {
		malformed := api.NewError(api.MalformedXML)
		malformed.Cause = err
		return malformed
	}
	return nil
}

// readEnd reads what is behind a document, which may be comments and white space.
func readEnd(decoder *xml.Decoder) error {
	for {
		token, err := decoder.Token()
		switch t := token.(type) {
		case nil:
			if err == io.EOF {
				return nil
			}
			return err
		case xml.Comment, xml.ProcInst:
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return errors.New("text behind the document")
			}
		default:
			return errors.New("elements behind the document")
		}
	}
}

// tokens reads the tokens of a document for an xml.Decoder, which checks how they go together. By itself that has no limit
// to what is open or has attributes: 8 MiB of "<a>" were seen to hold 266 MiB of memory.
type tokens struct {
	raw   *xml.Decoder
	data  bytes.Reader
	left  int // bytes that the token under way may still take
	depth int
}

func newTokens(data []byte) *tokens {
	t := new(tokens)
	t.data.Reset(data)
	t.raw = xml.NewDecoder(t)
	return t
}

// Token implements xml.TokenReader.
func (t *tokens) Token() (xml.Token, error) {
	t.left = maxToken
	token, err := t.raw.RawToken()
	switch token.(type) {
	case xml.StartElement:
		if t.depth++; t.depth > maxDepth {
			return nil, errors.New("too many elements in one another")
		}
	case xml.EndElement:
		t.depth--
	}
	return token, err
}

// ReadByte implements io.ByteReader, which is how an xml.Decoder reads.
func (t *tokens) ReadByte() (byte, error) {
	if t.left--; t.left < 0 {
		return 0, errors.New("a token is too long")
	}
	return t.data.ReadByte()
}

// Read implements io.Reader. An xml.Decoder does not use it beside ReadByte.
func (t *tokens) Read(p []byte) (int, error) { return t.data.Read(p) }
