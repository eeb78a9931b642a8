package rows

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// Store is a MetadataStore of a Table. While it is open, nothing else writes to the table.
//
// An Apply writes the rows of objects, versions, uploads, parts and garbage, all at once, and returns when they are written:
// for a put, that is one round trip. The position, buckets and counts of shared blobs change in memory, and are written
// some time later, together; see flush. Behind a crash, the table is therefore that of the position that it names, except
// that rows of later commits may be there. Nobody asks before they are applied once more, which ends in the same rows.
type Store struct {
	records
	table  Table
	opened uint64        // how often a store was made of the table
	begun  begun         // the table, of which the store reads
	memory *memory.Store // position, buckets, and counts of shared blobs
	report func(error)
	owner  string // id of the store

	applying chan struct{} // holds a token while an Apply is under way, or a snapshot is begun
	claimed  bool          // the table is the store's own; guarded by the token

	unsettled, journal []Write // what the last store has left of a flush; guarded by the token

	mu        sync.Mutex            // guards what is below
	snapshots map[*overlay]struct{} // those open; one more needs the token
	pending   *pending
	taken     chan struct{} // closed when the flusher takes pending, or gives up
	err       error         // why the last call of the table failed that changes something; nil if it did not
	lost      error         // what ended the store: nothing can be written any more

	state    stateRecord        // as the table has it; used by the flusher, and before it has anything to do
	applied  chan struct{}      // tells the flusher that there is something to write
	hurry    chan struct{}      // tells the flusher not to wait
	closing  context.CancelFunc // ends the flusher, after a last flush
	flushing sync.WaitGroup
}

var _ projections.MetadataStore = (*Store)(nil)

const (
	// minRetry and maxRetry bound the pause before a call that failed is repeated. The table has repeated it for some seconds
	// already.
	minRetry = 100 * time.Millisecond
	maxRetry = 5 * time.Second

	closeTimeout = 5 * time.Second // for the last flush
)

// Open opens the store of a table, which belongs to it from then on. It reads all buckets and counts of shared blobs.
//
// Writes that fail are repeated until they succeed, because a service that is away comes back, and permissions are given;
// report is told why, each time.
func Open(ctx context.Context, table Table, report func(error)) (*Store, error) {
	s := &Store{
		table: table, memory: memory.New(), report: report, owner: sortid.New(),
		applying:  make(chan struct{}, 1),
		snapshots: make(map[*overlay]struct{}),
		pending:   newPending(),
		taken:     make(chan struct{}),
		applied:   make(chan struct{}, 1),
		hurry:     make(chan struct{}, 1),
	}
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(err, table.Close())
	}
	s.records = records{Records: s.memory, rows: s.begun}
	flusher, closing := context.WithCancel(context.Background())
	s.closing = closing
	s.flushing.Go(func() { s.flushAlways(flusher) })
	return s, nil
}

// Apply implements MetadataStore.
func (s *Store) Apply(ctx context.Context, pos eventlog.Position, changes []projections.Change) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.end()
	p, err := makePlan(commitOf(s.opened, pos.Seq), changes)
	if err != nil {
		return err
	}
	err = s.insist(ctx, func(ctx context.Context) error {
		if err := s.claim(ctx); err != nil {
			return err
		}
		if err := p.drop(ctx, s.begun); err != nil {
			return err
		}
		writes, keys := p.list()
		if len(writes) == 0 {
			return nil
		}
		if err := s.keepForSnapshots(ctx, keys); err != nil {
			return err
		}
		return s.table.Write(ctx, writes)
	})
	if err != nil {
		return fmt.Errorf("write the rows of %v: %w", pos, notAlone(err))
	}
	failpoint.Hit("between rows and position")

	if err := s.remember(ctx, pos, p.inMemory); err != nil {
		return err
	}
	return s.bound(ctx)
}

// remember makes what an Apply changes in memory.
func (s *Store) remember(ctx context.Context, pos eventlog.Position, changes []projections.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.add(pos, changes)
	tell(s.applied)
	return s.memory.Apply(ctx, pos, changes)
}

// bound waits while too many changes wait for a flush. It ends early with ctx, and when nothing can be written any more.
func (s *Store) bound(ctx context.Context) error {
	for {
		s.mu.Lock()
		tooMany, taken, lost := s.pending.tooMany(), s.taken, s.lost
		s.mu.Unlock()
		if !tooMany || lost != nil {
			return lost
		}
		tell(s.hurry)
		select {
		case <-taken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin waits until no other Apply is under way.
func (s *Store) begin(ctx context.Context) error {
	select {
	case s.applying <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) end() { <-s.applying }

// insist repeats what changes the table until it succeeds, the store is lost, or ctx ends.
func (s *Store) insist(ctx context.Context, do func(context.Context) error) error {
	for pause := minRetry; ; pause = min(2*pause, maxRetry) {
		if err := s.lostBy(); err != nil {
			return err
		}
		err := do(ctx)
		if ctx.Err() != nil && err != nil {
			return err
		}
		s.tried(err)
		if err == nil || errors.Is(err, ErrChanged) {
			return err
		}
		s.report(err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

func (s *Store) tried(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// failure is why the table cannot be written now; nil if it can, as far as is known.
func (s *Store) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.lost, s.err)
}

func (s *Store) lostBy() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Check implements MetadataStore. It fails too while what was applied cannot be written.
func (s *Store) Check(ctx context.Context) error {
	if err := s.failure(); err != nil {
		return err
	}
	return s.table.Check(ctx)
}

// Close implements MetadataStore. It writes the position, for which it waits some seconds. If that fails, which it tells, the
// next store applies again what is behind the one before.
func (s *Store) Close() error {
	s.closing()
	s.flushing.Wait()
	return errors.Join(s.lostBy(), s.table.Close())
}
