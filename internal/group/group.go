// Package group shares one expensive flush, such as an fsync, among everyone who waits for one.
package group

import (
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/internal/crash"
)

// How long a flush waits for company that it expects.
const (
	Patience = 2 * time.Millisecond  // while nobody comes
	MaxWait  = 10 * time.Millisecond // while some come, but not as many as expected
)

// Committer gathers items and flushes them together, one flush at a time and in the order in which they came.
//
// An item that finds nobody else around is flushed at once. While a flush runs, the next group gathers; when as many
// came as last time, it is flushed without more delay. It waits for those, because writers that were just answered
// tend to come back together, and every one that shares the flush saves one. If they stay away, it goes without them and
// expects fewer from then on.
//
// The first of a group leads it: it flushes for the others, in its own goroutine, and then makes the first of the next
// group lead. A Committer has no goroutine of its own.
type Committer[T any] struct {
	flush func([]T)

	mu       sync.Mutex
	waiting  []member[T]   // the next group; its first member leads or will lead
	leading  bool          // somebody leads
	expected int           // how many items the next flush waits for
	closed   bool          // no item is accepted any more
	idle     chan struct{} // closed when nobody leads after Close

	wake chan struct{} // holds one token when the leader has something to look at
}

type member[T any] struct {
	item T
	turn chan turn
}

// turn is what a waiting member is told.
type turn int

const (
	flushed turn = iota // the item was flushed
	lead                // the item is the first of the next group
)

// New makes a Committer that hands groups of items to flush. Results, errors included, travel in the items, so T is
// usually a pointer. A panic of flush ends the process: nobody knows what became of the group, nor could lead the next.
func New[T any](flush func([]T)) *Committer[T] {
	return &Committer[T]{flush: flush, expected: 1, wake: make(chan struct{}, 1), idle: make(chan struct{})}
}

// Do adds item to the next group and returns when that group was flushed. It reports false, without having flushed the
// item, after Close.
func (c *Committer[T]) Do(item T) bool {
	m := member[T]{item: item, turn: make(chan turn, 1)}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	c.waiting = append(c.waiting, m)
	leads, complete := !c.leading, len(c.waiting) == c.expected
	c.leading = true
	c.mu.Unlock()
	switch {
	case leads:
		c.lead()
		return true
	case complete:
		c.signal()
	}
	if <-m.turn == lead {
		c.lead()
	}
	return true
}

// Close flushes what is waiting and returns when the last flush has ended. It is called once.
func (c *Committer[T]) Close() {
	c.mu.Lock()
	c.closed = true
	leading := c.leading
	c.mu.Unlock()
	if leading {
		c.signal()
		<-c.idle
	}
}

func (c *Committer[T]) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// lead flushes the group that waits, and hands over to the first of the next one.
func (c *Committer[T]) lead() {
	group, complete := c.gather()
	items := make([]T, len(group))
	for i, m := range group {
		items[i] = m.item
	}
	c.flushOrCrash(items)

	c.mu.Lock()
	c.expected = len(group)
	if complete {
		c.expected += len(c.waiting)
	}
	if len(c.waiting) > 0 {
		c.waiting[0].turn <- lead
	} else {
		c.leading = false
		if c.closed {
			close(c.idle)
		}
	}
	c.mu.Unlock()
	for _, m := range group[1:] {
		m.turn <- flushed
	}
}

func (c *Committer[T]) flushOrCrash(items []T) {
	defer func() {
		if cause := recover(); cause != nil {
			crash.With(cause)
		}
	}()
	c.flush(items)
}

// gather waits for the group to be complete, and takes it. It reports whether everyone expected came.
func (c *Committer[T]) gather() (group []member[T], complete bool) {
	var (
		began time.Time        // when the wait for company began
		tick  <-chan time.Time // when to look whether somebody came; nil before the wait
		seen  int              // how many there were at the last look
	)
	for ticked := false; ; {
		c.mu.Lock()
		group, complete = c.waiting, len(c.waiting) >= c.expected
		late := ticked && (len(group) == seen || time.Since(began) >= MaxWait)
		if complete || late || c.closed {
			c.waiting = nil
			c.mu.Unlock()
			return group, complete
		}
		c.mu.Unlock()
		if tick == nil {
			began = time.Now()
		}
		if tick == nil || ticked {
			seen, tick = len(group), time.After(Patience)
		}
		select {
		case <-c.wake:
			ticked = false
		case <-tick:
			ticked = true
		}
	}
}
