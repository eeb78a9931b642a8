package cosmos

import (
	"context"
	"sync"
	"time"
)

// lost keeps until when a change may still be made whose answer was lost: the connection was cut, no answer came in time, or
// the service said that it doesn't know.
//
// Such a change is repeated, but the first request of it may be made later than its repetition, and later than what follows
// it: then an old row would replace a newer one. The service has no upsert that depends on the commit of a row. So a call
// that changes rows begins, and returns nil, only when all lost requests are over. One that fails returns at once, and the
// next one waits. The gateway gives up on a request after 60 seconds; from then on it was made or it never will be.
//
// Other requests that failed were refused, and are not waited for. Neither are those of a process that was killed: see the
// README.
type lost struct {
	mu    sync.Mutex
	until time.Time
}

func (l *lost) note(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.until) {
		l.until = until
	}
}

// wait returns when no lost request can be made any more.
func (l *lost) wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		left := time.Until(l.until)
		l.mu.Unlock()
		if left <= 0 {
			return nil
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// settled makes changes when all lost requests are over, and returns nil only when those are over that it has lost itself.
func (t *Table) settled(ctx context.Context, doing string, changes func() error) error {
	if err := t.lost.wait(ctx); err != nil {
		return t.explain(doing, err)
	}
	if err := changes(); err != nil {
		return err
	}
	if err := t.lost.wait(ctx); err != nil {
		return t.explain(doing, err)
	}
	return nil
}
