package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
)

// maxApply bounds the events of one Apply, and with them the memory that it takes. A commit is never divided: a larger
// one is applied alone.
const maxApply = 1024

// ErrStopped says that a projector has stopped, so that nothing will be applied any more.
var ErrStopped = errors.New("the projector has stopped")

// Projector follows the log and keeps a store up to date with it.
type Projector struct {
	source Source
	store  MetadataStore

	watcher atomic.Pointer[func(eventlog.Position, []Change)] // see Watch

	catchUp  sync.Once     // closes caughtUp
	caughtUp chan struct{} // closed when the status becomes ready
	stopped  chan struct{} // closed when Run has returned; status is final then

	mu     sync.Mutex
	status Status
	// waiting has a channel for each commit that somebody waits for, by its sequence; it is closed when the commit is
	// applied. Those who wait for the same commit share one, so an Apply wakes only those whom it concerns.
	waiting map[uint64]chan struct{}
}

// Status tells how far a Projector is.
type Status struct {
	// Position is the last commit that the store has applied.
	Position eventlog.Position
	// Target is what the log's last commit was when Run began.
	Target eventlog.Position
	// Running tells whether Run has begun and not ended.
	Running bool
	// Err is why Run ended; nil while it runs and when it was told to end.
	Err error
}

// Ready tells whether the store holds all that the log held when Run began, and goes on following it.
func (s Status) Ready() bool { return s.Running && s.Position.Seq >= s.Target.Seq }

// Watch has told be told of each Apply that ends from now on, before anybody who waits for it. It must be quick.
func (p *Projector) Watch(told func(eventlog.Position, []Change)) { p.watcher.Store(&told) }

// Known tells whether Position is known: it was read from the store.
func (s Status) Known() bool { return s.Running || !s.Position.IsZero() }

// NewProjector returns a projector that will apply the log to store.
func NewProjector(source Source, store MetadataStore) *Projector {
	return &Projector{
		source:   source,
		store:    store,
		caughtUp: make(chan struct{}),
		stopped:  make(chan struct{}),
		waiting:  make(map[uint64]chan struct{}),
	}
}

// Run applies the log to the store, from the store's position on, until ctx ends, which gives nil. Any other end is an
// error: damage to the log, a store whose position the log refuses, a store that fails. Nothing is ever skipped: after
// an error the store stays at the last commit that was applied well. Run is called once.
func (p *Projector) Run(ctx context.Context) error {
	err := p.follow(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	p.mu.Lock()
	p.status.Running = false
	p.status.Err = err
	p.mu.Unlock()
	close(p.stopped)
	return err
}

func (p *Projector) follow(ctx context.Context) error {
	position, err := p.store.Position(ctx)
	if err != nil {
		return fmt.Errorf("read the store's position: %w", err)
	}
	target := p.source.Head()
	reader, err := p.source.Read(ctx, position)
	if err != nil {
		return fmt.Errorf("read the log behind %v: %w", position, err)
	}
	defer reader.Close()

	p.mu.Lock()
	p.status.Running = true
	p.status.Position = position
	p.status.Target = target
	p.mu.Unlock()
	p.advance(position)

	for commits, err := range readAhead(ctx, reader) {
		if err != nil {
			return fmt.Errorf("read the log behind %v: %w", p.Status().Position, err)
		}
		for len(commits) > 0 {
			n, err := p.apply(ctx, commits)
			if err != nil {
				return err
			}
			p.advance(commits[n-1].Position)
			commits = commits[n:]
		}
	}
	return nil
}

// readAhead yields what reader reads, and its error at the end. It reads and decodes commits in a goroutine while the
// ones before are applied, because a long log takes about as much time for the one as for the other.
func readAhead(ctx context.Context, reader Reader) iter.Seq2[[]eventlog.Commit, error] {
	return func(yield func([]eventlog.Commit, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var reading sync.WaitGroup
		defer reading.Wait()
		defer cancel()

		ahead := make(chan []eventlog.Commit)
		var end error // set before ahead is closed
		reading.Go(func() {
			defer close(ahead)
			for {
				commits, err := reader.Next(ctx)
				if err != nil {
					end = err
					return
				}
				select {
				case ahead <- commits:
				case <-ctx.Done():
					end = ctx.Err()
					return
				}
			}
		})
		for commits := range ahead {
			if !yield(commits, nil) {
				return
			}
		}
		yield(nil, end)
	}
}

// apply applies as many of the commits as one Apply takes and returns their number.
func (p *Projector) apply(ctx context.Context, commits []eventlog.Commit) (int, error) {
	n, total := 1, len(commits[0].Events)
	for n < len(commits) && total+len(commits[n].Events) <= maxApply {
		total += len(commits[n].Events)
		n++
	}
	events := make([]eventlog.Event, 0, total)
	for _, c := range commits[:n] {
		events = append(events, c.Events...)
	}
	position := commits[n-1].Position
	changes, err := Fold(ctx, p.store, events)
	if err != nil {
		return 0, fmt.Errorf("apply the log from %v to %v: %w", commits[0].Position, position, err)
	}
	failpoint.Hit("before apply")
	if err := p.store.Apply(ctx, position, changes); err != nil {
		return 0, fmt.Errorf("apply the log from %v to %v: %w", commits[0].Position, position, err)
	}
	failpoint.Hit("after apply")
	if told := p.watcher.Load(); told != nil {
		(*told)(position, changes)
	}
	return n, nil
}

// advance makes the store's new position known and wakes those who waited for it.
func (p *Projector) advance(position eventlog.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Position = position
	if p.status.Ready() {
		p.catchUp.Do(func() { close(p.caughtUp) })
	}
	for seq, applied := range p.waiting {
		if seq <= position.Seq {
			close(applied)
			delete(p.waiting, seq)
		}
	}
}

// Wait returns when the store has applied the commit at position, which is one of this projector's log. It fails when
// ctx ends before that, and when Run has ended without it: with Run's error, or with ErrStopped.
func (p *Projector) Wait(ctx context.Context, position eventlog.Position) error {
	applied := p.applied(position)
	if applied == nil {
		return nil
	}
	var err error
	select {
	case <-applied:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.stopped:
		if p.applied(position) == nil {
			return nil
		}
		err = ErrStopped
		if cause := p.Status().Err; cause != nil {
			err = fmt.Errorf("%w: %w", ErrStopped, cause)
		}
	}
	return fmt.Errorf("wait for %v to be applied: %w", position, err)
}

// applied returns what is closed when the commit at position is applied; nil if it is applied already.
func (p *Projector) applied(position eventlog.Position) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if position.Seq <= p.status.Position.Seq {
		return nil
	}
	applied := p.waiting[position.Seq]
	if applied == nil {
		applied = make(chan struct{})
		p.waiting[position.Seq] = applied
	}
	return applied
}

// CaughtUp is closed when the store holds all that the log held when Run began.
func (p *Projector) CaughtUp() <-chan struct{} { return p.caughtUp }

// Status tells how far the projector is.
func (p *Projector) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}
