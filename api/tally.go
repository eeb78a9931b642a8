package api

import (
	"context"
	"fmt"
	"sync"

	"github.com/bleepstore/bleepstore/projections"
)

// tally counts buckets and current objects: once by reading all of a snapshot, and from then on by what each decision changes.
// Only who decides knows that without reading: the events do not tell how large an object is that they replace.
//
// Invariant: once a count has its snapshot, later is what the commits have changed that were told since the count began and
// are behind the position of the snapshot. So counted and later together are what a store holds that has applied the whole
// log, whichever store serves.
//
// It holds because all that is written to the log while a server runs is decided by its Service, under locks, by what is
// there, and because the snapshot has what was told before the count began: it is only taken when the log as of then is
// applied. Where it is unknown whether a commit is in the log, the log takes no more of them, and the tally is lost.
type tally struct {
	mu      sync.Mutex
	state   tallyState
	early   []change           // told while there was no snapshot
	from    uint64             // sequence of the position of the snapshot
	later   projections.Totals // changed behind it
	counted projections.Totals // in the snapshot
}

type tallyState int

const (
	tallyIdle     tallyState = iota
	tallyBegun               // a count is under way, and has no snapshot
	tallySnapshot            // it has one
	tallyKnown               // it is done
	tallyLost                // there will be none in this process
)

// change is what a commit has changed.
type change struct {
	seq     uint64
	changed projections.Totals
}

// tell tells what a commit has changed that is in the log.
func (t *tally) tell(c change) {
	if c.changed == (projections.Totals{}) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.state {
	case tallyBegun:
		t.early = append(t.early, c)
	case tallySnapshot, tallyKnown:
		t.add(c)
	}
}

func (t *tally) add(c change) {
	if c.seq > t.from {
		t.later = t.later.Plus(c.changed)
	}
}

// lose says that it is unknown whether a commit is in the log.
func (t *tally) lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state, t.early = tallyLost, nil
}

// begin begins a count, and tells whether there is to be one.
func (t *tally) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state != tallyIdle {
		return false
	}
	t.state = tallyBegun
	return true
}

// snapshot says at which commit the snapshot is.
func (t *tally) snapshot(seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state != tallyBegun {
		return
	}
	t.state, t.from, t.later = tallySnapshot, seq, projections.Totals{}
	for _, c := range t.early {
		t.add(c)
	}
	t.early = nil
}

// end ends a count.
func (t *tally) end(counted projections.Totals, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.state == tallyLost:
	case err != nil:
		t.state, t.early = tallyIdle, nil
	default:
		t.state, t.counted = tallyKnown, counted
	}
}

func (t *tally) totals() (projections.Totals, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counted.Plus(t.later), t.state == tallyKnown
}

// Count counts all buckets and current objects, which takes as long as to read them, so that Totals is known from then on.
// It does nothing if that is so already. After an error it may be called again.
func (s *Service) Count(ctx context.Context) (err error) {
	if !s.tally.begin() {
		return nil
	}
	var counted projections.Totals
	defer func() { s.tally.end(counted, err) }()
	serving, head := s.metadata.now.Load(), s.log.Head()
	if err := serving.applied.Wait(ctx, head); err != nil {
		return fmt.Errorf("count objects: %w", err)
	}
	snapshot, err := serving.store.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("count objects: take a snapshot of the metadata: %w", err)
	}
	defer snapshot.Close()
	position, err := snapshot.Position(ctx)
	if err != nil {
		return fmt.Errorf("count objects: %w", err)
	}
	s.tally.snapshot(position.Seq)
	if counted, err = projections.Count(ctx, snapshot); err != nil {
		return fmt.Errorf("count objects: %w", err)
	}
	return nil
}

// Totals are the numbers of what there is, if they are known: Count has ended, and no commit of which it is unknown whether
// it is in the log. They have what was answered before the call.
func (s *Service) Totals() (t projections.Totals, known bool) { return s.tally.totals() }

// totalsOf are the totals of an object, nil for none.
func totalsOf(object *projections.Object) projections.Totals {
	if object == nil {
		return projections.Totals{}
	}
	return projections.Totals{Objects: 1, Bytes: object.Size}
}
