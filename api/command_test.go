package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/bleepstore/bleepstore/eventlog"
)

// lateStore is one that is behind the log until it is released.
type lateStore struct {
	*instantLog
	appending sync.Mutex
	caughtUp  chan struct{}
}

func (l *lateStore) Append(ctx context.Context, events ...eventlog.Event) (eventlog.Position, error) {
	l.appending.Lock()
	defer l.appending.Unlock()
	return l.instantLog.Append(ctx, events...)
}

func (l *lateStore) Wait(context.Context, eventlog.Position) error {
	<-l.caughtUp
	return nil
}

func wantSlowDown(t *testing.T, what string, err error) {
	t.Helper()
	if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Code != SlowDown {
		t.Errorf("%s: error %v, want SlowDown", what, err)
	}
}

// While the store is behind, only so many commands wait for it, or for the locks of others; the rest is refused at once
// and leaves no blob. Those that free space have room when the others have none.
func TestCommandsWhileTheStoreIsBehind(t *testing.T) {
	const surplus = 20
	s, log := newBlobService(t)
	mustPutBlob(t, s, "old", "content")
	late := &lateStore{instantLog: log, caughtUp: make(chan struct{})}
	s.log = late
	s.metadata.now.Store(newServing(log.store, late))
	catchUp := sync.OnceFunc(func() { close(late.caughtUp) })
	defer catchUp()

	// start starts commands and returns how those end that were not refused.
	start := func(what string, waiting int, command func(i int) error) <-chan error {
		ended := make(chan error, waiting+surplus)
		for i := range waiting + surplus {
			go func() { ended <- command(i) }()
		}
		for range surplus {
			wantSlowDown(t, what, <-ended)
		}
		return ended
	}
	puts := start("put", maxCommands, func(i int) error {
		_, err := putBlob(t.Context(), s, fmt.Sprint("key-", i), strings.NewReader("content"))
		return err
	})
	deletes := start("delete", maxFreeing-maxCommands, func(int) error {
		_, err := s.DeleteObject(t.Context(), blobCaller.performing("DeleteObject", ""), "bucket", DeleteKey{Key: "old"})
		return err
	})
	_, err := putBlob(t.Context(), s, "another", iotest.ErrReader(errors.New("the body was read")))
	wantSlowDown(t, "one put more", err)

	catchUp()
	for range maxCommands {
		if err := <-puts; err != nil {
			t.Errorf("put that waited: %v", err)
		}
	}
	for range maxFreeing - maxCommands {
		if err := <-deletes; err != nil {
			t.Errorf("delete that waited: %v", err)
		}
	}
	mustPutBlob(t, s, "after", "content")
	blobs, err := s.blobs.List(t.Context(), "", 1<<20)
	if want := 1 + maxCommands + 1; err != nil || len(blobs) != want {
		t.Errorf("there are %d blobs, %v; want %d: those of the puts that were not refused", len(blobs), err, want)
	}
}

// brokenStore is one that has stopped to apply what is in the log.
type brokenStore struct{ *instantLog }

func (b brokenStore) Append(context.Context, ...eventlog.Event) (eventlog.Position, error) {
	b.seq++
	return b.Head(), nil
}

func (b brokenStore) Wait(context.Context, eventlog.Position) error {
	return errors.New("the store is broken")
}

// When the store has stopped to apply what is decided, nothing is decided by it any more, until another store serves.
func TestCommandsWhenTheStoreHasStopped(t *testing.T) {
	s, log := newBlobService(t)
	mustPutBlob(t, s, "key", "content")
	broken := brokenStore{log}
	s.log = broken
	s.metadata.now.Store(newServing(log.store, broken))
	before := log.seq
	for range 3 {
		_, err := putBlob(t.Context(), s, "key", strings.NewReader("more"))
		if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Code != ServiceUnavailable {
			t.Errorf("error %v, want ServiceUnavailable", err)
		}
	}
	if log.seq != before+1 {
		t.Errorf("%d events were decided by a store that lacks the first of them", log.seq-before)
	}

	s.log = log
	if err := s.Serve(t.Context(), log.store, log); err != nil {
		t.Fatal(err)
	}
	mustPutBlob(t, s, "key", "more")
}
