package rows

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/projections"
)

// The position is written last, some time after the rows of its commits, and with it what Fold asks for: buckets and
// counts of shared blobs must be as of the position, and not later, when a store is opened after a crash.
//
// A flush does that without transactions. It writes the changes to them as rows of the journal, then the state, which names
// the new position and the journal, and then the rows of buckets and counts. After a crash, the state tells whether the
// journal counts: if it names it, its changes are made again, and otherwise they are of commits that will be applied again.
//
// The state is swapped: who finds another than he left has a second writer of the same table before him, and stops.
const (
	flushInterval = time.Second // at least, between two flushes
	// maxPending bounds the changes that wait for a flush. An Apply that brings more waits for it.
	maxPending = 10_000
	// maxJournal is how many bytes of changes a row of the journal has, or a single change.
	maxJournal = 100 << 10

	format = 1 // of what is in the table
)

// stateRecord is the record of the state.
type stateRecord struct {
	Format   int               `json:"format"`
	Begun    uint64            `json:"begun"`  // the Commit from which on rows are of the last beginning
	Opened   uint64            `json:"opened"` // how many stores have changed the table
	Owner    string            `json:"owner"`  // id of the last of them, which is the only one that may
	Position eventlog.Position `json:"position"`
	Journal  bool              `json:"journal"` // the journal of the position has changes that may not be made yet
}

// text is the record as the row has it; empty if there is no row.
func (s stateRecord) text() (string, error) {
	if s.Format == 0 {
		return "", nil
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// pending is what changed in memory since the last flush.
type pending struct {
	position eventlog.Position
	changed  bool
	rows     map[Key]projections.Change // the last change of each row
}

func newPending() *pending { return &pending{rows: make(map[Key]projections.Change)} }

func (p *pending) add(position eventlog.Position, changes []projections.Change) {
	p.position, p.changed = position, true
	for _, change := range changes {
		switch c := change.(type) {
		case projections.PutBucket:
			p.rows[bucketKey(c.Bucket.Name)] = c
		case projections.DeleteBucket:
			p.rows[bucketKey(c.Name)] = c
		case projections.SetShared:
			p.rows[sharedKey(c.Blob)] = c
		}
	}
}

func (p *pending) tooMany() bool { return len(p.rows) > maxPending }

// writes returns what the changes do to the rows, in the order of their keys.
func (p *pending) writes(commit uint64) ([]Write, error) {
	var writes []Write
	compare := func(a, b Key) int {
		return slices.Compare([]string{a.Partition, a.Sort}, []string{b.Partition, b.Sort})
	}
	for _, key := range slices.SortedFunc(maps.Keys(p.rows), compare) {
		write := removalOf(key, commit)
		var err error
		switch c := p.rows[key].(type) {
		case projections.PutBucket:
			write, err = putOf(key, commit, c.Bucket)
		case projections.SetShared:
			if c.Count > 1 {
				write, err = putOf(key, commit, projections.SharedBlob(c))
			}
		}
		if err != nil {
			return nil, err
		}
		writes = append(writes, write)
	}
	return writes, nil
}

// flushAlways flushes when something was applied, and not more often than the interval says unless it is hurried, until ctx
// ends, and once more then.
func (s *Store) flushAlways(ctx context.Context) {
	work, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(closeTimeout, cancel) })
	defer stop()
	for ctx.Err() == nil {
		select {
		case <-s.applied:
			s.flush(work)
		case <-ctx.Done():
		}
		select {
		case <-time.After(flushInterval):
		case <-s.hurry:
		case <-ctx.Done():
		}
	}
	s.flush(work)
}

// tell sends a signal that one goroutine waits for, or will.
func tell(signal chan struct{}) {
	select {
	case signal <- struct{}{}:
	default: // it was told already
	}
}

// flush writes the position and what goes with it, if it has changed.
func (s *Store) flush(ctx context.Context) {
	s.mu.Lock()
	p := s.pending
	idle := !p.changed || s.lost != nil
	if !idle {
		s.pending = newPending()
		s.letGo()
	}
	s.mu.Unlock()
	if idle {
		return
	}
	if err := s.write(ctx, p); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lost = fmt.Errorf("write the position: %w", notAlone(err))
		s.letGo()
	}
}

// letGo wakes those who wait for the flusher. The caller holds mu.
func (s *Store) letGo() {
	close(s.taken)
	s.taken = make(chan struct{})
}

// notAlone says what it means that the state is not what it was.
func notAlone(err error) error {
	if errors.Is(err, ErrChanged) {
		return fmt.Errorf("%w: another server writes to the same table; give each a table of its own, and start the server again", err)
	}
	return err
}

// write makes a flush. Each step is repeated until it succeeds; an error is final.
func (s *Store) write(ctx context.Context, p *pending) error {
	commit := commitOf(s.opened, p.position.Seq)
	writes, err := p.writes(commit)
	if err != nil {
		return err
	}
	journal, err := journalOf(p.position.Seq, commit, writes)
	if err != nil {
		return err
	}
	next := s.state
	next.Position, next.Journal = p.position, len(journal) > 0

	if len(journal) > 0 {
		if err := s.insist(ctx, func(ctx context.Context) error { return s.table.Write(ctx, journal) }); err != nil {
			return err
		}
	}
	failpoint.Hit("before position")
	if err := s.insist(ctx, func(ctx context.Context) error { return s.swap(ctx, next) }); err != nil {
		return err
	}
	failpoint.Hit("after position")
	return s.insist(ctx, func(ctx context.Context) error { return s.settle(ctx, writes, journal) })
}

// swap changes the state.
func (s *Store) swap(ctx context.Context, next stateRecord) error {
	was, err := s.state.text()
	if err != nil {
		return err
	}
	text, err := next.text()
	if err != nil {
		return err
	}
	row := Row{Key: stateKey, Commit: commitOf(s.opened, next.Position.Seq), Record: text}
	if err := s.table.Swap(ctx, row, was); err != nil {
		return err
	}
	s.state = next
	return nil
}

// settle makes the writes of a journal that counts, and removes its rows, which are of no use then.
func (s *Store) settle(ctx context.Context, writes, journal []Write) error {
	if len(journal) == 0 {
		return nil
	}
	if err := s.table.Write(ctx, writes); err != nil {
		return err
	}
	removals := make([]Write, len(journal))
	for i, row := range journal {
		removals[i] = removalOf(row.Key, row.Commit)
	}
	return s.table.Write(ctx, removals)
}

// journalOf returns the rows of the journal of a position that hold writes.
func journalOf(seq, commit uint64, writes []Write) ([]Write, error) {
	var journal []Write
	for len(writes) > 0 {
		n, size := 0, 0
		for n < len(writes) && (n == 0 || size+len(writes[n].Record) < maxJournal) {
			size += len(writes[n].Record) + 64
			n++
		}
		row, err := putOf(Key{partitionJournal, fmt.Sprintf("%s%05d", journalPrefix(seq), len(journal))}, commit, journalRecord{writes[:n]})
		if err != nil {
			return nil, err
		}
		journal, writes = append(journal, row), writes[n:]
	}
	return journal, nil
}

// journalRecord is the record of a row of the journal.
type journalRecord struct {
	Writes []Write `json:"writes"`
}

func journalPrefix(seq uint64) string { return fmt.Sprintf("%020d/", seq) }
