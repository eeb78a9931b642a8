package memory

import (
	"iter"

	"github.com/tidwall/btree"

	"github.com/bleepstore/bleepstore/projections"
)

// Len is how many records the store holds.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.buckets.Len() + s.objects.Len() + s.versions.Len() + s.uploads.Len() + s.parts.Len() + s.shared.Len() +
		s.garbage.Len()
}

// All returns all records as they are now, each as the change that writes it. No later Apply changes what it yields, and
// it does not hold up any. Unlike projections.Each it has also those of a bucket or an upload that has no record itself.
func (s *Store) All() iter.Seq[projections.Change] {
	all := s.snapshot()
	return func(yield func(projections.Change) bool) {
		_ = scan(all.buckets, func(b *projections.Bucket) bool { return yield(projections.PutBucket{Bucket: b}) }) &&
			scan(all.objects, func(o *projections.Object) bool { return yield(projections.PutObject{Object: o}) }) &&
			scan(all.versions, func(v *projections.Version) bool { return yield(projections.PutVersion{Version: v}) }) &&
			scan(all.uploads, func(u *projections.Upload) bool { return yield(projections.PutUpload{Upload: u}) }) &&
			scan(all.parts, func(p *projections.Part) bool { return yield(projections.PutPart{Part: p}) }) &&
			scan(all.shared, func(s projections.SharedBlob) bool { return yield(projections.SetShared(s)) }) &&
			scan(all.garbage, func(g projections.Garbage) bool { return yield(projections.PutGarbage{Garbage: g}) })
	}
}

// scan visits a tree, and returns false when nobody wants more.
func scan[T any](tree *btree.BTreeG[T], visit func(T) bool) (more bool) {
	more = true
	tree.Scan(func(record T) bool {
		more = visit(record)
		return more
	})
	return more
}
