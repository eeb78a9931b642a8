// Package group shares one expensive flush, such as an fsync, among everyone who waits for one.
package group

import (
	"sync"
	"time"
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
type Committer[T any] struct {
	flush func([]T)

	mu       sync.Mutex
	waiting  []member[T]
	expected int // how many items the next flush waits for
	closed   bool

	wake chan struct{} // holds one token when run has something to look at
	done chan struct{} // closed when run has returned
}

type member[T any] struct {
	item    T
	flushed chan struct{}
}

// New starts a Committer that hands groups of items to flush. Results, errors included, travel in the items, so T is
// usually a pointer. Close it to end its goroutine.
func New[T any](flush func([]T)) *Committer[T] {
	c := &Committer[T]{flush: flush, expected: 1, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go c.run()
	return c
}

// Do adds item to the next group and returns when that group was flushed. It reports false, without having flushed the
// item, after Close.
func (c *Committer[T]) Do(item T) bool {
	m := member[T]{item: item, flushed: make(chan struct{})}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return false
	}
	c.waiting = append(c.waiting, m)
	first, complete := len(c.waiting) == 1, len(c.waiting) == c.expected
	c.mu.Unlock()
	if first || complete {
		c.signal()
	}
	<-m.flushed
	return true
}

// Close flushes what is waiting and returns when the last flush has ended.
func (c *Committer[T]) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
	<-c.done
}

func (c *Committer[T]) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Committer[T]) run() {
	defer close(c.done)
	for {
		group, complete := c.gather()
		if len(group) == 0 {
			return
		}
		items := make([]T, len(group))
		for i, m := range group {
			items[i] = m.item
		}
		c.flush(items)

		c.mu.Lock()
		c.expected = len(group)
		if complete {
			c.expected += len(c.waiting)
		}
		c.mu.Unlock()
		for _, m := range group {
			close(m.flushed)
		}
	}
}

// gather takes the next group. It reports whether everyone expected came; the group is empty after Close.
func (c *Committer[T]) gather() (group []member[T], complete bool) {
	var (
		began   time.Time        // when the wait for company began
		tick    <-chan time.Time // when to look whether somebody came
		seen    int              // how many there were at the last look
		waiting int
	)
	for ticked := false; ; {
		c.mu.Lock()
		waiting, complete = len(c.waiting), len(c.waiting) >= c.expected
		late := ticked && (waiting == seen || time.Since(began) >= MaxWait)
		if waiting > 0 && (complete || late || c.closed) {
			return c.take(), complete
		}
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return nil, false
		}
		if waiting > 0 && tick == nil {
			began = time.Now()
		}
		if waiting > 0 && (tick == nil || ticked) {
			seen, tick = waiting, time.After(Patience)
		}
		select {
		case <-c.wake:
			ticked = false
		case <-tick:
			ticked = true
		}
	}
}

// take empties the waiting list and unlocks mu.
func (c *Committer[T]) take() []member[T] {
	defer c.mu.Unlock()
	group := c.waiting
	c.waiting = nil
	return group
}
