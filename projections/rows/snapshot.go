package rows

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/bleepstore/bleepstore/projections"
)

// snapshot is a Snapshot of a Store. No service that a Table stands for keeps what a table held: while a snapshot is open,
// each Apply reads the rows that it is about to write, and keeps them for it in memory.
type snapshot struct {
	records
	memory  projections.Snapshot
	overlay *overlay
	store   *Store
}

// Snapshot implements MetadataStore. It waits for an Apply that is under way, but not for a service that is away. Until the
// snapshot is closed, Apply makes a round trip more, and what it changes is kept in memory.
func (s *Store) Snapshot(ctx context.Context) (projections.Snapshot, error) {
	if err := s.beginUnlessAway(ctx); err != nil {
		return nil, err
	}
	defer s.end()
	inMemory, err := s.memory.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	o := newOverlay(s.begun)
	s.mu.Lock()
	s.snapshots[o] = struct{}{}
	s.mu.Unlock()
	return &snapshot{records: records{Records: inMemory, rows: o}, memory: inMemory, overlay: o, store: s}, nil
}

// Close implements Snapshot.
func (s *snapshot) Close() error {
	s.store.mu.Lock()
	delete(s.store.snapshots, s.overlay)
	s.store.mu.Unlock()
	return s.memory.Close()
}

// beginUnlessAway is begin, but gives up when the Apply that is under way waits for the service.
func (s *Store) beginUnlessAway(ctx context.Context) error {
	look := time.NewTicker(minRetry)
	defer look.Stop()
	for {
		select {
		case s.applying <- struct{}{}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
			if err := s.failure(); err != nil {
				return fmt.Errorf("%w: %w", projections.ErrUnavailable, err)
			}
		}
	}
}

// keepForSnapshots keeps the rows of keys, as they are before a write, for the snapshots that are open.
func (s *Store) keepForSnapshots(ctx context.Context, keys []Key) error {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.snapshots)) // there will be no more of them before the write
	s.mu.Unlock()
	if len(open) == 0 {
		return nil
	}
	before, err := s.begun.Get(ctx, keys)
	if err != nil {
		return err
	}
	for _, o := range open {
		o.keep(keys, before)
	}
	return nil
}

// overlay reads a table as it was when the overlay was made: rows that were written since are in old.
type overlay struct {
	table reader

	mu  sync.RWMutex
	old *btree.BTreeG[before]
}

// before is what a row was; nil if there was none.
type before struct {
	key Key
	row *Row
}

func newOverlay(table reader) *overlay {
	less := func(a, b before) bool {
		return cmp.Or(cmp.Compare(a.key.Partition, b.key.Partition), cmp.Compare(a.key.Sort, b.key.Sort)) < 0
	}
	return &overlay{table: table, old: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

// keep notes what rows were, unless an earlier write has noted it.
func (o *overlay) keep(keys []Key, rows []*Row) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, key := range keys {
		if _, ok := o.old.Get(before{key: key}); !ok {
			o.old.Set(before{key, rows[i]})
		}
	}
}

// Get implements reader. A row is kept before it is written: whoever reads it from the table, and looks afterwards at what is
// kept, has one of the two.
func (o *overlay) Get(ctx context.Context, keys []Key) ([]*Row, error) {
	rows, err := o.table.Get(ctx, keys)
	if err != nil {
		return nil, err
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	for i, key := range keys {
		if b, ok := o.old.Get(before{key: key}); ok {
			rows[i] = b.row
		}
	}
	return rows, nil
}

// Scan implements reader.
func (o *overlay) Scan(ctx context.Context, partition, from, to string, limit int) ([]Row, error) {
	var found []Row
	for more := true; more && len(found) < limit; {
		page, err := scanRows(ctx, o.table, partition, from, to, limit)
		if err != nil {
			return nil, err
		}
		end := to
		if more = len(page) == limit; more {
			end = page[len(page)-1].Sort + "\x00"
		}
		found = append(found, o.merge(page, partition, from, end)...)
		from = end
	}
	return found[:min(limit, len(found))], nil
}

// merge makes of a page of the table, of the rows from from on and below end, what it was.
func (o *overlay) merge(page []Row, partition, from, end string) []Row {
	var merged []Row
	o.mu.RLock()
	defer o.mu.RUnlock()
	o.old.Ascend(before{key: Key{partition, from}}, func(b before) bool {
		if b.key.Partition != partition || end != "" && b.key.Sort >= end {
			return false
		}
		for len(page) > 0 && page[0].Sort < b.key.Sort {
			merged, page = append(merged, page[0]), page[1:]
		}
		if len(page) > 0 && page[0].Sort == b.key.Sort {
			page = page[1:]
		}
		if b.row != nil {
			merged = append(merged, *b.row)
		}
		return true
	})
	return append(merged, page...)
}
