package projections_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// closableStore is a store that tells whether it was closed.
type closableStore struct {
	*memory.Store
	closed atomic.Bool
}

func (c *closableStore) Close() error {
	c.closed.Store(true)
	return c.Store.Close()
}

// failingLog is a log that can be read until it fails.
type failingLog struct{ failed chan struct{} }

func (f failingLog) Read(context.Context, eventlog.Position) (projections.Reader, error) {
	return f, nil
}
func (f failingLog) Head() eventlog.Position { return eventlog.Position{} }
func (f failingLog) Close()                  {}

func (f failingLog) Next(ctx context.Context) ([]eventlog.Commit, error) {
	select {
	case <-f.failed:
		return nil, errBroken
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errBroken = errors.New("the log is broken")

// A store that others hold stays open when it does not follow the log any more, and that is said to be final.
func TestAStoreThatWasHandedOverFails(t *testing.T) {
	store, log := &closableStore{Store: memory.New()}, failingLog{make(chan struct{})}
	opened := make(chan struct{}, 2)
	told := make(chan error, 2)
	f := projections.NewFollower(log, func(context.Context) (projections.MetadataStore, error) {
		opened <- struct{}{}
		return store, nil
	}, func(err error) { told <- err })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var following sync.WaitGroup
	following.Go(func() { f.Run(ctx) })
	<-opened
	for {
		if _, _, err := f.HandOver(); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(log.failed)
	if err := <-told; !errors.Is(err, projections.ErrHandedOver) || !errors.Is(err, errBroken) {
		t.Errorf("told: %v", err)
	}
	if _, _, err := f.HandOver(); !errors.Is(err, errBroken) {
		t.Errorf("HandOver: %v", err)
	}
	if store.closed.Load() {
		t.Error("the store is closed while others hold it")
	}
	stop()
	following.Wait()
	if !store.closed.Load() || len(opened) > 0 {
		t.Errorf("closed: %v, opened again: %d", store.closed.Load(), len(opened))
	}
}
