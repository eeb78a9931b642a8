package eventlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/internal/failpoint"
)

// MaxAppend is how many bytes the events of one Append may have when they are encoded.
const MaxAppend = maxMessage - 4<<10 // the rest is for headers, JetStream's and the commit's

// pending is an Append that waits to be written.
type pending struct {
	lines  bytes.Buffer // the encoded events
	events int
	frees  bool // the events only free space
	pos    Position
	err    error
}

// Append adds events to the end of the log, in their order and in one commit, and returns the position of the commit.
// Other appends may be in it too, before and behind. It is on disk when Append returns.
//
// An ended ctx stops an append only before it is handed over; from then on it runs to its end, because its outcome would
// be unknown otherwise.
//
// With ErrNoSpace, ErrBusy and ErrTooLarge, nothing was stored and the log goes on; as a disk fills up or falls behind,
// events that only free space are the last to be refused. ErrFenced, and an error that leaves the outcome unknown, stop the log: every later Append
// fails with the same error, until the log is opened again.
func (l *Log) Append(ctx context.Context, events ...Event) (Position, error) {
	if len(events) == 0 {
		return Position{}, errors.New("append of no events")
	}
	if err := ctx.Err(); err != nil {
		return Position{}, err
	}
	p := &pending{events: len(events), frees: onlyFree(events)}
	for i := range events {
		if err := appendLine(&p.lines, &events[i]); err != nil {
			return Position{}, fmt.Errorf("encode event: %w", err)
		}
	}
	if p.lines.Len() > MaxAppend {
		return Position{}, fmt.Errorf("%w: %d bytes in %d events, at most %d are possible", ErrTooLarge, p.lines.Len(), p.events, MaxAppend)
	}
	if err := l.enqueue(p); err != nil {
		return Position{}, err
	}
	return p.pos, p.err
}

// flush writes appends as commits, as few as the limits allow.
func (l *Log) flush(appends []*pending) {
	for len(appends) > 0 {
		n, events, size := 0, 0, 0
		for _, p := range appends {
			events += p.events
			size += p.lines.Len()
			if n > 0 && (events > MaxCommitEvents || size > MaxCommitBytes) {
				break
			}
			n++
		}
		l.write(appends[:n])
		appends = appends[n:]
	}
}

// write stores those of the appends that there is room for as one commit.
func (l *Log) write(appends []*pending) {
	l.mu.Lock()
	prev, err := l.last, l.stopped
	l.mu.Unlock()
	if err == nil {
		appends, err = l.admit(appends)
	}
	var pos Position
	if err == nil && len(appends) > 0 {
		pos, err = l.store(prev, appends)
	}
	for _, p := range appends {
		p.pos, p.err = pos, err
	}
}

// store stores appends as the commit behind prev, which is the last one.
//
// Invariant: last is a position whose commit is durable, and no attempt to store another behind it is undecided. When one
// might be, the log stops.
func (l *Log) store(prev Position, appends []*pending) (Position, error) {
	groups, events := make([][]byte, len(appends)), 0
	for i, p := range appends {
		groups[i] = p.lines.Bytes()
		events += p.events
	}
	commit, err := encodeCommit(l.ID(), prev, events, groups)
	if err != nil {
		return Position{}, fmt.Errorf("encode commit: %w", err)
	}
	pos := Position{Log: l.ID(), Seq: prev.Seq + 1, Hash: hash(commit)}
	failpoint.Hit("before publish")
	began := time.Now()
	if err := l.stream.append(context.Background(), pos.Seq, pos.Hash, commit); err != nil {
		err = fmt.Errorf("append commit %d to event log %s: %w", pos.Seq, pos.Log, err)
		if errors.Is(err, ErrFenced) || errors.Is(err, errUnknownOutcome) {
			l.stop(err)
		}
		return Position{}, err
	}
	failpoint.Hit("after publish")
	took := time.Since(began)
	l.advance(pos, commit, events)
	l.tell(Appended{Events: events, Bytes: len(commit), Took: took})
	if err := l.head.write(pos); err != nil {
		l.stop(err)
	}
	return pos, nil
}

// advance makes a durable commit visible to readers.
func (l *Log) advance(pos Position, commit []byte, events int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = pos
	l.recent.add(pos.Seq, commit)
	l.counted.add(pos.Seq, events)
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *Log) stop(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = fmt.Errorf("the event log has stopped until it is opened again: %w", err)
}
