package sqlite

import (
	"context"
	"errors"
	"fmt"

	sqlite3 "github.com/ncruces/go-sqlite3"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// checkpointPages is how many pages the WAL gathers before they go to the database. A page that changes again until then
// goes there once.
const checkpointPages = 4096

// writerPragmas set up the connection that writes. The WAL is synced before a checkpoint, and the database after it, so
// that a power cut takes the last commits at most. The WAL gives its room back when a long read has made it large.
const writerPragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 33554432; " +
	"PRAGMA cache_size = -16384"

// writer is the connection that changes the database. Only one Apply runs at a time.
type writer struct {
	conn *conn
	wal  int // pages in the WAL
	// tried is how many there were at the last checkpoint that did not end the WAL, because somebody still read from it.
	tried int
}

func openWriter(path, fs string, migrations []string) (*writer, error) {
	// Another program that reads may hold up the end of a WAL, but an Apply only so long.
	c, err := connect(path, fs, "PRAGMA busy_timeout = 50")
	if err != nil {
		return nil, err
	}
	w := &writer{conn: c}
	if err := w.setUp(path, migrations); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return w, nil
}

func (w *writer) setUp(path string, migrations []string) error {
	if _, err := w.conn.schemaVersion(); err != nil { // reads what the file has reserved for checksums
		return err
	}
	if err := w.conn.db.EnableChecksums("main"); err != nil {
		return fmt.Errorf("enable checksums: %w", err)
	}
	if err := w.conn.db.Exec(writerPragmas); err != nil {
		return fmt.Errorf("set up the connection that writes: %w", err)
	}
	w.conn.db.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		w.wal = pages
		return nil
	})
	return w.conn.migrate(path, migrations)
}

// Apply implements MetadataStore. Readers see all of the changes or none. It waits while the disk is full.
func (s *Store) Apply(ctx context.Context, pos eventlog.Position, changes []projections.Change) error {
	err := s.health.retry(ctx, func() error { return s.writer.apply(pos, changes) })
	if err != nil {
		return err
	}
	return s.health.explain(s.writer.checkpoint())
}

func (w *writer) apply(pos eventlog.Position, changes []projections.Change) error {
	return w.conn.transaction(func() error {
		for _, change := range changes {
			if err := w.conn.change(change); err != nil {
				return fmt.Errorf("write %T: %w", change, err)
			}
		}
		return w.conn.exec("UPDATE store SET log_id = ?, log_sequence = ?, log_hash = ?", pos.Log, int64(pos.Seq), pos.Hash)
	})
}

func (c *conn) change(change projections.Change) error {
	switch d := change.(type) {
	case projections.PutBucket:
		return put(c, buckets, d.Bucket)
	case projections.DeleteBucket:
		return c.exec("DELETE FROM buckets WHERE name = ?", d.Name)
	case projections.PutObject:
		return put(c, objects, d.Object)
	case projections.DeleteObject:
		return c.exec("DELETE FROM objects WHERE bucket = ? AND key = ?", d.Bucket, d.Key)
	case projections.PutVersion:
		return put(c, versions, d.Version)
	case projections.DeleteVersion:
		return c.exec("DELETE FROM versions WHERE bucket = ? AND key = ? AND version = ?", d.Bucket, d.Key, d.Version)
	case projections.PutUpload:
		return put(c, uploads, d.Upload)
	case projections.DeleteUpload:
		if err := c.exec("DELETE FROM parts WHERE upload_id = ?", d.ID); err != nil {
			return err
		}
		return c.exec("DELETE FROM uploads WHERE bucket = ? AND key = ? AND upload_id = ?", d.Bucket, d.Key, d.ID)
	case projections.PutPart:
		return put(c, parts, d.Part)
	case projections.SetShared:
		if d.Count < 2 {
			return c.exec("DELETE FROM shared_blobs WHERE blob_id = ?", d.Blob)
		}
		return put(c, shared, (*projections.SharedBlob)(&d))
	case projections.PutGarbage:
		return put(c, garbage, &d.Garbage)
	case projections.DeleteGarbage:
		return c.exec("DELETE FROM garbage WHERE since = ? AND blob_id = ?", formatTime(d.Garbage.Since), d.Garbage.ID)
	default:
		return errors.New("unknown change")
	}
}

// checkpoint brings the WAL to the database when it has gathered enough, so that the next Apply begins it anew. It can't
// do that while somebody reads from it. It waits for short reads only, or lists that never cease would let the WAL grow for
// good; a long one lets it grow until another time.
func (w *writer) checkpoint() error {
	if w.wal < w.tried { // it has begun anew
		w.tried = 0
	}
	if w.wal-w.tried < checkpointPages {
		return nil
	}
	w.tried = w.wal
	_, _, err := w.conn.db.WALCheckpoint("main", sqlite3.CHECKPOINT_RESTART)
	switch {
	case err == nil, errors.Is(err, sqlite3.BUSY):
		return nil
	case isFull(err):
		return nil // the WAL has it; the next Apply waits for space if there is none even there
	}
	return fmt.Errorf("bring the WAL to the database: %w", err)
}
