package memory

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidwall/btree"

	"github.com/bleepstore/bleepstore/projections"
)

// Bucket implements Records.
func (s *records) Bucket(_ context.Context, name string) (*projections.Bucket, error) {
	return get(s, s.buckets, &projections.Bucket{Name: name}, "bucket %s", name)
}

// Buckets implements Records.
func (s *records) Buckets(_ context.Context, after string, limit int) ([]*projections.Bucket, error) {
	pivot := &projections.Bucket{Name: after}
	return ascend(s, s.buckets, pivot, true, limit, func(*projections.Bucket) bool { return true }), nil
}

// Object implements Records.
func (s *records) Object(_ context.Context, bucket, key string) (*projections.Object, error) {
	return get(s, s.objects, &projections.Object{Bucket: bucket, Key: key}, "object %q of bucket %s", key, bucket)
}

// Objects implements Records.
func (s *records) Objects(_ context.Context, bucket string, scan projections.Scan) ([]*projections.Object, error) {
	pivot := &projections.Object{Bucket: bucket, Key: max(scan.Prefix, scan.Start)}
	return ascend(s, s.objects, pivot, false, scan.Limit, func(o *projections.Object) bool {
		return o.Bucket == bucket && strings.HasPrefix(o.Key, scan.Prefix)
	}), nil
}

// Version implements Records.
func (s *records) Version(_ context.Context, bucket, key, id string) (*projections.Version, error) {
	return get(s, s.versions, version(bucket, key, id), "version %s of object %q of bucket %s", id, key, bucket)
}

// newest compares before every version of a key: no id is greater.
const newest = "\xff"

// Versions implements Records.
func (s *records) Versions(_ context.Context, bucket string, scan projections.Scan) ([]*projections.Version, error) {
	key, after := begin(scan)
	id := newest
	if after != "" {
		id = after
	}
	return ascend(s, s.versions, version(bucket, key, id), after != "", scan.Limit, func(v *projections.Version) bool {
		return v.Bucket == bucket && strings.HasPrefix(v.Key, scan.Prefix)
	}), nil
}

// Upload implements Records.
func (s *records) Upload(_ context.Context, bucket, key, id string) (*projections.Upload, error) {
	pivot := &projections.Upload{Bucket: bucket, Key: key, ID: id}
	return get(s, s.uploads, pivot, "upload %s of object %q of bucket %s", id, key, bucket)
}

// Uploads implements Records.
func (s *records) Uploads(_ context.Context, bucket string, scan projections.Scan) ([]*projections.Upload, error) {
	key, after := begin(scan)
	pivot := &projections.Upload{Bucket: bucket, Key: key, ID: after}
	return ascend(s, s.uploads, pivot, after != "", scan.Limit, func(u *projections.Upload) bool {
		return u.Bucket == bucket && strings.HasPrefix(u.Key, scan.Prefix)
	}), nil
}

// Part implements Records.
func (s *records) Part(_ context.Context, upload string, number int) (*projections.Part, error) {
	return get(s, s.parts, part(upload, number), "part %d of upload %s", number, upload)
}

// Parts implements Records.
func (s *records) Parts(_ context.Context, upload string, after, limit int) ([]*projections.Part, error) {
	return ascend(s, s.parts, part(upload, after), true, limit, func(p *projections.Part) bool {
		return p.Upload == upload
	}), nil
}

// Shared implements Records.
func (s *records) Shared(_ context.Context, blob string) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	shared, _ := s.shared.Get(projections.SharedBlob{Blob: blob})
	return shared.Count, nil
}

// SharedBlobs implements Records.
func (s *records) SharedBlobs(_ context.Context, after string, limit int) ([]projections.SharedBlob, error) {
	return ascend(s, s.shared, projections.SharedBlob{Blob: after}, true, limit, func(projections.SharedBlob) bool { return true }), nil
}

// Garbage implements Records.
func (s *records) Garbage(_ context.Context, after projections.Garbage, limit int) ([]projections.Garbage, error) {
	return ascend(s, s.garbage, after, true, limit, func(projections.Garbage) bool { return true }), nil
}

// SeekCost implements Records.
func (*records) SeekCost() int { return 0 }

// begin returns where a scan of keys with several records each begins: the key and, only if it is Start, After.
func begin(scan projections.Scan) (key, after string) {
	if scan.Prefix > scan.Start {
		return scan.Prefix, ""
	}
	return scan.Start, scan.After
}

// get returns the record that compares equal to pivot. Format and args name it for the error.
func get[T any](s *records, tree *btree.BTreeG[T], pivot T, format string, args ...any) (T, error) {
	s.mu.RLock()
	record, ok := tree.Get(pivot)
	s.mu.RUnlock()
	if !ok {
		return record, fmt.Errorf(format+": %w", append(args, projections.ErrNotFound)...)
	}
	return record, nil
}

// ascend returns up to limit records from pivot on, or behind it, for as long as they are wanted.
func ascend[T any](s *records, tree *btree.BTreeG[T], pivot T, behind bool, limit int, wanted func(T) bool) []T {
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
