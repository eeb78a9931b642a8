package pebble

import (
	"context"
	"errors"
	"fmt"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/projections"
)

// Bucket implements MetadataStore.
func (s *Store) Bucket(_ context.Context, name string) (*projections.Bucket, error) {
	return find[projections.Bucket](s, bucketKey(name), "bucket %s", name)
}

// Buckets implements MetadataStore.
func (s *Store) Buckets(ctx context.Context, after string, limit int) ([]*projections.Bucket, error) {
	return scan[*projections.Bucket](ctx, s, prefixed([]byte{kindBucket}).behind(bucketKey(after)), limit)
}

// Object implements MetadataStore.
func (s *Store) Object(_ context.Context, bucket, key string) (*projections.Object, error) {
	return find[projections.Object](s, objectKey(bucket, key), "object %q of bucket %s", key, bucket)
}

// Objects implements MetadataStore.
func (s *Store) Objects(ctx context.Context, bucket string, sc projections.Scan) ([]*projections.Object, error) {
	keys := prefixed(objectKey(bucket, sc.Prefix)).from(objectKey(bucket, sc.Start))
	return scan[*projections.Object](ctx, s, keys, sc.Limit)
}

// Version implements MetadataStore.
func (s *Store) Version(_ context.Context, bucket, key, id string) (*projections.Version, error) {
	return find[projections.Version](s, versionKey(bucket, key, id), "version %s of object %q of bucket %s", id, key, bucket)
}

// Versions implements MetadataStore.
func (s *Store) Versions(ctx context.Context, bucket string, sc projections.Scan) ([]*projections.Version, error) {
	keys := severalOfKey(kindVersion, bucket, sc)
	if sc.After != "" {
		keys = keys.behind(versionKey(bucket, sc.Start, sc.After))
	}
	return scan[*projections.Version](ctx, s, keys, sc.Limit)
}

// Upload implements MetadataStore.
func (s *Store) Upload(_ context.Context, bucket, key, id string) (*projections.Upload, error) {
	return find[projections.Upload](s, uploadKey(bucket, key, id), "upload %s of object %q of bucket %s", id, key, bucket)
}

// Uploads implements MetadataStore.
func (s *Store) Uploads(ctx context.Context, bucket string, sc projections.Scan) ([]*projections.Upload, error) {
	keys := severalOfKey(kindUpload, bucket, sc)
	if sc.After != "" {
		keys = keys.behind(uploadKey(bucket, sc.Start, sc.After))
	}
	return scan[*projections.Upload](ctx, s, keys, sc.Limit)
}

// Part implements MetadataStore.
func (s *Store) Part(_ context.Context, upload string, number int) (*projections.Part, error) {
	return find[projections.Part](s, partKey(upload, number), "part %d of upload %s", number, upload)
}

// Parts implements MetadataStore.
func (s *Store) Parts(ctx context.Context, upload string, after, limit int) ([]*projections.Part, error) {
	return scan[*projections.Part](ctx, s, prefixed(partsPrefix(upload)).behind(partKey(upload, after)), limit)
}

// Shared implements MetadataStore.
func (s *Store) Shared(_ context.Context, blob string) (int64, error) {
	var n int64
	if _, err := s.get(sharedKey(blob), &n); err != nil {
		return 0, fmt.Errorf("read the count of blob %s: %w", blob, err)
	}
	return n, nil
}

// Garbage implements MetadataStore.
func (s *Store) Garbage(ctx context.Context, limit int) ([]projections.Garbage, error) {
	return scan[projections.Garbage](ctx, s, prefixed([]byte{kindGarbage}), limit)
}

// severalOfKey is the span of a scan of records of which a key has several, but for Scan.After.
func severalOfKey(kind byte, bucket string, sc projections.Scan) span {
	prefix := appendEscaped(inBucket(kind, bucket, len(sc.Prefix)), sc.Prefix)
	start := appendEscaped(inBucket(kind, bucket, len(sc.Start)), sc.Start)
	return prefixed(prefix).from(start)
}

// get reads the record under key into value; false if there is none.
func (s *Store) get(key []byte, value any) (bool, error) {
	data, closer, err := s.db.Get(key)
	if errors.Is(err, lsm.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(json.Unmarshal(data, value), closer.Close())
}

// find returns the record under key. Format and args name it for errors.
func find[T any](s *Store, key []byte, format string, args ...any) (*T, error) {
	record := new(T)
	ok, err := s.get(key, record)
	if err == nil && !ok {
		err = projections.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf(format+": %w", append(args, err)...)
	}
	return record, nil
}

// scan returns the first records of a span, as they were at one moment.
func scan[T any](ctx context.Context, s *Store, keys span, limit int) (records []T, err error) {
	it, err := s.db.NewIterWithContext(ctx, &lsm.IterOptions{LowerBound: keys.lower, UpperBound: keys.upper})
	if err != nil {
		return nil, fmt.Errorf("scan from %q: %w", keys.lower, err)
	}
	defer func() {
		if e := it.Close(); e != nil && err == nil {
			records, err = nil, fmt.Errorf("scan from %q: %w", keys.lower, e)
		}
	}()
	for ok := it.First(); ok && len(records) < limit; ok = it.Next() {
		var record T
		if err := json.Unmarshal(it.Value(), &record); err != nil {
			return nil, fmt.Errorf("decode record %q: %w", it.Key(), err)
		}
		records = append(records, record)
	}
	return records, nil
}
