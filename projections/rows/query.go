package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/projections"
)

// seekCost is about how many records a scan passes in the time of a round trip.
const seekCost = 500

// records answer queries. The position, buckets and counts of shared blobs are in memory, because Fold asks for them, and
// every request for a bucket; the rest is read from the table.
type records struct {
	projections.Records // of what is in memory
	rows                reader
}

// SeekCost implements Records.
func (r *records) SeekCost() int { return seekCost }

// Object implements Records.
func (r *records) Object(ctx context.Context, bucket, key string) (*projections.Object, error) {
	return get[projections.Object](ctx, r, objectKey(bucket, key), "object %q of bucket %s", key, bucket)
}

// Objects implements Records.
func (r *records) Objects(ctx context.Context, bucket string, scan projections.Scan) ([]*projections.Object, error) {
	to, _ := projections.Successor(scan.Prefix)
	found, err := scanRows(ctx, r.rows, objectsOf(bucket), max(scan.Prefix, scan.Start), to, scan.Limit)
	return decodeAll[projections.Object](found, err, "objects of bucket %s", bucket)
}

// Version implements Records.
func (r *records) Version(ctx context.Context, bucket, key, id string) (*projections.Version, error) {
	return get[projections.Version](ctx, r, versionKey(bucket, key, id), "version %s of object %q of bucket %s", id, key, bucket)
}

// Versions implements Records.
func (r *records) Versions(ctx context.Context, bucket string, scan projections.Scan) ([]*projections.Version, error) {
	versions := byKey[*projections.Version]{
		partition: versionsOf(bucket),
		decode:    decode[projections.Version],
		at:        func(v *projections.Version) (key, id string) { return v.Key, v.Version },
		sortID:    newestFirst,
		compare:   func(a, b string) int { return strings.Compare(b, a) },
	}
	found, err := versions.scan(ctx, r.rows, scan)
	return found, unreadable(err, "versions of bucket %s", bucket)
}

// Upload implements Records.
func (r *records) Upload(ctx context.Context, bucket, key, id string) (*projections.Upload, error) {
	return get[projections.Upload](ctx, r, uploadKey(bucket, key, id), "upload %s of object %q of bucket %s", id, key, bucket)
}

// Uploads implements Records.
func (r *records) Uploads(ctx context.Context, bucket string, scan projections.Scan) ([]*projections.Upload, error) {
	uploads := byKey[*projections.Upload]{
		partition: uploadsOf(bucket),
		decode:    decode[projections.Upload],
		at:        func(u *projections.Upload) (key, id string) { return u.Key, u.ID },
		sortID:    func(id string) string { return id },
		compare:   strings.Compare,
	}
	found, err := uploads.scan(ctx, r.rows, scan)
	return found, unreadable(err, "uploads of bucket %s", bucket)
}

// Part implements Records.
func (r *records) Part(ctx context.Context, upload string, number int) (*projections.Part, error) {
	return get[projections.Part](ctx, r, partKey(upload, number), "part %d of upload %s", number, upload)
}

// Parts implements Records.
func (r *records) Parts(ctx context.Context, upload string, after, limit int) ([]*projections.Part, error) {
	found, err := scanRows(ctx, r.rows, partsOf(upload), partSort(after)+"\x00", "", limit)
	return decodeAll[projections.Part](found, err, "parts of upload %s", upload)
}

// Garbage implements Records.
func (r *records) Garbage(ctx context.Context, after projections.Garbage, limit int) ([]projections.Garbage, error) {
	found, err := scanRows(ctx, r.rows, partitionGarbage, garbageSort(after)+"\x00", "", limit)
	pointers, err := decodeAll[projections.Garbage](found, err, "garbage")
	list := make([]projections.Garbage, len(pointers))
	for i, g := range pointers {
		list[i] = *g
	}
	return list, err
}

// get returns the record of a row. Format and args name it for the error.
func get[T any](ctx context.Context, r *records, key Key, format string, args ...any) (*T, error) {
	if key.Sort == "" || len(key.Sort) > MaxSort { // there can be none
		return nil, fmt.Errorf(format+": %w", append(args, projections.ErrNotFound)...)
	}
	found, err := r.rows.Get(ctx, []Key{key})
	if err != nil {
		return nil, unreadable(err, format, args...)
	}
	if found[0] == nil {
		return nil, fmt.Errorf(format+": %w", append(args, projections.ErrNotFound)...)
	}
	return decode[T](*found[0])
}

// decodeAll returns the records of rows, unless their scan had an error.
func decodeAll[T any](found []Row, err error, format string, args ...any) ([]*T, error) {
	if err != nil {
		return nil, unreadable(err, format, args...)
	}
	list := make([]*T, len(found))
	for i, row := range found {
		if list[i], err = decode[T](row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func decode[T any](row Row) (*T, error) {
	record := new(T)
	if err := json.Unmarshal([]byte(row.Record), record); err != nil {
		return nil, fmt.Errorf("row %q of %s: %w", row.Sort, row.Partition, err)
	}
	return record, nil
}

// unreadable makes the error of a query of the error of a table.
func unreadable(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read "+format+": %w: %w", append(args, projections.ErrUnavailable, err)...)
}
