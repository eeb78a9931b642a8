package pebble

import (
	"context"
	"errors"
	"fmt"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/damage"
	"github.com/bleepstore/bleepstore/projections"
)

// records answer queries from a database, or from a snapshot of one.
type records struct {
	db  lsm.Reader
	dir string
}

// Position implements Records.
func (r records) Position(context.Context) (eventlog.Position, error) {
	var p eventlog.Position
	if _, err := r.get(positionKey, &p); err != nil {
		return p, fmt.Errorf("read the position: %w", err)
	}
	return p, nil
}

// Bucket implements Records.
func (r records) Bucket(_ context.Context, name string) (*projections.Bucket, error) {
	return find[projections.Bucket](r, bucketKey(name), "bucket %s", name)
}

// Buckets implements Records.
func (r records) Buckets(ctx context.Context, after string, limit int) ([]*projections.Bucket, error) {
	return scan[*projections.Bucket](ctx, r, prefixed([]byte{kindBucket}).behind(bucketKey(after)), limit)
}

// Object implements Records.
func (r records) Object(_ context.Context, bucket, key string) (*projections.Object, error) {
	return find[projections.Object](r, objectKey(bucket, key), "object %q of bucket %s", key, bucket)
}

// Objects implements Records.
func (r records) Objects(ctx context.Context, bucket string, sc projections.Scan) ([]*projections.Object, error) {
	keys := prefixed(objectKey(bucket, sc.Prefix)).from(objectKey(bucket, sc.Start))
	return scan[*projections.Object](ctx, r, keys, sc.Limit)
}

// Version implements Records.
func (r records) Version(_ context.Context, bucket, key, id string) (*projections.Version, error) {
	return find[projections.Version](r, versionKey(bucket, key, id), "version %s of object %q of bucket %s", id, key, bucket)
}

// Versions implements Records.
func (r records) Versions(ctx context.Context, bucket string, sc projections.Scan) ([]*projections.Version, error) {
	keys := severalOfKey(kindVersion, bucket, sc)
	if sc.After != "" {
		keys = keys.behind(versionKey(bucket, sc.Start, sc.After))
	}
	return scan[*projections.Version](ctx, r, keys, sc.Limit)
}

// Upload implements Records.
func (r records) Upload(_ context.Context, bucket, key, id string) (*projections.Upload, error) {
	return find[projections.Upload](r, uploadKey(bucket, key, id), "upload %s of object %q of bucket %s", id, key, bucket)
}

// Uploads implements Records.
func (r records) Uploads(ctx context.Context, bucket string, sc projections.Scan) ([]*projections.Upload, error) {
	keys := severalOfKey(kindUpload, bucket, sc)
	if sc.After != "" {
		keys = keys.behind(uploadKey(bucket, sc.Start, sc.After))
	}
	return scan[*projections.Upload](ctx, r, keys, sc.Limit)
}

// Part implements Records.
func (r records) Part(_ context.Context, upload string, number int) (*projections.Part, error) {
	return find[projections.Part](r, partKey(upload, number), "part %d of upload %s", number, upload)
}

// Parts implements Records.
func (r records) Parts(ctx context.Context, upload string, after, limit int) ([]*projections.Part, error) {
	return scan[*projections.Part](ctx, r, prefixed(partsPrefix(upload)).behind(partKey(upload, after)), limit)
}

// Shared implements Records.
func (r records) Shared(_ context.Context, blob string) (int64, error) {
	var n int64
	if _, err := r.get(sharedKey(blob), &n); err != nil {
		return 0, fmt.Errorf("read the count of blob %s: %w", blob, err)
	}
	return n, nil
}

// SharedBlobs implements Records. The id of a blob is in the key alone.
func (r records) SharedBlobs(ctx context.Context, after string, limit int) ([]projections.SharedBlob, error) {
	keys := prefixed([]byte{kindShared}).behind(sharedKey(after))
	return scanWith(ctx, r, keys, limit, func(key, value []byte, shared *projections.SharedBlob) error {
		shared.Blob = string(key[1:])
		return json.Unmarshal(value, &shared.Count)
	})
}

// Garbage implements Records.
func (r records) Garbage(ctx context.Context, after projections.Garbage, limit int) ([]projections.Garbage, error) {
	return scan[projections.Garbage](ctx, r, prefixed([]byte{kindGarbage}).behind(garbageKey(after)), limit)
}

// SeekCost implements Records.
func (records) SeekCost() int { return 0 }

// severalOfKey is the span of a scan of records of which a key has several, but for Scan.After.
func severalOfKey(kind byte, bucket string, sc projections.Scan) span {
	prefix := appendEscaped(inBucket(kind, bucket, len(sc.Prefix)), sc.Prefix)
	start := appendEscaped(inBucket(kind, bucket, len(sc.Start)), sc.Start)
	return prefixed(prefix).from(start)
}

// failure says of an error of Pebble's whether the store is damaged.
func (r records) failure(err error) error {
	if damage.Is(err) {
		return &projections.DamagedError{Dir: r.dir, Found: err}
	}
	return err
}

// get reads the record under key into value; false if there is none.
func (r records) get(key []byte, value any) (bool, error) {
	data, closer, err := r.db.Get(key)
	if errors.Is(err, lsm.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, r.failure(err)
	}
	return true, errors.Join(json.Unmarshal(data, value), closer.Close())
}

// find returns the record under key. Format and args name it for errors.
func find[T any](r records, key []byte, format string, args ...any) (*T, error) {
	record := new(T)
	ok, err := r.get(key, record)
	if err == nil && !ok {
		err = projections.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf(format+": %w", append(args, err)...)
	}
	return record, nil
}

// scan returns the first records of a span, as they were at one moment.
func scan[T any](ctx context.Context, r records, keys span, limit int) ([]T, error) {
	return scanWith(ctx, r, keys, limit, func(_, value []byte, record *T) error { return json.Unmarshal(value, record) })
}

// scanWith is scan for records that decode reads from their key and value.
func scanWith[T any](ctx context.Context, r records, keys span, limit int, decode func(key, value []byte, record *T) error) (list []T, err error) {
	it, err := r.db.NewIterWithContext(ctx, &lsm.IterOptions{LowerBound: keys.lower, UpperBound: keys.upper})
	if err != nil {
		return nil, fmt.Errorf("scan from %q: %w", keys.lower, r.failure(err))
	}
	defer func() {
		if e := it.Close(); e != nil && err == nil {
			list, err = nil, fmt.Errorf("scan from %q: %w", keys.lower, r.failure(e))
		}
	}()
	for ok := it.First(); ok && len(list) < limit; ok = it.Next() {
		var record T
		if err := decode(it.Key(), it.Value(), &record); err != nil {
			return nil, fmt.Errorf("decode record %q: %w", it.Key(), err)
		}
		list = append(list, record)
	}
	return list, nil
}
