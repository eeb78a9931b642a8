package dynamodb

import (
	"context"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// unsettled knows the rows that a request may still write that was given up without an answer. The request was repeated and
// what it writes is what its call has written, so it does no harm before a later commit writes the row: that would be undone.
// So such a write waits until the request is settled, which is taken to be so a fixed time after it was given up: DynamoDB
// documents no bound. No other write waits, and none does after requests that were answered, even with an error.
type unsettled struct {
	settle time.Duration

	mu   sync.Mutex
	rows map[rows.Key]late
}

// late is a write that may still be made.
type late struct {
	commit uint64
	// conditional tells that it is made only if it finds no row, or none of a later commit: then only the removal of the row
	// can be undone.
	conditional bool
	until       time.Time // when it is settled
}

func (l late) undoes(w rows.Write) bool { return l.commit < w.Commit && (!l.conditional || w.Remove) }

// watch returns a context for requests that make writes. Those of the requests that get no answer leave the writes unsettled.
func (u *unsettled) watch(ctx context.Context, writes []rows.Write, conditional bool) context.Context {
	return context.WithValue(ctx, unansweredKey{}, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.rows == nil {
			u.rows = make(map[rows.Key]late)
		}
		for _, w := range writes {
			before, more := u.rows[w.Key]
			u.rows[w.Key] = late{
				commit: w.Commit, conditional: conditional && (!more || before.conditional), until: time.Now().Add(u.settle),
			}
		}
	})
}

// wait waits until nothing that is unsettled undoes the writes.
func (u *unsettled) wait(ctx context.Context, writes []rows.Write) error {
	if until := u.until(writes); !until.IsZero() {
		return sleep(ctx, time.Until(until))
	}
	return nil
}

// until returns when nothing that is unsettled undoes the writes any more, zero for at once. It forgets what is settled.
func (u *unsettled) until(writes []rows.Write) (until time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	for key, l := range u.rows {
		if !l.until.After(now) {
			delete(u.rows, key)
		}
	}
	if len(u.rows) == 0 {
		return until
	}
	for _, w := range writes {
		if l, ok := u.rows[w.Key]; ok && l.undoes(w) && l.until.After(until) {
			until = l.until
		}
	}
	return until
}
