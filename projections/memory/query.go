package memory

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidwall/btree"

	"github.com/bleepstore/bleepstore/projections"
)

// Bucket implements MetadataStore.
func (s *Store) Bucket(_ context.Context, name string) (*projections.Bucket, error) {
	return get(s, s.buckets, &projections.Bucket{Name: name}, "bucket %s", name)
}

// Buckets implements MetadataStore.
func (s *Store) Buckets(_ context.Context, after string, limit int) ([]*projections.Bucket, error) {
	pivot := &projections.Bucket{Name: after}
	return ascend(s, s.buckets, pivot, true, limit, func(*projections.Bucket) bool { return true }), nil
}

// Object implements MetadataStore.
func (s *Store) Object(_ context.Context, bucket, key string) (*projections.Object, error) {
	return get(s, s.objects, &projections.Object{Bucket: bucket, Key: key}, "object %q of bucket %s", key, bucket)
}

// Objects implements MetadataStore.
func (s *Store) Objects(_ context.Context, bucket string, scan projections.Scan) ([]*projections.Object, error) {
	pivot := &projections.Object{Bucket: bucket, Key: max(scan.Prefix, scan.Start)}
	return ascend(s, s.objects, pivot, false, scan.Limit, func(o *projections.Object) bool {
		return o.Bucket == bucket && strings.HasPrefix(o.Key, scan.Prefix)
	}), nil
}

// Version implements MetadataStore.
func (s *Store) Version(_ context.Context, bucket, key, id string) (*projections.Version, error) {
	return get(s, s.versions, version(bucket, key, id), "version %s of object %q of bucket %s", id, key, bucket)
}

// newest compares before every version of a key: no id is greater.
const newest = "\xff"

// Versions implements MetadataStore.
func (s *Store) Versions(_ context.Context, bucket string, scan projections.Scan) ([]*projections.Version, error) {
	key, after := begin(scan)
	id := newest
	if after != "" {
		id = after
	}
	return ascend(s, s.versions, version(bucket, key, id), after != "", scan.Limit, func(v *projections.Version) bool {
		return v.Bucket == bucket && strings.HasPrefix(v.Key, scan.Prefix)
	}), nil
}

// Upload implements MetadataStore.
func (s *Store) Upload(_ context.Context, bucket, key, id string) (*projections.Upload, error) {
	pivot := &projections.Upload{Bucket: bucket, Key: key, ID: id}
	return get(s, s.uploads, pivot, "upload %s of object %q of bucket %s", id, key, bucket)
}

// Uploads implements MetadataStore.
func (s *Store) Uploads(_ context.Context, bucket string, scan projections.Scan) ([]*projections.Upload, error) {
	key, after := begin(scan)
	pivot := &projections.Upload{Bucket: bucket, Key: key, ID: after}
	return ascend(s, s.uploads, pivot, after != "", scan.Limit, func(u *projections.Upload) bool {
		return u.Bucket == bucket && strings.HasPrefix(u.Key, scan.Prefix)
	}), nil
}

// Part implements MetadataStore.
func (s *Store) Part(_ context.Context, upload string, number int) (*projections.Part, error) {
	return get(s, s.parts, part(upload, number), "part %d of upload %s", number, upload)
}

// Parts implements MetadataStore.
func (s *Store) Parts(_ context.Context, upload string, after, limit int) ([]*projections.Part, error) {
	return ascend(s, s.parts, part(upload, after), true, limit, func(p *projections.Part) bool {
		return p.Upload == upload
	}), nil
}

// Shared implements MetadataStore.
func (s *Store) Shared(_ context.Context, blob string) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.shared[blob], nil
}

// Garbage implements MetadataStore.
func (s *Store) Garbage(_ context.Context, limit int) ([]projections.Garbage, error) {
	var oldest projections.Garbage
	return ascend(s, s.garbage, oldest, false, limit, func(projections.Garbage) bool { return true }), nil
}

// begin returns where a scan of keys with several records each begins: the key and, only if it is Start, After.
func begin(scan projections.Scan) (key, after string) {
	if scan.Prefix > scan.Start {
		return scan.Prefix, ""
	}
	return scan.Start, scan.After
}

// get returns the record that compares equal to pivot. Format and args name it for the error.
func get[T any](s *Store, tree *btree.BTreeG[T], pivot T, format string, args ...any) (T, error) {
	s.mu.RLock()
	record, ok := tree.Get(pivot)
	s.mu.RUnlock()
	if !ok {
		return record, fmt.Errorf(format+": %w", append(args, projections.ErrNotFound)...)
	}
	return record, nil
}

// ascend returns up to limit records from pivot on, or behind it, for as long as they are wanted.
func ascend[T any](s *Store, tree *btree.BTreeG[T], pivot T, behind bool, limit int, wanted func(T) bool) []T {
	var records []T
	s.mu.RLock()
	defer s.mu.RUnlock()
	tree.Ascend(pivot, func(record T) bool {
		if behind && !tree.Less(pivot, record) {
			return true
		}
		if len(records) >= limit || !wanted(record) {
			return false
		}
		records = append(records, record)
		return true
	})
	return records
}
