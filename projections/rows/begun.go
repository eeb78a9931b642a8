package rows

import (
	"context"
	"time"
)

// readTimeout is how long a read may take. A service that hangs is asked again and again, and whoever waits for the answer
// wants one before its own time is out.
const readTimeout = 15 * time.Second

// Each store that is made of a table counts the Commits of its rows from a number of its own, which is above those of all
// stores before. The sequences of commits alone do not do: a log that takes the place of a lost one begins anew, and so does
// what follows a log from which commits were lost.
//
// A table without a position is filled from a snapshot or from the beginning of the log. If that was cut short, the table
// keeps rows that the next filling need not have, because it may be of a later snapshot. So the state tells from which Commit
// on rows are of the last beginning; those with less are not there.

// apart is how far the numbers of two stores are from each other: more commits than a log has in years, and so few that
// services that keep numbers as doubles have room for hundreds of thousands of stores.
const apart = 1 << 32

// commitOf is the Commit of rows that a store writes with the commit of a sequence; 0 stands for what comes before the first.
// opened counts the stores of the table, this one included.
func commitOf(opened, seq uint64) uint64 { return opened*apart + seq }

// begun reads the rows of a table that are of its last beginning.
type begun struct {
	table Table
	first uint64 // Commit of the last beginning
}

// Get implements reader.
func (b begun) Get(ctx context.Context, keys []Key) ([]*Row, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := b.table.Get(ctx, keys)
	for i, row := range rows {
		if row != nil && row.Commit < b.first {
			rows[i] = nil
		}
	}
	return rows, err
}

// Scan implements reader.
func (b begun) Scan(ctx context.Context, partition, from, to string, limit int) ([]Row, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var found []Row
	for begin, more := from, true; more && len(found) < limit; {
		page, err := scanRows(ctx, b.table, partition, begin, to, limit)
		if err != nil {
			return nil, err
		}
		for _, row := range page {
			if row.Commit >= b.first && len(found) < limit {
				found = append(found, row)
			}
			begin = row.Sort + "\x00"
		}
		more = len(page) == limit
	}
	return found, nil
}
