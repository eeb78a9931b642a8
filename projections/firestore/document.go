package firestore

import (
	"encoding/base64"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// rowsCollection is the id of each subcollection of rows. It is the same for all servers that share a database, so that one
// exemption from indexing is for all of them.
const rowsCollection = "bleepstore-rows"

// The fields of a document.
const (
	sortField   = "sort"   // the sort key: what is scanned is in the order of it, which for text is that of its UTF-8
	commitField = "commit" // integer
	recordField = "record" // text
)

// partition is the resource name of the document under which a partition's rows are. There is no such document, and need not
// be. No partition has a colon in its name, so each has an id of its own, and with one in front none is a reserved id.
func (p place) partition(partition string) string {
	id := strings.ReplaceAll("/"+partition, "/", ":")
	return p.name() + "/documents/" + p.collection + "/" + id
}

// document is the resource name of a row's document. Its id is the sort key in base64, 1,366 bytes at most. That it is no
// reserved id is because two underscores in front stand for a byte that no UTF-8 has.
func (p place) document(key rows.Key) string {
	return p.partition(key.Partition) + "/" + rowsCollection + "/" + base64.RawURLEncoding.EncodeToString([]byte(key.Sort))
}

// encode makes the document of a row.
func (p place) encode(r rows.Row) *firestorepb.Document {
	return &firestorepb.Document{
		Name: p.document(r.Key),
		Fields: map[string]*firestorepb.Value{
			sortField:   text(r.Sort),
			commitField: {ValueType: &firestorepb.Value_IntegerValue{IntegerValue: int64(r.Commit)}},
			recordField: text(r.Record),
		},
	}
}

// decode makes the row of a document that is in a partition.
func decode(partition string, d *firestorepb.Document) (*rows.Row, error) {
	sort, isText := d.Fields[sortField].GetValueType().(*firestorepb.Value_StringValue)
	commit, isInteger := d.Fields[commitField].GetValueType().(*firestorepb.Value_IntegerValue)
	record, isRecord := d.Fields[recordField].GetValueType().(*firestorepb.Value_StringValue)
	if !isText || !isInteger || !isRecord {
		return nil, fmt.Errorf("%s is not a row of BleepStore: it needs the text %s, the integer %s and the text %s",
			d.Name, sortField, commitField, recordField)
	}
	return &rows.Row{
		Key:    rows.Key{Partition: partition, Sort: sort.StringValue},
		Commit: uint64(commit.IntegerValue), Record: record.StringValue,
	}, nil
}

func text(s string) *firestorepb.Value {
	return &firestorepb.Value{ValueType: &firestorepb.Value_StringValue{StringValue: s}}
}
