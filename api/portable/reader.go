package portable

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxRow bounds the JSON of a row, in bytes. That of an object of 10,000 parts has about 3 MiB.
const maxRow = 16 << 20

// document is metadata that is read. It is checked as a whole before anything is taken from it.
type document struct {
	envelope
	r     io.ReaderAt
	size  int64
	lists map[string]int64 // where the rows of each begin

	bytes   int64    // of all objects and parts
	unknown []string // members that this program does not know
}

// readDocument reads a document once, to its end. An error says where it is not what it should be.
func readDocument(r io.ReaderAt, size int64) (*document, error) {
	d := &document{r: r, size: size, lists: make(map[string]int64)}
	limited := &rowReader{r: io.NewSectionReader(r, 0, size), left: maxRow}
	decoder := jsontext.NewDecoder(limited)
	if err := d.members(decoder, limited); err != nil {
		return nil, err
	}
	switch {
	case d.Version == 0:
		return nil, fmt.Errorf("it has no %q with a version, as every export has", envelopeMember)
	case d.Version != formVersion:
		return nil, fmt.Errorf("it is of version %d of the form, this program knows %d: use a newer one", d.Version, formVersion)
	}
	_, err := decoder.ReadToken()
	switch {
	case err == nil:
		return nil, fmt.Errorf("there is something behind its end, at byte %d", decoder.InputOffset())
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return d, nil
}

func (d *document) members(decoder *jsontext.Decoder, limited *rowReader) error {
	var order uploadOrder
	checks := map[string]func() error{
		bucketsMember:     func() error { return check(decoder, func(*bucketRow) error { return nil }) },
		credentialsMember: func() error { return check(decoder, func(*credentialRow) error { return nil }) },
		objectsMember:     func() error { return check(decoder, func(row *objectRow) error { return d.add(row.Size) }) },
		uploadsMember:     func() error { return check(decoder, order.upload) },
		partsMember: func() error {
			return check(decoder, func(row *partRow) error { return errors.Join(order.part(row), d.add(row.Size)) })
		},
	}
	if err := begin(decoder, jsontext.KindBeginObject); err != nil {
		return err
	}
	for decoder.PeekKind() != jsontext.KindEndObject {
		name, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		member := name.String()
		limited.left = maxRow
		switch list, known := checks[member]; {
		case member == envelopeMember:
			err = json.UnmarshalDecode(decoder, &d.envelope)
		case known:
			if err = begin(decoder, jsontext.KindBeginArray); err == nil {
				d.lists[member] = decoder.InputOffset()
				for decoder.PeekKind() != jsontext.KindEndArray && err == nil {
					limited.left = maxRow
					err = list()
				}
			}
			if err == nil {
				_, err = decoder.ReadToken()
			}
		default:
			d.unknown = append(d.unknown, member)
			err = decoder.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := decoder.ReadToken()
	return err
}

// begin reads the beginning of an object or an array.
func begin(decoder *jsontext.Decoder, kind jsontext.Kind) error {
	token, err := decoder.ReadToken()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && token.Kind() != kind {
		err = fmt.Errorf("at %q, before byte %d, there is %v instead of %v", decoder.StackPointer(), decoder.InputOffset(), token.Kind(), kind)
	}
	return err
}

// check reads a row, and checks it.
func check[T any](decoder *jsontext.Decoder, more func(*T) error) error {
	row := new(T)
	if err := json.UnmarshalDecode(decoder, row); err != nil {
		return err
	}
	if err := more(row); err != nil {
		return fmt.Errorf("at %q, before byte %d: %w", decoder.StackPointer(), decoder.InputOffset(), err)
	}
	return nil
}

func (d *document) add(size int64) error {
	if size < 0 || d.bytes+size < d.bytes {
		return fmt.Errorf("there cannot be %d bytes", size)
	}
	d.bytes += size
	return nil
}

// uploadOrder checks that uploads and parts come in the order of their ids, so that each part's upload is found by reading
// both at once.
type uploadOrder struct {
	lastUpload string
	lastPart   string // id of its upload
}

func (o *uploadOrder) upload(row *uploadRow) error {
	if row.UploadID <= o.lastUpload {
		return fmt.Errorf("upload %q follows %q: sort %s by upload_id, in which each is there once", row.UploadID, o.lastUpload, uploadsMember)
	}
	o.lastUpload = row.UploadID
	return nil
}

func (o *uploadOrder) part(row *partRow) error {
	if row.UploadID < o.lastPart {
		return fmt.Errorf("a part of upload %q follows one of %q: sort %s by upload_id", row.UploadID, o.lastPart, partsMember)
	}
	o.lastPart = row.UploadID
	return nil
}

// rows yields the rows of a list; none if the document does not have it. An error ends it.
func rows[T any](d *document, list string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		offset, ok := d.lists[list]
		if !ok {
			return
		}
		limited := &rowReader{r: io.MultiReader(strings.NewReader("["), io.NewSectionReader(d.r, offset, d.size-offset)), left: maxRow}
		decoder := jsontext.NewDecoder(limited)
		err := begin(decoder, jsontext.KindBeginArray)
		for err == nil && decoder.PeekKind() != jsontext.KindEndArray {
			limited.left = maxRow
			row := new(T)
			if err = json.UnmarshalDecode(decoder, row); err == nil && !yield(row, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, fmt.Errorf("read %s again: %w", list, err))
		}
	}
}

// rowReader bounds how much is read for one row, which is in memory.
type rowReader struct {
	r    io.Reader
	left int64
}

func (r *rowReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, fmt.Errorf("a row or a member has more than %d bytes", maxRow)
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}
