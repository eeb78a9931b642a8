package rows

import "context"

// A table without a position is filled from a snapshot or from the beginning of the log. If that was cut short, the table
// keeps rows that the next filling need not have, because it may be of a later snapshot. So the state counts how often the
// table was begun with, every row has at least that count as its Commit, and those with less are not there: sequences of
// commits are counted from it on.

// begun reads the rows of a table that are of its last beginning.
type begun struct {
	table Table
	count uint64 // of beginnings
}

// commit is the Commit of rows that the commit of a sequence writes; 0 stands for what comes before the first.
func (b begun) commit(seq uint64) uint64 { return b.count + seq }

// Get implements reader.
func (b begun) Get(ctx context.Context, keys []Key) ([]*Row, error) {
	rows, err := b.table.Get(ctx, keys)
	for i, row := range rows {
		if row != nil && row.Commit < b.count {
			rows[i] = nil
		}
	}
	return rows, err
}

// Scan implements reader.
func (b begun) Scan(ctx context.Context, partition, from, to string, limit int) ([]Row, error) {
	var found []Row
	for begin, more := from, true; more && len(found) < limit; {
		page, err := scanRows(ctx, b.table, partition, begin, to, limit)
		if err != nil {
			return nil, err
		}
		for _, row := range page {
			if row.Commit >= b.count && len(found) < limit {
				found = append(found, row)
			}
			begin = row.Sort + "\x00"
		}
		more = len(page) == limit
	}
	return found, nil
}
