package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/projections"
)

// loadPage is how many rows are read at once.
const loadPage = 1000

// load reads the state, ends what a crash has left of a flush, and reads what is kept in memory.
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
	next := s.state
	next.Format = format
	next.Opened++
	if next.Position.IsZero() {
		next.Begun = commitOf(next.Opened, 0)
	}
	s.opened, s.begun = next.Opened, begun{table: s.table, first: next.Begun}
	if err := s.swap(ctx, next); err != nil {
		return notAlone(err)
	}
	if err := s.recover(ctx); err != nil {
		return err
	}
	if err := loadAll(ctx, s, partitionBuckets, func(b *projections.Bucket) projections.Change {
		return projections.PutBucket{Bucket: b}
	}); err != nil {
		return err
	}
	return loadAll(ctx, s, partitionShared, func(b *projections.SharedBlob) projections.Change {
		return projections.SetShared(*b)
	})
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

// recover makes the changes of the journal that the state names, as far as they are not made, and removes all journals.
func (s *Store) recover(ctx context.Context) error {
	counts := func(row Row) bool {
		return s.state.Journal && strings.HasPrefix(row.Sort, journalPrefix(s.state.Position.Seq))
	}
	return s.eachPage(ctx, partitionJournal, func(page []Row) error {
		var removals []Write
		for _, row := range page {
			if counts(row) {
				var record journalRecord
				if err := json.Unmarshal([]byte(row.Record), &record); err != nil {
					return fmt.Errorf("row %q of %s: %w", row.Sort, row.Partition, err)
				}
				if err := s.table.Write(ctx, record.Writes); err != nil {
					return err
				}
			}
			removals = append(removals, removalOf(row.Key, row.Commit))
		}
		return s.table.Write(ctx, removals)
	})
}
