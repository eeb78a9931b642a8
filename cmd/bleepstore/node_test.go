package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/api/metrics"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/control"
	"github.com/bleepstore/bleepstore/projections"
)

// startTestNode starts a node in a new folder, and waits until it has caught up.
func startTestNode(t *testing.T, environ ...string) *node {
	t.Helper()
	c, err := config.Load("", append(environ, "BLEEPSTORE_DATA="+t.TempDir()), nil)
	if err != nil {
		t.Fatal(err)
	}
	out := output{Logger: zerolog.New(zerolog.NewTestWriter(t)), metrics: metrics.New("test")}
	p, err := openParts(t.Context(), c, out)
	if err != nil {
		t.Fatal(err)
	}
	n := startNode(c, p, out)
	if !n.catchUp(t.Context()) {
		t.Fatal("the node does not catch up")
	}
	return n
}

// takeOverSoon has an engine serve, as soon as it can.
func takeOverSoon(t *testing.T, n *node, engine string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := n.takeOver(t.Context(), engine)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// What goes on beside requests uses the store that serves until it has ended, also one that took over.
func TestTheServingStoreIsClosedLast(t *testing.T) {
	n := startTestNode(t, "BLEEPSTORE_METADATA_ENGINE=jsonl", "BLEEPSTORE_PROJECTIONS=pebble")
	takeOverSoon(t, n, "pebble")
	stop, stopped := n.stop, make(chan struct{})
	n.stop = func() {
		stop()
		close(stopped)
	}
	n.background.Go(func() {
		<-stopped
		for range 20 {
			time.Sleep(5 * time.Millisecond) // in which nobody who looks at his context does anything
			if _, err := n.serving().store.Buckets(context.Background(), "", 1); err != nil {
				t.Error(err)
			}
		}
	})
	if err := n.close(); err != nil {
		t.Error(err)
	}
}

// What is said of an engine that has failed goes by whether it serves.
func TestRemedy(t *testing.T) {
	first, other := engine{name: config.EngineSQLite, place: "/first"}, engine{name: config.EnginePebble, place: "/other"}
	n := &node{}
	n.current.Store(&served{engine: first})
	if said := n.remedy(first, errors.New("broken")); !strings.Contains(said, "503") {
		t.Errorf("of what serves, %q is said", said)
	}
	if said := n.remedy(other, errors.New("broken")); strings.Contains(said, "503") || !strings.Contains(said, "/other") {
		t.Errorf("of what does not serve, %q is said", said)
	}
}

// noLog is a log that cannot be read.
type noLog struct{}

func (noLog) Read(context.Context, eventlog.Position) (projections.Reader, error) {
	return nil, errors.New("it cannot be read")
}

func (noLog) Head() eventlog.Position { return eventlog.Position{} }

// An engine that does not follow the log any more does not get back what it has handed over, even if it has applied all.
func TestABrokenEngineDoesNotTakeOverAgain(t *testing.T) {
	n := startTestNode(t, "BLEEPSTORE_METADATA_ENGINE=memory", "BLEEPSTORE_PROJECTIONS=pebble")
	defer func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	}()
	takeOverSoon(t, n, "pebble")
	broken := newServed(n.first.engine, n.first.store, projections.NewProjector(noLog{}, n.first.store))
	if err := broken.projector.Run(t.Context()); err == nil {
		t.Fatal("a log that cannot be read is read")
	}
	later := &node{parts: n.parts, out: n.out, service: n.service, first: broken, followers: n.followers}
	later.current.Store(n.serving())
	err := later.takeOver(t.Context(), "memory")
	if _, ok := errors.AsType[*admin.ConflictError](err); !ok {
		t.Errorf("takeOver: %v", err)
	}
	if serves := later.serving().name; serves != "pebble" {
		t.Errorf("%s serves", serves)
	}
}

// A task that decides, or that copies all, is not done with metadata that lacks what is in the log.
func TestTasksWaitForTheMetadata(t *testing.T) {
	first := &served{projector: projections.NewProjector(noLog{}, nil)}
	n := &node{first: first, projected: make(chan struct{})} // it has no parts: to do a task would panic
	n.current.Store(first)
	ended := make(chan error, 1)
	go func() {
		ended <- n.doTask(t.Context(), control.Request{Task: "import"}, newConsole(io.Discard, io.Discard))
	}()
	select {
	case err := <-ended:
		t.Fatalf("the task did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(n.projected)
	if err := <-ended; !errors.Is(err, errStarting) {
		t.Errorf("doTask: %v", err)
	}
}

func TestCloseDoesNotWaitForeverForTheProjector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := false
		// It has no parts: closing them would panic.
		n := &node{stop: func() { stopped = true }, stopFollowing: func() {}, projected: make(chan struct{})}
		began := time.Now()
		if err := n.close(); err == nil {
			t.Error("close gave no error, although the projector goes on")
		}
		if waited := time.Since(began); waited != stopTimeout {
			t.Errorf("close waited %v, want %v", waited, stopTimeout)
		}
		if !stopped {
			t.Error("the projector was not told to end")
		}
		close(n.projected) // it ends at last
	})
}
