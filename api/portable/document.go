package portable

import (
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// documentWriter writes the metadata row by row. The first error stays.
type documentWriter struct {
	encoder *jsontext.Encoder
	err     error
}

func newDocumentWriter(w io.Writer, e envelope) *documentWriter {
	d := &documentWriter{encoder: jsontext.NewEncoder(w, jsontext.WithIndent("  "))}
	d.token(jsontext.BeginObject)
	d.token(jsontext.String(envelopeMember))
	d.keep(json.MarshalEncode(d.encoder, &e))
	return d
}

// list writes a member, whose rows come from each. Members are to come in the order of their names.
func (d *documentWriter) list(name string, each func(add func(row any) error) error) error {
	d.token(jsontext.String(name))
	d.token(jsontext.BeginArray)
	if d.err != nil {
		return d.err
	}
	if err := each(d.row); err != nil {
		return err
	}
	d.token(jsontext.EndArray)
	return d.err
}

func (d *documentWriter) row(row any) error {
	value, err := encodeRow(row)
	if err == nil {
		err = d.encoder.WriteValue(value)
	}
	d.keep(err)
	return d.err
}

// end ends the document.
func (d *documentWriter) end() error {
	d.token(jsontext.EndObject)
	return d.err
}

func (d *documentWriter) token(t jsontext.Token) { d.keep(d.encoder.WriteToken(t)) }

func (d *documentWriter) keep(err error) {
	if d.err == nil {
		d.err = err
	}
}
