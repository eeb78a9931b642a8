package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// minFollowRetry and maxFollowRetry bound how long a Follower waits before it tries again.
const (
	minFollowRetry = time.Second
	maxFollowRetry = time.Minute
)

// ErrHandedOver says that a follower's store has failed for good, because others hold it.
var ErrHandedOver = errors.New("what was handed over is not opened again before the next start")

// Follower keeps a store up to date with the log at its own pace, beside the one that serves, and can hand it over to serve.
// Whatever fails, it tells and tries again: only the store itself is behind meanwhile. A store that was handed over is not
// opened again, because others hold it: its failure is final.
type Follower struct {
	source Source
	open   func(context.Context) (MetadataStore, error)
	report func(error)

	using sync.RWMutex // held for reading while store is asked, for writing to close it

	mu         sync.Mutex
	store      MetadataStore // nil while it is not open
	projector  *Projector    // of store
	err        error         // why it is behind; nil while it is open and followed
	handedOver bool
}

// Following tells how far a Follower is.
type Following struct {
	Position eventlog.Position // that its store has applied; zero while the store is not open
	Known    bool              // the store is open, and Position is known
	CaughtUp bool              // the store has come to where the log ended when it was opened, and is followed further
	Err      error             // why it is behind; nil while nothing is wrong
}

// NewFollower makes a Follower. It opens its store with open, which may take its time and fill it; report is told what fails,
// and is tried again unless it is an ErrHandedOver.
func NewFollower(source Source, open func(context.Context) (MetadataStore, error), report func(error)) *Follower {
	return &Follower{source: source, open: open, report: report}
}

// Run follows the log until ctx ends, and closes the store then. It is called once.
func (f *Follower) Run(ctx context.Context) {
	told := ""
	for pause := minFollowRetry; ; pause = min(2*pause, maxFollowRetry) {
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if text := err.Error(); text != told {
			f.report(err)
			told = text
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// follow opens the store and follows the log with it, until that fails, or ctx ends.
func (f *Follower) follow(ctx context.Context) (err error) {
	defer func() { f.set(func() { f.err = err }) }()
	store, err := f.open(ctx)
	if err != nil {
		return err
	}
	projector := NewProjector(f.source, store)
	f.set(func() { f.store, f.projector, f.err = store, projector, nil })
	err = projector.Run(ctx)

	handedOver := false
	f.set(func() {
		f.err = err
		if handedOver = f.handedOver; !handedOver {
			f.store, f.projector = nil, nil
		}
	})
	if handedOver && err != nil {
		f.report(fmt.Errorf("%w: %w", ErrHandedOver, err))
		<-ctx.Done()
	}
	f.using.Lock()
	defer f.using.Unlock()
	return errors.Join(err, store.Close())
}

func (f *Follower) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// HandOver returns the store and what keeps it up to date, for others to use until Run has returned.
func (f *Follower) HandOver() (MetadataStore, *Projector, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.err != nil:
		return nil, nil, fmt.Errorf("it does not follow the log: %w", f.err)
	case f.store == nil:
		return nil, nil, errors.New("it is being opened")
	}
	f.handedOver = true
	return f.store, f.projector, nil
}

// Following tells how far it is.
func (f *Follower) Following() Following {
	f.mu.Lock()
	defer f.mu.Unlock()
	following := Following{Err: f.err}
	if f.projector != nil {
		status := f.projector.Status()
		following.Position, following.Known, following.CaughtUp = status.Position, status.Known(), status.Ready()
	}
	return following
}

// Check asks the store whether it works, if it is open, and tells why it is behind.
func (f *Follower) Check(ctx context.Context) error {
	f.using.RLock()
	defer f.using.RUnlock()
	f.mu.Lock()
	store, err := f.store, f.err
	f.mu.Unlock()
	switch {
	case err != nil:
		return err
	case store == nil:
		return errors.New("it is being opened")
	}
	return store.Check(ctx)
}
