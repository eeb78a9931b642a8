package projections

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"time"
)

// Difference is a record that two stores do not both have, or not alike.
type Difference struct {
	Record      string // which one, for people
	Left, Right Change // the change that writes it; nil where it is missing
}

func (d Difference) String() string {
	switch {
	case d.Left == nil:
		return d.Record + " is only in the second"
	case d.Right == nil:
		return d.Record + " is only in the first"
	}
	return d.Record + " differs"
}

// Compare passes each record that is not alike in two stores, in their order, to differ, until that returns false. The
// records should be Snapshots, of one position.
func Compare(ctx context.Context, left, right Records, differ func(Difference) bool) error {
	l, r := newCursor(ctx, left), newCursor(ctx, right)
	defer l.stop()
	defer r.stop()
	l.advance()
	r.advance()
	for l.err == nil && r.err == nil && (l.change != nil || r.change != nil) {
		d := Difference{Record: l.place.String(), Left: l.change, Right: r.change}
		switch order := compareCursors(l, r); {
		case order < 0:
			d.Right = nil
		case order > 0:
			d.Left, d.Record = nil, r.place.String()
		case reflect.DeepEqual(l.change, r.change):
			l.advance()
			r.advance()
			continue
		}
		if !differ(d) {
			return nil
		}
		if d.Left != nil {
			l.advance()
		}
		if d.Right != nil {
			r.advance()
		}
	}
	return cmp.Or(l.err, r.err)
}

// compareCursors compares the places of two cursors; the end is behind everything.
func compareCursors(l, r *cursor) int {
	switch {
	case l.change == nil:
		return 1
	case r.change == nil:
		return -1
	}
	return l.place.compare(r.place)
}

// cursor goes through the records of a store.
type cursor struct {
	next   func() (Change, error, bool)
	stop   func()
	change Change // nil at the end
	place  place  // of change
	err    error
}

func newCursor(ctx context.Context, records Records) *cursor {
	c := new(cursor)
	c.next, c.stop = iter.Pull2(Each(ctx, records))
	return c
}

func (c *cursor) advance() {
	c.change, c.err, _ = c.next()
	if c.change != nil {
		c.place = placeOf(c.change, c.place)
	}
}

// The kinds of records, in the order in which Each yields those of a bucket, and then those of none.
const (
	kindBucket = iota
	kindObject
	kindVersion
	kindUpload
	kindShared
	kindGarbage
)

// place is where Each yields a record.
type place struct {
	kind        int
	bucket, key string
	id          string // of a version, an upload, or a blob
	part        int
	since       time.Time
}

// placeOf is the place of the record that a change writes, behind the one before.
func placeOf(change Change, before place) place {
	switch c := change.(type) {
	case PutBucket:
		return place{kind: kindBucket, bucket: c.Bucket.Name}
	case PutObject:
		return place{kind: kindObject, bucket: c.Object.Bucket, key: c.Object.Key}
	case PutVersion:
		return place{kind: kindVersion, bucket: c.Version.Bucket, key: c.Version.Key, id: c.Version.Version}
	case PutUpload:
		return place{kind: kindUpload, bucket: c.Upload.Bucket, key: c.Upload.Key, id: c.Upload.ID}
	case PutPart: // which follows its upload
		before.part = c.Part.Number
		return before
	case SetShared:
		return place{kind: kindShared, id: c.Blob}
	case PutGarbage:
		return place{kind: kindGarbage, id: c.Garbage.ID, since: c.Garbage.Since}
	}
	panic(fmt.Sprintf("no record is written by %T", change))
}

func (p place) compare(q place) int {
	if p.kind >= kindShared || q.kind >= kindShared {
		return cmp.Or(cmp.Compare(p.kind, q.kind), p.since.Compare(q.since), strings.Compare(p.id, q.id))
	}
	byID := strings.Compare(p.id, q.id)
	if p.kind == kindVersion {
		byID = -byID // the newest first
	}
	return cmp.Or(strings.Compare(p.bucket, q.bucket), cmp.Compare(p.kind, q.kind), strings.Compare(p.key, q.key), byID,
		cmp.Compare(p.part, q.part))
}

func (p place) String() string {
	switch p.kind {
	case kindBucket:
		return fmt.Sprintf("bucket %s", p.bucket)
	case kindObject:
		return fmt.Sprintf("object %q in bucket %s", p.key, p.bucket)
	case kindVersion:
		return fmt.Sprintf("version %s of %q in bucket %s", p.id, p.key, p.bucket)
	case kindUpload:
		if p.part > 0 {
			return fmt.Sprintf("part %d of upload %s", p.part, p.id)
		}
		return fmt.Sprintf("upload %s of %q in bucket %s", p.id, p.key, p.bucket)
	case kindShared:
		return fmt.Sprintf("count of blob %s", p.id)
	default:
		return fmt.Sprintf("garbage %s", p.id)
	}
}
