// Package pebble keeps metadata in a Pebble database, an LSM tree in a folder.
//
// An Apply is one batch, position included, which is not synced: after a power cut the database is at some earlier
// position, and the log is applied from there again.
package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/damage"
	"github.com/bleepstore/bleepstore/internal/pebbledb"
	"github.com/bleepstore/bleepstore/projections"
)

// format is the version of what keys.go describes. A store with another one is refused, not read: its folder can be
// removed, and the log fills a new one.
const format = 1

// Store is a MetadataStore in a folder.
type Store struct {
	records
	db     *lsm.DB
	health *health

	// Of Apply, which runs one at a time.
	value bytes.Buffer
}

var _ projections.MetadataStore = (*Store)(nil)

// Open opens the store in a folder, which it makes if there is none. A folder that another process has open, and one
// with another format than this program knows, older or newer, is refused. One that is damaged is a
// *projections.DamagedError.
func Open(dir string) (*Store, error) { return open(dir, vfs.Default) }

func open(dir string, fs vfs.FS) (*Store, error) {
	h := &health{fs: fs, dir: dir, closing: make(chan struct{})}
	o := options(h)
	db, err := pebbledb.Open(o, func() (*lsm.DB, error) { return lsm.Open(dir, o) })
	if damage.Is(err) {
		return nil, &projections.DamagedError{Dir: dir, Found: err}
	}
	if err != nil {
		return nil, fmt.Errorf("open the metadata in %s: %w", dir, err)
	}
	s := &Store{records: records{db, dir}, db: db, health: h}
	if err := s.checkFormat(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the metadata in %s: %w", dir, err), s.Close())
	}
	h.set(func() { h.open = true })
	return s, nil
}

// checkFormat refuses another format, and writes this one's version into a new store.
func (s *Store) checkFormat() error {
	var found int
	ok, err := s.get(formatKey, &found)
	switch {
	case err != nil:
		return fmt.Errorf("read the format: %w", err)
	case ok && found != format:
		return fmt.Errorf("it has format %d, this program knows format %d: use the program that wrote it, or remove the "+
			"folder to have it filled from the log again", found, format)
	case ok:
		return nil
	}
	value, err := json.Marshal(format)
	if err != nil {
		return err
	}
	return s.db.Set(formatKey, value, lsm.NoSync)
}

// Close implements MetadataStore.
func (s *Store) Close() error {
	close(s.health.closing)
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the metadata: %w", err)
	}
	return nil
}

// Check implements MetadataStore. It reports failures of the work that Pebble does in the background, and a full disk.
func (s *Store) Check(ctx context.Context) error {
	if err := s.health.err(); err != nil {
		return err
	}
	_, err := s.Position(ctx)
	return err
}

// snapshot is a Snapshot of a Store.
type snapshot struct {
	records
	db *lsm.Snapshot
}

// Snapshot implements MetadataStore.
func (s *Store) Snapshot(context.Context) (projections.Snapshot, error) {
	db := s.db.NewSnapshot()
	return &snapshot{records{db, s.dir}, db}, nil
}

// Close implements Snapshot.
func (s *snapshot) Close() error { return s.db.Close() }

// Apply implements MetadataStore. Readers see all of the changes or none.
func (s *Store) Apply(_ context.Context, pos eventlog.Position, changes []projections.Change) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	for _, c := range changes {
		if err := s.add(batch, c); err != nil {
			return err
		}
	}
	if err := s.put(batch, positionKey, pos); err != nil {
		return err
	}
	return batch.Commit(lsm.NoSync)
}

func (s *Store) add(batch *lsm.Batch, change projections.Change) error {
	switch c := change.(type) {
	case projections.PutBucket:
		return s.put(batch, bucketKey(c.Bucket.Name), c.Bucket)
	case projections.DeleteBucket:
		return batch.Delete(bucketKey(c.Name), nil)
	case projections.PutObject:
		return s.put(batch, objectKey(c.Object.Bucket, c.Object.Key), c.Object)
	case projections.DeleteObject:
		return batch.Delete(objectKey(c.Bucket, c.Key), nil)
	case projections.PutVersion:
		return s.put(batch, versionKey(c.Version.Bucket, c.Version.Key, c.Version.Version), c.Version)
	case projections.DeleteVersion:
		return batch.Delete(versionKey(c.Bucket, c.Key, c.Version), nil)
	case projections.PutUpload:
		return s.put(batch, uploadKey(c.Upload.Bucket, c.Upload.Key, c.Upload.ID), c.Upload)
	case projections.DeleteUpload:
		parts := prefixed(partsPrefix(c.ID))
		if err := batch.DeleteRange(parts.lower, parts.upper, nil); err != nil {
			return err
		}
		return batch.Delete(uploadKey(c.Bucket, c.Key, c.ID), nil)
	case projections.PutPart:
		return s.put(batch, partKey(c.Part.Upload, c.Part.Number), c.Part)
	case projections.SetShared:
		if c.Count < 2 {
			return batch.Delete(sharedKey(c.Blob), nil)
		}
		return s.put(batch, sharedKey(c.Blob), c.Count)
	case projections.PutGarbage:
		return s.put(batch, garbageKey(c.Garbage), c.Garbage)
	case projections.DeleteGarbage:
		return batch.Delete(garbageKey(c.Garbage), nil)
	default:
		return fmt.Errorf("unknown change %T", change)
	}
}

func (s *Store) put(batch *lsm.Batch, key []byte, value any) error {
	s.value.Reset()
	if err := json.MarshalWrite(&s.value, value); err != nil {
		return fmt.Errorf("encode record %q: %w", key, err)
	}
	return batch.Set(key, s.value.Bytes(), nil)
}
