package projections

import (
	"context"
	"fmt"
	"sync"
)

// Tally knows how much there is: it counts all records of a snapshot once, and from then on what each commit changes, which
// whoever makes or applies commits tells.
//
// Invariant: once a count has its snapshot, later is what the commits have changed that were told since the count began and
// are behind the position of the snapshot. So, counted and later together are what there is as of the last commit that was
// told, if the snapshot has all commits that were told before the count began.
type Tally struct {
	mu      sync.Mutex
	state   tallyState
	early   []change // told while there was no snapshot
	from    uint64   // sequence of the position of the snapshot
	later   Totals   // changed behind it
	counted Totals   // in the snapshot
}

type tallyState int

const (
	tallyIdle     tallyState = iota
	tallyBegun               // a count is under way, and has no snapshot
	tallySnapshot            // it has one
	tallyKnown               // it is done
	tallyLost                // there will be none
)

// change is what a commit has changed.
type change struct {
	seq     uint64
	changed Totals
}

// Tell tells what the commit at seq has changed.
func (t *Tally) Tell(seq uint64, changed Totals) {
	if changed == (Totals{}) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.state {
	case tallyBegun:
		t.early = append(t.early, change{seq, changed})
	case tallySnapshot, tallyKnown:
		t.add(change{seq, changed})
	}
}

func (t *Tally) add(c change) {
	if c.seq > t.from {
		t.later = t.later.Plus(c.changed)
	}
}

// Lose says that it is not known what a commit has changed: nothing will be known from then on.
func (t *Tally) Lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state, t.early = tallyLost, nil
}

// Count counts what there is in a snapshot, which it takes, as count does. The snapshot must have all commits that are told
// before the call. If that is known already, or being counted, Count does nothing. After an error it may be called again.
func (t *Tally) Count(
	ctx context.Context, take func(context.Context) (Snapshot, error), count func(context.Context, Records) (Totals, error),
) (err error) {
	if !t.begin() {
		return nil
	}
	var counted Totals
	defer func() { t.end(counted, err) }()
	snapshot, err := take(ctx)
	if err != nil {
		return fmt.Errorf("take a snapshot of the metadata to count: %w", err)
	}
	defer snapshot.Close()
	position, err := snapshot.Position(ctx)
	if err != nil {
		return fmt.Errorf("read the position of what is to be counted: %w", err)
	}
	t.snapshot(position.Seq)
	if counted, err = count(ctx, snapshot); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}

// Resume says how much there is as of the last commit that was told, or, before any was, of all that there is. It is called
// before Count.
func (t *Tally) Resume(counted Totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == tallyIdle {
		t.state, t.counted = tallyKnown, counted
	}
}

// begin begins a count, and tells whether there is to be one.
func (t *Tally) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state != tallyIdle {
		return false
	}
	t.state = tallyBegun
	return true
}

// snapshot says at which commit the snapshot is.
func (t *Tally) snapshot(seq uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state != tallyBegun {
		return
	}
	t.state, t.from, t.later = tallySnapshot, seq, Totals{}
	for _, c := range t.early {
		t.add(c)
	}
	t.early = nil
}

// end ends a count.
func (t *Tally) end(counted Totals, err error) {
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

// Totals returns how much there is, if that is known.
func (t *Tally) Totals() (Totals, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counted.Plus(t.later), t.state == tallyKnown
}
