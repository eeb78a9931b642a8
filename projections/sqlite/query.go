package sqlite

import (
	"context"
	"fmt"

	sqlite3 "github.com/ncruces/go-sqlite3"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// records answer queries on the connections that use gives them.
type records struct {
	use func(ctx context.Context, query func(*conn) error) error
}

// beyond is greater than all text: no UTF-8 has this byte. Behind a prefix, it is greater than all keys with the prefix.
const beyond = "\xff"

// What lists select. All of them seek to where they begin, and read in the order of a primary key.
const (
	bucketsFrom = "WHERE name > ? ORDER BY name LIMIT ?"
	objectsFrom = "WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
	uploadsFrom = "WHERE bucket = ? AND (key, upload_id) > (?, ?) AND key < ? ORDER BY key, upload_id LIMIT ?"
	partsFrom   = "WHERE upload_id = ? AND number > ? ORDER BY number LIMIT ?"
	sharedFrom  = "WHERE blob_id > ? ORDER BY blob_id LIMIT ?"
	garbageFrom = "WHERE (since, blob_id) > (?, ?) ORDER BY since, blob_id LIMIT ?"
)

// versionsFrom selects the rest of the versions of a key, and those of the keys behind it. The newest of a key comes first,
// so that the two have no condition in common that could be sought.
var versionsFrom = "WHERE bucket = ?1 AND key = ?2 AND version < ?3 UNION ALL " +
	versions.from + "WHERE bucket = ?1 AND key > ?2 AND key < ?4 ORDER BY key, version DESC LIMIT ?5"

// Position implements Records.
func (r records) Position(ctx context.Context) (pos eventlog.Position, err error) {
	err = r.use(ctx, func(c *conn) error {
		return c.rows("SELECT log_id, log_sequence, log_hash FROM store", nil, func(row *sqlite3.Stmt) error {
			pos = eventlog.Position{Log: row.ColumnText(0), Seq: uint64(row.ColumnInt64(1)), Hash: row.ColumnText(2)}
			return nil
		})
	})
	if err != nil {
		return pos, fmt.Errorf("read the position: %w", err)
	}
	return pos, nil
}

// Bucket implements Records.
func (r records) Bucket(ctx context.Context, name string) (*projections.Bucket, error) {
	return find(ctx, r, buckets, "WHERE name = ?", "bucket %s", name)
}

// Buckets implements Records.
func (r records) Buckets(ctx context.Context, after string, limit int) ([]*projections.Bucket, error) {
	return list(ctx, r, buckets, bucketsFrom, after, limit)
}

// Object implements Records.
func (r records) Object(ctx context.Context, bucket, key string) (*projections.Object, error) {
	return find(ctx, r, objects, "WHERE bucket = ? AND key = ?", "object %[2]q of bucket %[1]s", bucket, key)
}

// Objects implements Records.
func (r records) Objects(ctx context.Context, bucket string, scan projections.Scan) ([]*projections.Object, error) {
	return list(ctx, r, objects, objectsFrom, bucket, max(scan.Prefix, scan.Start), scan.Prefix+beyond, scan.Limit)
}

// Version implements Records.
func (r records) Version(ctx context.Context, bucket, key, id string) (*projections.Version, error) {
	return find(ctx, r, versions, "WHERE bucket = ? AND key = ? AND version = ?",
		"version %[3]s of object %[2]q of bucket %[1]s", bucket, key, id)
}

// Versions implements Records.
func (r records) Versions(ctx context.Context, bucket string, scan projections.Scan) ([]*projections.Version, error) {
	key, after := begin(scan)
	if after == "" {
		after = beyond // before the newest
	}
	if key >= scan.Prefix+beyond {
		return nil, nil
	}
	return list(ctx, r, versions, versionsFrom, bucket, key, after, scan.Prefix+beyond, scan.Limit)
}

// Upload implements Records.
func (r records) Upload(ctx context.Context, bucket, key, id string) (*projections.Upload, error) {
	return find(ctx, r, uploads, "WHERE bucket = ? AND key = ? AND upload_id = ?",
		"upload %[3]s of object %[2]q of bucket %[1]s", bucket, key, id)
}

// Uploads implements Records.
func (r records) Uploads(ctx context.Context, bucket string, scan projections.Scan) ([]*projections.Upload, error) {
	key, after := begin(scan)
	return list(ctx, r, uploads, uploadsFrom, bucket, key, after, scan.Prefix+beyond, scan.Limit)
}

// begin returns where a scan of keys with several records each begins: the key and, only if it is Start, After.
func begin(scan projections.Scan) (key, after string) {
	if scan.Prefix > scan.Start {
		return scan.Prefix, ""
	}
	return scan.Start, scan.After
}

// Part implements Records.
func (r records) Part(ctx context.Context, upload string, number int) (*projections.Part, error) {
	return find(ctx, r, parts, "WHERE upload_id = ? AND number = ?", "part %[2]d of upload %[1]s", upload, number)
}

// Parts implements Records.
func (r records) Parts(ctx context.Context, upload string, after, limit int) ([]*projections.Part, error) {
	return list(ctx, r, parts, partsFrom, upload, after, limit)
}

// Shared implements Records.
func (r records) Shared(ctx context.Context, blob string) (count int64, err error) {
	err = r.use(ctx, func(c *conn) error {
		return c.rows("SELECT count FROM shared_blobs WHERE blob_id = ?", []any{blob}, func(row *sqlite3.Stmt) error {
			count = row.ColumnInt64(0)
			return nil
		})
	})
	if err != nil {
		return 0, fmt.Errorf("read the count of blob %s: %w", blob, err)
	}
	return count, nil
}

// SharedBlobs implements Records.
func (r records) SharedBlobs(ctx context.Context, after string, limit int) ([]projections.SharedBlob, error) {
	return values(list(ctx, r, shared, sharedFrom, after, limit))
}

// Garbage implements Records.
func (r records) Garbage(ctx context.Context, after projections.Garbage, limit int) ([]projections.Garbage, error) {
	return values(list(ctx, r, garbage, garbageFrom, formatTime(after.Since), after.ID, limit))
}

// SeekCost implements Records.
func (records) SeekCost() int { return 0 }

// find returns the record that a condition selects. Format names it for errors, with the arguments of the condition.
func find[T any](ctx context.Context, r records, t *table[T], condition, format string, args ...any) (*T, error) {
	var found []*T
	err := r.use(ctx, func(c *conn) (err error) {
		found, err = selectRows(c, t, condition, args...)
		return err
	})
	if err == nil && len(found) == 0 {
		err = projections.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
	}
	return found[0], nil
}

// list returns the records that a condition selects, as they were at one moment.
func list[T any](ctx context.Context, r records, t *table[T], condition string, args ...any) (found []*T, err error) {
	err = r.use(ctx, func(c *conn) (err error) {
		found, err = selectRows(c, t, condition, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s from %q: %w", t.name, args, err)
	}
	return found, nil
}

func values[T any](pointers []*T, err error) ([]T, error) {
	var list []T
	for _, p := range pointers {
		list = append(list, *p)
	}
	return list, err
}
