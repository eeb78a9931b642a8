package adopt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/sortid"
)

// index puts blobs in the order in which objects are made of them: by bucket and key; of each key first the blobs that are no
// parts, then those of each upload by the numbers of the parts; and the older ones first. A backend yields them in another,
// and there may be more than memory holds.
//
// A record is a key of a database that is used for nothing else, and not again. It is, with an unsigned varint of its length
// before each text: bucket, key, upload; the part in two bytes; the id; the size as an unsigned varint; the content type to the
// end. An empty upload has the least length, so it comes first.
type index struct {
	dir string
	db  *pebble.DB
}

// openIndex makes an index in a folder.
func openIndex(dir string) (*index, error) {
	x := &index{dir: filepath.Join(dir, "index")}
	if err := os.RemoveAll(x.dir); err != nil { // of a run that was cut short
		return nil, err
	}
	var err error
	x.db, err = pebble.Open(x.dir, &pebble.Options{DisableWAL: true, Logger: quiet{}})
	if err != nil {
		return nil, fmt.Errorf("sort blobs by means of files in %s: %w", x.dir, err)
	}
	return x, nil
}

func (x *index) close() error { return errors.Join(x.db.Close(), os.RemoveAll(x.dir)) }

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
	return x.db.Set(append(record, l.ContentType...), nil, pebble.NoSync)
}

// sorted yields all blobs that were added.
func (x *index) sorted() iter.Seq2[backends.Labeled, error] {
	return func(yield func(backends.Labeled, error) bool) {
		records, err := x.db.NewIter(nil)
		if err != nil {
			yield(backends.Labeled{}, err)
			return
		}
		defer func() { _ = records.Close() }() // Error has what there is to tell
		for records.First(); records.Valid(); records.Next() {
			blob, err := decode(records.Key())
			if !yield(blob, err) || err != nil {
				return
			}
		}
		if err := records.Error(); err != nil {
			yield(backends.Labeled{}, err)
		}
	}
}

// quiet is a logger of Pebble that says nothing: errors are returned. One that it cannot go on after ends the process, and the next
// run begins anew.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("index of blobs: "+format, args...))
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
