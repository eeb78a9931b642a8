package projections_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

var errRefused = errors.New("the log does not have this position")

// fakeLog is a Source in memory.
type fakeLog struct {
	mu      sync.Mutex
	commits []eventlog.Commit
	damage  error         // what Next returns behind the last commit
	changed chan struct{} // closed, and replaced, when there is something new
}

func newFakeLog() *fakeLog { return &fakeLog{changed: make(chan struct{})} }

func positionAt(seq int) eventlog.Position {
	if seq == 0 {
		return eventlog.Position{}
	}
	return eventlog.Position{Log: "fake", Seq: uint64(seq), Hash: fmt.Sprint("hash ", seq)}
}

// append makes one commit.
func (l *fakeLog) append(events ...eventlog.Event) eventlog.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	position := positionAt(len(l.commits) + 1)
	l.commits = append(l.commits, eventlog.Commit{Position: position, Events: events})
	l.wake()
	return position
}

func (l *fakeLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.damage = err
	l.wake()
}

func (l *fakeLog) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *fakeLog) Head() eventlog.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return positionAt(len(l.commits))
}

func (l *fakeLog) Read(_ context.Context, after eventlog.Position) (projections.Reader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after.Seq > uint64(len(l.commits)) || after != positionAt(int(after.Seq)) {
		return nil, errRefused
	}
	return &fakeReader{log: l, next: int(after.Seq)}, nil
}

type fakeReader struct {
	log  *fakeLog
	next int // index of the commit
}

func (r *fakeReader) Next(ctx context.Context) ([]eventlog.Commit, error) {
	for {
		r.log.mu.Lock()
		commits, damage, changed := r.log.commits[r.next:], r.log.damage, r.log.changed
		r.log.mu.Unlock()
		switch {
		case len(commits) > 0:
			r.next += len(commits)
			return commits, nil
		case damage != nil:
			return nil, damage
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *fakeReader) Close() {}
