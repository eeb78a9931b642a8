// Package projections turns the log of events into something that answers questions.
//
// Fold turns events into changes of records, the Projector follows the log and applies them, and a MetadataStore keeps
// the records. Subpackages implement MetadataStore, one per technology; package storetest holds the suite that all of
// them pass.
package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/bleepstore/bleepstore/eventlog"
)

// ErrNotFound says that a store has no such record.
var ErrNotFound = errors.New("record not found")

// ErrUnavailable says that a store cannot answer now, for a cause outside of it that may pass.
var ErrUnavailable = errors.New("the metadata cannot be reached")

// DamagedError says that the files of a store are not what was written to them. It is final: what the store holds cannot be
// trusted, but the log knows better.
type DamagedError struct {
	Dir   string // of the store
	Found error  // what is wrong with it
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the metadata in %s is damaged: %v; it can be filled again from snapshot and log: stop the server, "+
		"run \"mv %[1]s %[1]s.damaged\", and start the server", e.Dir, e.Found)
}

// Unwrap gives what is wrong.
func (e *DamagedError) Unwrap() error { return e.Found }

// Records are what queries are answered from. They are safe for concurrent use.
//
// Keys are compared as UTF-8 bytes on every engine; those of records have 1 to 1,024 of them. Records that are handed out are the caller's to read, not to
// modify. A record that is not there is ErrNotFound; a list that has nothing to return is empty, without an error.
type Records interface {
	// Position is the commit up to which the log is applied; zero in a new store.
	Position(ctx context.Context) (eventlog.Position, error)

	// Bucket returns a bucket. Fold asks for it too; like Shared, it is as of Position.
	Bucket(ctx context.Context, name string) (*Bucket, error)
	// Buckets returns up to limit buckets with names greater than after, ascending.
	Buckets(ctx context.Context, after string, limit int) ([]*Bucket, error)

	// Object returns the current object of a key.
	Object(ctx context.Context, bucket, key string) (*Object, error)
	// Objects returns current objects, ascending by key.
	Objects(ctx context.Context, bucket string, scan Scan) ([]*Object, error)

	// Version returns a version that is not current.
	Version(ctx context.Context, bucket, key, version string) (*Version, error)
	// Versions returns versions that are not current, ascending by key and, within a key, the newest first.
	// Scan.After is a version of the key Scan.Start: the scan begins behind it.
	Versions(ctx context.Context, bucket string, scan Scan) ([]*Version, error)

	// Upload returns an upload.
	Upload(ctx context.Context, bucket, key, id string) (*Upload, error)
	// Uploads returns uploads, ascending by key and, within a key, by id.
	// Scan.After is an id of the key Scan.Start: the scan begins behind it.
	Uploads(ctx context.Context, bucket string, scan Scan) ([]*Upload, error)

	// Part returns a part of an upload.
	Part(ctx context.Context, upload string, number int) (*Part, error)
	// Parts returns up to limit parts of an upload with numbers greater than after, ascending.
	Parts(ctx context.Context, upload string, after, limit int) ([]*Part, error)

	// Shared returns how many things name a blob; 0 if there is no record, which means one or none. It is the count as of
	// Position: what an Apply that was cut short has left does not show, because Fold counts on from the answer.
	Shared(ctx context.Context, blob string) (int64, error)
	// SharedBlobs returns up to limit counts of blobs with ids greater than after, ascending.
	SharedBlobs(ctx context.Context, after string, limit int) ([]SharedBlob, error)
	// Garbage returns up to limit garbage records behind one, or from the beginning for the zero Garbage: the oldest first
	// and, of one time, ascending by blob.
	Garbage(ctx context.Context, after Garbage, limit int) ([]Garbage, error)

	// SeekCost is how many records a scan could pass in the time that it takes to begin one: 0 where records are at hand,
	// hundreds behind a network.
	SeekCost() int
}

// MetadataStore keeps records and answers for them. It is safe for concurrent use; only one Apply runs at a time.
// A query sees all of an Apply that returned before the query began.
type MetadataStore interface {
	Records

	// Apply makes changes, in their order, and moves the position to pos: together, where the engine has transactions.
	// Elsewhere the changes become visible first and the position last, and repeating an Apply that was cut short brings
	// the store to the state it would have had without the cut.
	// The position need not be durable when Apply returns: the log replays what a power cut took.
	Apply(ctx context.Context, pos eventlog.Position, changes []Change) error

	// Snapshot returns the records as they are now; no later Apply changes them. It does not hold up Apply, but may keep
	// what was deleted since from being given back to the disk. The caller closes it.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Check tells whether the engine works, cheaply enough to be asked every second.
	Check(ctx context.Context) error
	// Close releases what the store holds. No call is under way or follows, and no snapshot is open.
	Close() error
}

// Snapshot is the records of a store as of one position.
type Snapshot interface {
	Records
	// Close ends the snapshot.
	Close() error
}

// Scan selects records by key.
type Scan struct {
	Prefix string // keys that begin with it
	Start  string // keys at or above it
	After  string // within the key Start, where a key has several records: only those behind this one; empty for all
	Limit  int    // at most so many records; at least 1
}
