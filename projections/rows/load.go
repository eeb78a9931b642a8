package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/bleepstore/bleepstore/projections"
)

// loadPage is how many rows are read at once.
const loadPage = 1000

// load reads the state, and what is kept in memory. It changes nothing in the table: whether the store may do that shows when
// the log has been found to be the right one.
func (s *Store) load(ctx context.Context) error {
	found, err := s.table.Get(ctx, []Key{stateKey})
	if err != nil {
		return err
	}
	if found[0] != nil {
		state, err := decode[stateRecord](*found[0])
		if err != nil {
			return err
		}
		if state.Format != format {
			return fmt.Errorf("the table is of format %d, and this program knows %d: run the one that wrote it, or choose another table",
				state.Format, format)
		}
		s.state = *state
	}
	s.opened, s.begun = s.state.Opened+1, begun{table: s.table, first: s.state.Begun} // see claim
	if s.state.Position.IsZero() {
		s.begun.first = commitOf(s.opened, 0)
	}
	if err := loadAll(ctx, s, partitionBuckets, func(b *projections.Bucket) projections.Change {
		return projections.PutBucket{Bucket: b}
	}); err != nil {
		return err
	}
	if err := loadAll(ctx, s, partitionShared, func(b *projections.SharedBlob) projections.Change {
		return projections.SetShared(*b)
	}); err != nil {
		return err
	}
	return s.loadJournal(ctx)
}

// loadAll reads all rows of a partition into memory.
func loadAll[T any](ctx context.Context, s *Store, partition string, change func(*T) projections.Change) error {
	return s.eachPage(ctx, partition, func(page []Row) error {
		changes := make([]projections.Change, len(page))
		for i, row := range page {
			record, err := decode[T](row)
			if err != nil {
				return err
			}
			changes[i] = change(record)
		}
		return s.memory.Apply(ctx, s.state.Position, changes)
	})
}

func (s *Store) eachPage(ctx context.Context, partition string, do func([]Row) error) error {
	for from, more := "", true; more; {
		page, err := scanRows(ctx, s.begun, partition, from, "", loadPage)
		if err != nil {
			return err
		}
		if err := do(page); err != nil {
			return err
		}
		if more = len(page) == loadPage; more {
			from = page[len(page)-1].Sort + "\x00"
		}
	}
	return nil
}

// loadJournal makes the changes of the journal that the state names in memory, and notes them, and all that is in journals, for
// claim.
func (s *Store) loadJournal(ctx context.Context) error {
	counts := func(row Row) bool {
		return s.state.Journal && strings.HasPrefix(row.Sort, journalPrefix(s.state.Position.Seq))
	}
	var changes []projections.Change
	err := s.eachPage(ctx, partitionJournal, func(page []Row) error {
		for _, row := range page {
			s.journal = append(s.journal, Write{Row: row})
			if !counts(row) {
				continue
			}
			record, err := decode[journalRecord](row)
			if err != nil {
				return err
			}
			for _, w := range record.Writes {
				change, err := changeOf(w)
				if err != nil {
					return err
				}
				changes = append(changes, change)
			}
			s.unsettled = append(s.unsettled, record.Writes...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.memory.Apply(ctx, s.state.Position, changes)
}

// changeOf is the change to what is kept in memory that a write of its row stands for.
func changeOf(w Write) (projections.Change, error) {
	switch {
	case w.Partition == partitionBuckets && w.Remove:
		return projections.DeleteBucket{Name: w.Sort}, nil
	case w.Partition == partitionBuckets:
		bucket, err := decode[projections.Bucket](w.Row)
		return projections.PutBucket{Bucket: bucket}, err
	case w.Remove:
		return projections.SetShared{Blob: w.Sort}, nil
	default:
		count, err := decode[projections.SharedBlob](w.Row)
		if err != nil {
			return nil, err
		}
		return projections.SetShared(*count), nil
	}
}
