package adopt

import (
	"encoding/binary"
	"errors"
	"iter"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/internal/spill"
)

// index puts blobs in the order in which objects are made of them: by bucket and key; of each key first the blobs that are no
// parts, then those of each upload by the numbers of the parts; and the older ones first. A backend yields them in another.
//
// A record is, with an unsigned varint of its length before each text: bucket, key, upload; the part in two bytes; the id;
// the size as an unsigned varint; the content type to the end. An empty upload has the least length, so it comes first.
type index struct{ sorter *spill.Sorter }

func newIndex(dir string) *index { return &index{spill.New(dir)} }

func (x *index) close() error { return x.sorter.Close() }

func (x *index) add(blob backends.Labeled) error {
	l := blob.Label
	record := make([]byte, 0, 3*binary.MaxVarintLen32+len(l.Bucket)+len(l.Key)+len(l.Upload)+2+sortid.Len+binary.MaxVarintLen64+len(l.ContentType))
	for _, text := range []string{l.Bucket, l.Key, l.Upload} {
		record = binary.AppendUvarint(record, uint64(len(text)))
		record = append(record, text...)
	}
	record = binary.BigEndian.AppendUint16(record, uint16(l.Part))
	record = append(record, blob.ID...)
	record = binary.AppendUvarint(record, uint64(blob.Size))
	return x.sorter.Add(append(record, l.ContentType...))
}

// sorted yields all blobs that were added.
func (x *index) sorted() iter.Seq2[backends.Labeled, error] {
	return func(yield func(backends.Labeled, error) bool) {
		for record, err := range x.sorter.Sorted() {
			var blob backends.Labeled
			if err == nil {
				blob, err = decode(record)
			}
			if !yield(blob, err) || err != nil {
				return
			}
		}
	}
}

var errRecord = errors.New("what was written to a temporary file is not what is read from it")

func decode(record []byte) (blob backends.Labeled, err error) {
	for _, text := range []*string{&blob.Label.Bucket, &blob.Label.Key, &blob.Label.Upload} {
		size, n := binary.Uvarint(record)
		if n <= 0 || uint64(len(record)-n) < size {
			return blob, errRecord
		}
		*text, record = string(record[n:n+int(size)]), record[n+int(size):]
	}
	if len(record) < 2+sortid.Len {
		return blob, errRecord
	}
	blob.Label.Part = int(binary.BigEndian.Uint16(record))
	blob.ID = backends.ID(record[2 : 2+sortid.Len])
	size, n := binary.Uvarint(record[2+sortid.Len:])
	if n <= 0 {
		return blob, errRecord
	}
	blob.Size, blob.Label.ContentType = int64(size), string(record[2+sortid.Len+n:])
	return blob, nil
}
