// Package rows keeps metadata as rows of a table that another system runs, behind a network.
//
// A Table is what such a system offers: rows by key, scans of a partition in order, writes of many rows at once. Package
// rows makes a MetadataStore of it. Subpackage tabletest holds the suite that every Table passes.
package rows

import (
	"context"
	"errors"
)

// MaxSort is the length of the longest sort key in bytes: that of the longest key of an object, and DynamoDB's limit.
const MaxSort = 1024

// Key names a row.
type Key struct {
	// Partition is what rows are scanned within: letters, digits and any of - . / _ and up to 80 of them.
	Partition string
	// Sort orders the rows of a partition by its bytes. It is UTF-8 text of 1 to MaxSort bytes, in which each character,
	// control characters and NUL too, may stand.
	Sort string
}

// Row is a row of a table.
type Row struct {
	Key
	Commit uint64 // counts commits, up to 2^53: a row that was written later has no lower one
	Record string // what it holds, a JSON object
}

// Write is one change to a table: it writes a row, or removes it.
type Write struct {
	Row
	Remove bool // then there is no Record
}

// ErrChanged says that a row is not what Swap was told that it is.
var ErrChanged = errors.New("the row was changed by somebody else")

// Table is a table of rows. It is safe for concurrent use. What it answers is never older than what a call that returned
// before has written. Its errors name the service and the table and say what to do, where that can be told, such as which
// permission or which index is missing. Calls that failed for a cause that may pass, such as throttling or a cut
// connection, were repeated already, for some seconds, and may be repeated by the caller.
type Table interface {
	// Get returns the rows of any number of different keys, in their order; nil in the place of one that is not there.
	Get(ctx context.Context, keys []Key) ([]*Row, error)

	// Scan returns the rows of a partition with sort keys from from on and below to, ascending: limit of them, or fewer only
	// if there are no more. An empty from is below all, and an empty to is above all. Either is UTF-8 text
	// of at most MaxSort bytes, and limit at least 1.
	Scan(ctx context.Context, partition, from, to string, limit int) ([]Row, error)

	// Write makes any number of writes, no two of them to the same key, in any order, at once and in batches where that is
	// faster. They are durable and visible when it returns nil. After an error, any of them may be made; the caller repeats
	// the call. Removing a row that is not there changes nothing.
	//
	// A request that was given up, because no answer came, may be processed later. The call sees to it that such a one does not
	// undo a later call: by making writes depend on the Commit of the row that they find, by giving the service a deadline, or
	// by waiting.
	Write(ctx context.Context, writes []Write) error

	// Swap writes the Record of a row if what the row holds is was; an empty was stands for no row. Otherwise it gives
	// ErrChanged. A Swap that was repeated because its answer was lost, and was made, gives nil: the row is what was to be written.
	Swap(ctx context.Context, row Row, was string) error

	// Check tells whether the service answers for the table, cheaply enough to be asked every second. Who asks waits as long as
	// ctx lets him.
	Check(ctx context.Context) error
	// Close releases what the Table holds. No call is under way or follows.
	Close() error
}
