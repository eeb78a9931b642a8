package projections_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// putKey is an event that creates an object without bytes.
func putKey(key string) eventlog.Event {
	return event(&eventlog.ObjectCreated{Bucket: "b", Key: key})
}

// run starts a projector. The function that it returns ends it and returns Run's error.
func run(t *testing.T, source projections.Source, store projections.MetadataStore) (*projections.Projector, func() error) {
	t.Helper()
	p := projections.NewProjector(source, store)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return p, stop
}

func TestProjectorAppliesTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, store := newFakeLog(), memory.New()
		for i := range 3000 {
			log.append(putKey(fmt.Sprint("early ", i)))
		}
		p, stop := run(t, log, store)
		synctest.Wait()
		if s := p.Status(); s.Position != positionAt(3000) || s.Target != positionAt(3000) || !s.Ready() {
			t.Fatalf("with all of the log applied: %+v", s)
		}

		position := log.append(putKey("late"), putKey("later"))
		if err := p.Wait(t.Context(), position); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"early 0", "early 2999", "late", "later"} {
			if _, err := store.Object(t.Context(), "b", key); err != nil {
				t.Error(err)
			}
		}
		if got, err := store.Position(t.Context()); got != position || err != nil {
			t.Errorf("the store is at %v, %v; want %v", got, err, position)
		}
		if err := stop(); err != nil {
			t.Errorf("Run, told to end: %v", err)
		}
		if s := p.Status(); s.Ready() || s.Err != nil {
			t.Errorf("after the end: %+v", s)
		}
	})
}

// heldStore lets Apply go on only with a token.
type heldStore struct {
	*memory.Store
	token   chan struct{}
	applied []int // the number of changes of each Apply
}

func (s *heldStore) Apply(ctx context.Context, pos eventlog.Position, changes []projections.Change) error {
	<-s.token
	s.applied = append(s.applied, len(changes))
	return s.Store.Apply(ctx, pos, changes)
}

func TestProjectorIsReadyWhenItHasCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, store := newFakeLog(), &heldStore{Store: memory.New(), token: make(chan struct{})}
		if projections.NewProjector(log, store).Status().Ready() {
			t.Error("ready before Run")
		}
		for range 1000 {
			log.append(putKey("a"), putKey("b"))
		}
		p, stop := run(t, log, store)
		synctest.Wait()
		for applied := 0; applied < 1000; {
			if s := p.Status(); s.Ready() || !s.Running || isClosed(p.CaughtUp()) {
				t.Fatalf("after %d of 1000 commits: %+v", applied, s)
			}
			store.token <- struct{}{}
			synctest.Wait()
			applied = int(p.Status().Position.Seq)
		}
		log.append(putKey("c"))
		synctest.Wait()
		if !p.Status().Ready() || !isClosed(p.CaughtUp()) {
			t.Error("not ready, with only what came after the start to do")
		}
		close(store.token)
		if err := stop(); err != nil {
			t.Error(err)
		}
		for _, n := range store.applied {
			if n > 1024 {
				t.Errorf("an Apply had %d changes", n)
			}
		}
		if len(store.applied) > 4 {
			t.Errorf("2001 events took %d Applies", len(store.applied))
		}
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestProjectorAppliesALargeCommitWhole(t *testing.T) {
	log, store := newFakeLog(), memory.New()
	events := make([]eventlog.Event, 5000)
	for i := range events {
		events[i] = putKey(fmt.Sprint(i))
	}
	log.append(putKey("x"))
	position := log.append(events...)
	p, _ := run(t, log, store)
	if err := p.Wait(t.Context(), position); err != nil {
		t.Fatal(err)
	}
}

func TestProjectorGoesOnFromTheStoresPosition(t *testing.T) {
	log, store := newFakeLog(), memory.New()
	log.append(putKey("a"))
	position := log.append(putKey("b"))
	if err := store.Apply(t.Context(), positionAt(1), nil); err != nil {
		t.Fatal(err)
	}
	p, _ := run(t, log, store)
	if err := p.Wait(t.Context(), position); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Object(t.Context(), "b", "a"); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("what was applied before was applied again: %v", err)
	}
	if _, err := store.Object(t.Context(), "b", "b"); err != nil {
		t.Error(err)
	}
}

func TestProjectorStops(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name    string
		arrange func(t *testing.T, log *fakeLog, store *memory.Store) projections.MetadataStore
		want    error // nil for any
		at      eventlog.Position
	}{
		{"at damage in the log", func(_ *testing.T, log *fakeLog, store *memory.Store) projections.MetadataStore {
			log.append(putKey("a"))
			log.fail(broken)
			return store
		}, broken, positionAt(1)},
		{"at a position that the log refuses", func(t *testing.T, log *fakeLog, store *memory.Store) projections.MetadataStore {
			log.append(putKey("a"))
			if err := store.Apply(t.Context(), eventlog.Position{Log: "another", Seq: 1}, nil); err != nil {
				t.Fatal(err)
			}
			return store
		}, errRefused, eventlog.Position{Log: "another", Seq: 1}},
		{"at an event that it does not know", func(_ *testing.T, log *fakeLog, store *memory.Store) projections.MetadataStore {
			for range 1024 {
				log.append(putKey("a"))
			}
			log.append(event(strange{}))
			return store
		}, nil, positionAt(1024)},
		{"at a store that fails", func(_ *testing.T, log *fakeLog, store *memory.Store) projections.MetadataStore {
			log.append(putKey("a"))
			return brokenStore{store, broken}
		}, broken, eventlog.Position{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, inner := newFakeLog(), memory.New()
				store := tt.arrange(t, log, inner)
				p := projections.NewProjector(log, store)
				waited := make(chan error)
				go func() { waited <- p.Wait(t.Context(), positionAt(5000)) }()
				synctest.Wait()

				err := p.Run(t.Context())
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("Run: got %v, want %v", err, tt.want)
				}
				for _, err := range []error{<-waited, p.Wait(t.Context(), positionAt(5000))} {
					if !errors.Is(err, projections.ErrStopped) || tt.want != nil && !errors.Is(err, tt.want) {
						t.Errorf("Wait: got %v, want ErrStopped and %v", err, tt.want)
					}
				}
				if s := p.Status(); s.Ready() || s.Err != err {
					t.Errorf("status: %+v", s)
				}
				if at, err := inner.Position(t.Context()); at != tt.at || err != nil {
					t.Errorf("the store is at %v, %v; want %v", at, err, tt.at)
				}
			})
		})
	}
}

type brokenStore struct {
	*memory.Store
	err error
}

func (s brokenStore) Apply(context.Context, eventlog.Position, []projections.Change) error {
	return s.err
}

func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newFakeLog()
		p, stop := run(t, log, memory.New())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Wait(ctx, positionAt(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("with its context ended: %v", err)
		}
		waited := make(chan error)
		go func() { waited <- p.Wait(t.Context(), positionAt(1)) }()
		synctest.Wait()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; !errors.Is(err, projections.ErrStopped) {
			t.Errorf("with the projector told to end: %v", err)
		}
		if err := p.Wait(t.Context(), positionAt(0)); err != nil {
			t.Errorf("for what is applied, after the end: %v", err)
		}
	})
}

// BenchmarkWait has 64 writers, each waiting for its commit.
func BenchmarkWait(b *testing.B) {
	log, store := newFakeLog(), memory.New()
	p := projections.NewProjector(log, store)
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = p.Run(ctx) })
	defer running.Wait()
	defer cancel()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := p.Wait(ctx, log.append(putKey("k"))); err != nil {
				b.Error(err)
			}
		}
	})
}
