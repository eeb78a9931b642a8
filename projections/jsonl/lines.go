package jsonl

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/projections"
)

// kind is a kind of records, which have a file of their own.
type kind int

const (
	buckets kind = iota
	objects
	versions
	uploads // before parts: to delete an upload is to delete its parts, so what becomes of those has to come behind it
	parts
	shared
	garbage

	kinds // how many there are
)

var names = [kinds]string{"buckets", "objects", "versions", "uploads", "parts", "shared", "garbage"}

func (k kind) file() string { return names[k] + ".jsonl" }

// line is a line of a file. One of its members is set.
type line[Record, Key any] struct {
	Put    *Record `json:"put,omitzero"`
	Delete *Key    `json:"delete,omitzero"`
}

// What names a record that was deleted. Apart from partsKey they are changes, with the names that the members of records
// have. Garbage is named by all of it.
type (
	bucketKey struct {
		Name string `json:"name"`
	}
	objectKey struct {
		Bucket string `json:"bucket"`
		Key    string `json:"key"`
	}
	versionKey struct {
		Bucket  string `json:"bucket"`
		Key     string `json:"key"`
		Version string `json:"version"`
	}
	uploadKey struct {
		Bucket string `json:"bucket"`
		Key    string `json:"key"`
		ID     string `json:"id"`
	}
	partsKey struct { // all parts of the upload
		Upload string `json:"upload"`
	}
	sharedKey struct {
		Blob string `json:"blob"`
	}
)

type (
	bucketLine  = line[projections.Bucket, bucketKey]
	objectLine  = line[projections.Object, objectKey]
	versionLine = line[projections.Version, versionKey]
	uploadLine  = line[projections.Upload, uploadKey]
	partLine    = line[projections.Part, partsKey]
	sharedLine  = line[projections.SharedBlob, sharedKey]
	garbageLine = line[projections.Garbage, projections.Garbage]
)

// batch is what a commit appends to each of the files.
type batch [kinds]struct {
	text  bytes.Buffer // whole lines
	lines int64
}

func (b *batch) reset() {
	for k := range b {
		b[k].text.Reset()
		b[k].lines = 0
	}
}

// add adds the line, or lines, of a change.
func (b *batch) add(change projections.Change) error {
	switch c := change.(type) {
	case projections.PutBucket:
		return b.write(buckets, &bucketLine{Put: c.Bucket})
	case projections.DeleteBucket:
		return b.write(buckets, &bucketLine{Delete: (*bucketKey)(&c)})
	case projections.PutObject:
		return b.write(objects, &objectLine{Put: c.Object})
	case projections.DeleteObject:
		return b.write(objects, &objectLine{Delete: (*objectKey)(&c)})
	case projections.PutVersion:
		return b.write(versions, &versionLine{Put: c.Version})
	case projections.DeleteVersion:
		return b.write(versions, &versionLine{Delete: (*versionKey)(&c)})
	case projections.PutUpload:
		return b.write(uploads, &uploadLine{Put: c.Upload})
	case projections.DeleteUpload:
		if err := b.write(uploads, &uploadLine{Delete: (*uploadKey)(&c)}); err != nil {
			return err
		}
		return b.write(parts, &partLine{Delete: &partsKey{c.ID}})
	case projections.PutPart:
		return b.write(parts, &partLine{Put: c.Part})
	case projections.SetShared:
		if c.Count < 2 {
			return b.write(shared, &sharedLine{Delete: &sharedKey{c.Blob}})
		}
		return b.write(shared, &sharedLine{Put: (*projections.SharedBlob)(&c)})
	case projections.PutGarbage:
		return b.write(garbage, &garbageLine{Put: &c.Garbage})
	case projections.DeleteGarbage:
		return b.write(garbage, &garbageLine{Delete: &c.Garbage})
	default:
		return fmt.Errorf("unknown change %T", change)
	}
}

func (b *batch) write(k kind, line any) error {
	if err := json.MarshalWrite(&b[k].text, line); err != nil {
		return fmt.Errorf("encode a line of %s: %w", k.file(), err)
	}
	b[k].text.WriteByte('\n')
	b[k].lines++
	return nil
}

// parse returns the change that a line of a kind tells of, which is without its end.
func (k kind) parse(text []byte) (projections.Change, error) {
	switch k {
	case buckets:
		return parse(text,
			func(b *projections.Bucket) projections.Change { return projections.PutBucket{Bucket: b} },
			func(k *bucketKey) projections.Change { return projections.DeleteBucket(*k) })
	case objects:
		return parse(text,
			func(o *projections.Object) projections.Change { return projections.PutObject{Object: o} },
			func(k *objectKey) projections.Change { return projections.DeleteObject(*k) })
	case versions:
		return parse(text,
			func(v *projections.Version) projections.Change { return projections.PutVersion{Version: v} },
			func(k *versionKey) projections.Change { return projections.DeleteVersion(*k) })
	case uploads:
		return parse(text,
			func(u *projections.Upload) projections.Change { return projections.PutUpload{Upload: u} },
			func(k *uploadKey) projections.Change { return projections.DeleteUpload(*k) })
	case parts:
		// No upload is without a bucket, so none is deleted with these parts.
		return parse(text,
			func(p *projections.Part) projections.Change { return projections.PutPart{Part: p} },
			func(k *partsKey) projections.Change { return projections.DeleteUpload{ID: k.Upload} })
	case shared:
		return parse(text,
			func(s *projections.SharedBlob) projections.Change { return projections.SetShared(*s) },
			func(k *sharedKey) projections.Change { return projections.SetShared{Blob: k.Blob} })
	case garbage:
		return parse(text,
			func(g *projections.Garbage) projections.Change { return projections.PutGarbage{Garbage: *g} },
			func(g *projections.Garbage) projections.Change { return projections.DeleteGarbage{Garbage: *g} })
	}
	panic(fmt.Sprintf("kind %d", k))
}

func parse[Record, Key any](
	text []byte, put func(*Record) projections.Change, remove func(*Key) projections.Change,
) (projections.Change, error) {
	var l line[Record, Key]
	if err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	switch {
	case l.Put != nil && l.Delete == nil:
		return put(l.Put), nil
	case l.Put == nil && l.Delete != nil:
		return remove(l.Delete), nil
	}
	return nil, errors.New("it must either put a record or delete one")
}
