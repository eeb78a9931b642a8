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
type Store struct{ records }

// records are the trees, and answer queries from them.
type records struct {
	mu       sync.RWMutex // guards everything below
	position eventlog.Position
	buckets  *btree.BTreeG[*projections.Bucket]
	objects  *btree.BTreeG[*projections.Object]
	versions *btree.BTreeG[*projections.Version]
	uploads  *btree.BTreeG[*projections.Upload]
	parts    *btree.BTreeG[*projections.Part]
	shared   *btree.BTreeG[projections.SharedBlob]
	garbage  *btree.BTreeG[projections.Garbage]
}

var _ projections.MetadataStore = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{records{
		buckets:  tree(compareBuckets),
		objects:  tree(compareObjects),
		versions: tree(compareVersions),
		uploads:  tree(compareUploads),
		parts:    tree(compareParts),
		shared:   tree(compareShared),
		garbage:  tree(compareGarbage),
	}}
}

// snapshot is a Snapshot of a Store: its trees as they were, of which the Store's own now copy what they change.
type snapshot struct{ records }

// Snapshot implements MetadataStore.
func (s *Store) Snapshot(context.Context) (projections.Snapshot, error) { return s.snapshot(), nil }

func (s *Store) snapshot() *snapshot {
	s.mu.Lock() // a copy changes the original too
	defer s.mu.Unlock()
	return &snapshot{records{
		position: s.position,
		buckets:  s.buckets.Copy(),
		objects:  s.objects.Copy(),
		versions: s.versions.Copy(),
		uploads:  s.uploads.Copy(),
		parts:    s.parts.Copy(),
		shared:   s.shared.Copy(),
		garbage:  s.garbage.Copy(),
	}}
}

// Close implements Snapshot.
func (s *snapshot) Close() error { return nil }

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

func compareShared(a, b projections.SharedBlob) int { return strings.Compare(a.Blob, b.Blob) }

func compareGarbage(a, b projections.Garbage) int {
	return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
}

// Position implements Records.
func (s *records) Position(context.Context) (eventlog.Position, error) {
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
			s.shared.Delete(projections.SharedBlob{Blob: c.Blob})
		} else {
			s.shared.Set(projections.SharedBlob(c))
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
