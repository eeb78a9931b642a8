package storetest

import (
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// contents are all records of a store.
type contents struct {
	Position eventlog.Position
	Buckets  []*projections.Bucket
	Objects  []*projections.Object
	Versions []*projections.Version
	Uploads  []*projections.Upload
	Parts    []*projections.Part
	Shared   []int64
	Garbage  []projections.Garbage
}

// contents reads what there is of some buckets, uploads and blobs, and everything else.
func (s *suite) contents(buckets, uploads, blobs []string) contents {
	s.Helper()
	const many = 1 << 20
	all := projections.Scan{Limit: many}
	c := contents{Position: s.position(), Buckets: s.buckets("", many), Garbage: s.garbage(many)}
	for _, b := range buckets {
		c.Objects = append(c.Objects, s.objects(b, all)...)
		c.Versions = append(c.Versions, s.versions(b, all)...)
		c.Uploads = append(c.Uploads, s.uploads(b, all)...)
	}
	for _, u := range uploads {
		c.Parts = append(c.Parts, s.parts(u, 0, many)...)
	}
	for _, b := range blobs {
		c.Shared = append(c.Shared, s.shared(b))
	}
	return c
}
