// Package sqlite keeps metadata in an SQLite database, which others may query while it is in use: README.md in this folder
// documents its tables, and has examples.
//
// The database is one file, metadata.db in a folder of its own, in WAL mode. An Apply is one transaction, position
// included, which is not synced: after a power cut the database is at some earlier position, never between two, and the
// log is applied from there again. Each page carries a checksum, which is checked when it is read.
//
// One connection writes. Queries have others, and see what was committed when they began; neither waits for the other. A
// snapshot is a transaction that reads, on a connection of its own. While it is open, what is written gathers in the WAL
// file beside the database, which takes as much room as is written meanwhile, and gives it back afterwards.
//
// The driver is github.com/ncruces/go-sqlite3: SQLite compiled to WebAssembly, and that to Go. It needs no C compiler and
// next to no other modules, gives its prepared statements without database/sql between, takes locks that don't go when
// something else closes the file, lets tests have a file system of their own, and knows checksums of pages. In the size of
// the program, and in how fast it writes, modernc.org/sqlite is the same.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/bleepstore/bleepstore/projections"
)

// File is the name of the database in its folder.
const File = "metadata.db"

// Store is a MetadataStore in a folder.
type Store struct {
	records
	health  *health
	lock    io.Closer
	readers *pool
	writer  *writer
}

var _ projections.MetadataStore = (*Store)(nil)

// Open opens the store in a folder, which it makes if there is none. A folder that another process has open, and one with
// a newer schema than this program knows, is refused; an older schema is migrated.
func Open(dir string) (*Store, error) { return open(dir, fileSystem, migrations) }

// open opens a store on a file system that is registered with the driver.
func open(dir, fs string, migrations []string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the metadata: %w", err)
	}
	lock, err := vfs.Default.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("the metadata in %s is in use by another process: %w", dir, err)
	}
	path := filepath.Join(dir, File)
	h := &health{path: path}
	writer, err := openWriter(path, fs, migrations)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the metadata in %s: %w", path, h.explain(err)), lock.Close())
	}
	s := &Store{
		health: h, lock: lock, writer: writer,
		readers: newPool(func() (*conn, error) { return connect(path, fs, readerPragmas) }),
	}
	s.records = records{func(ctx context.Context, query func(*conn) error) error {
		return h.explain(s.readers.use(ctx, query))
	}}
	return s, nil
}

// readerPragmas set up connections that read. They wait for others only while the WAL of a server that was killed is read.
const readerPragmas = "PRAGMA busy_timeout = 10000; PRAGMA query_only = true; PRAGMA cache_size = -2048"

// Close implements MetadataStore. What is in the WAL goes to the database, and the WAL away, unless another program reads.
func (s *Store) Close() error {
	if err := errors.Join(s.readers.close(), s.writer.conn.close(), s.lock.Close()); err != nil {
		return fmt.Errorf("close the metadata: %w", err)
	}
	return nil
}

// Check implements MetadataStore. It reports damage that was found, and that writes wait for space on the disk.
func (s *Store) Check(ctx context.Context) error {
	if err := s.health.err(); err != nil {
		return err
	}
	_, err := s.Position(ctx)
	return err
}

// snapshot is a Snapshot of a Store: a transaction.
type snapshot struct {
	records
	pool *pool

	mu   sync.Mutex // of a connection that is not for concurrent use
	conn *conn
}

// Snapshot implements MetadataStore.
func (s *Store) Snapshot(ctx context.Context) (projections.Snapshot, error) {
	c, err := s.readers.take()
	if err != nil {
		return nil, s.health.explain(err)
	}
	snap := &snapshot{pool: s.readers, conn: c}
	snap.records = records{func(ctx context.Context, query func(*conn) error) error {
		snap.mu.Lock()
		defer snap.mu.Unlock()
		return s.health.explain(c.query(ctx, query))
	}}
	if err := c.exec("BEGIN"); err != nil {
		return nil, errors.Join(s.health.explain(err), c.close())
	}
	if _, err := snap.Position(ctx); err != nil { // the first read, as of which the transaction is
		return nil, errors.Join(err, c.close())
	}
	return snap, nil
}

// Close implements Snapshot.
func (s *snapshot) Close() error {
	if err := s.conn.exec("ROLLBACK"); err != nil {
		return errors.Join(fmt.Errorf("end a snapshot of the metadata: %w", err), s.conn.close())
	}
	return s.pool.give(s.conn)
}
