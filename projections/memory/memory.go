// Package memory keeps metadata in memory: nothing survives Close, and the log fills the store again at each start.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// Store is a MetadataStore of ordered trees.
type Store struct {
	mu       sync.RWMutex // guards everything below
	position eventlog.Position
	buckets  *btree.BTreeG[*projections.Bucket]
	objects  *btree.BTreeG[*projections.Object]
	versions *btree.BTreeG[*projections.Version]
	uploads  *btree.BTreeG[*projections.Upload]
	parts    *btree.BTreeG[*projections.Part]
	garbage  *btree.BTreeG[projections.Garbage]
	shared   map[string]int64
}

var _ projections.MetadataStore = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		buckets:  tree(compareBuckets),
		objects:  tree(compareObjects),
		versions: tree(compareVersions),
		uploads:  tree(compareUploads),
		parts:    tree(compareParts),
		garbage:  tree(compareGarbage),
		shared:   make(map[string]int64),
	}
}

// tree returns a tree that leaves locking to the Store.
func tree[T any](compare func(a, b T) int) *btree.BTreeG[T] {
	less := func(a, b T) bool { return compare(a, b) < 0 }
	return btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})
}

func compareBuckets(a, b *projections.Bucket) int { return strings.Compare(a.Name, b.Name) }

func compareObjects(a, b *projections.Object) int {
	return cmp.Or(strings.Compare(a.Bucket, b.Bucket), strings.Compare(a.Key, b.Key))
}

// compareVersions puts the newest version of a key first: a newer one has a greater id.
func compareVersions(a, b *projections.Version) int {
	return cmp.Or(
		strings.Compare(a.Bucket, b.Bucket),
		strings.Compare(a.Key, b.Key),
		strings.Compare(b.Version, a.Version),
	)
}

func compareUploads(a, b *projections.Upload) int {
	return cmp.Or(strings.Compare(a.Bucket, b.Bucket), strings.Compare(a.Key, b.Key), strings.Compare(a.ID, b.ID))
}

func compareParts(a, b *projections.Part) int {
	return cmp.Or(strings.Compare(a.Upload, b.Upload), cmp.Compare(a.Number, b.Number))
}

func compareGarbage(a, b projections.Garbage) int {
	return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
}

// Position implements MetadataStore.
func (s *Store) Position(context.Context) (eventlog.Position, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.position, nil
}

// Apply implements MetadataStore. Readers see all of the changes or none.
func (s *Store) Apply(_ context.Context, pos eventlog.Position, changes []projections.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		if err := s.apply(c); err != nil {
			return err
		}
	}
	s.position = pos
	return nil
}

func (s *Store) apply(change projections.Change) error {
	switch c := change.(type) {
	case projections.PutBucket:
		s.buckets.Set(c.Bucket)
	case projections.DeleteBucket:
		s.buckets.Delete(&projections.Bucket{Name: c.Name})
	case projections.PutObject:
		s.objects.Set(c.Object)
	case projections.DeleteObject:
		s.objects.Delete(&projections.Object{Bucket: c.Bucket, Key: c.Key})
	case projections.PutVersion:
		s.versions.Set(c.Version)
	case projections.DeleteVersion:
		s.versions.Delete(version(c.Bucket, c.Key, c.Version))
	case projections.PutUpload:
		s.uploads.Set(c.Upload)
	case projections.DeleteUpload:
		s.uploads.Delete(&projections.Upload{Bucket: c.Bucket, Key: c.Key, ID: c.ID})
		s.parts.DeleteAscend(part(c.ID, 0), func(p *projections.Part) btree.Action {
			if p.Upload != c.ID {
				return btree.Stop
			}
			return btree.Delete
		})
	case projections.PutPart:
		s.parts.Set(c.Part)
	case projections.SetShared:
		if c.Count < 2 {
			delete(s.shared, c.Blob)
		} else {
			s.shared[c.Blob] = c.Count
		}
	case projections.PutGarbage:
		s.garbage.Set(c.Garbage)
	case projections.DeleteGarbage:
		s.garbage.Delete(c.Garbage)
	default:
		return fmt.Errorf("unknown change %T", change)
	}
	return nil
}

// version returns what stands for a version in comparisons.
func version(bucket, key, id string) *projections.Version {
	return &projections.Version{Bucket: bucket, Key: key, Object: eventlog.Object{Version: id}}
}

// part returns what stands for a part in comparisons.
func part(upload string, number int) *projections.Part {
	return &projections.Part{Upload: upload, Part: eventlog.Part{Number: number}}
}

// Check implements MetadataStore.
func (s *Store) Check(context.Context) error { return nil }

// Close implements MetadataStore.
func (s *Store) Close() error { return nil }
