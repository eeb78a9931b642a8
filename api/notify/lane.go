package notify

import (
	"container/heap"
	"time"
)

// job is a message on its way.
type job struct {
	Undelivered
	refused int  // how often the target has refused it since the process began
	stored  bool // the store has it among those that wait
}

// lane is the messages about one key of one bucket, in their order. Only the first is sent: the others wait for it.
type lane struct {
	name string
	jobs []*job // never empty
	due  time.Time
}

// lanes are those of one target: each is being sent, or ready to be, or waits for the time of its next try.
type lanes struct {
	all     map[string]*lane
	ready   []*lane
	waiting dueHeap
	jobs    int
}

func newLanes() *lanes { return &lanes{all: make(map[string]*lane)} }

func laneName(u *Undelivered) string { return u.Bucket + "/" + u.Key }

// add puts a message behind the others of its key.
func (l *lanes) add(j *job) {
	l.jobs++
	name := laneName(&j.Undelivered)
	if at := l.all[name]; at != nil {
		at.jobs = append(at.jobs, j)
		return
	}
	at := &lane{name: name, jobs: []*job{j}}
	l.all[name] = at
	l.ready = append(l.ready, at)
}

// next takes a lane whose first message is to be sent; nil if there is none.
func (l *lanes) next(now time.Time) *lane {
	for len(l.waiting) > 0 && !l.waiting[0].due.After(now) {
		l.ready = append(l.ready, heap.Pop(&l.waiting).(*lane))
	}
	if len(l.ready) == 0 {
		return nil
	}
	at := l.ready[0]
	l.ready[0] = nil
	l.ready = l.ready[1:]
	return at
}

// due is when next has a lane: the zero time if it has one already, and false if it will not have any.
func (l *lanes) due() (time.Time, bool) {
	switch {
	case len(l.ready) > 0:
		return time.Time{}, true
	case len(l.waiting) > 0:
		return l.waiting[0].due, true
	}
	return time.Time{}, false
}

// later has a lane that next has returned wait.
func (l *lanes) later(at *lane, due time.Time) {
	at.due = due
	heap.Push(&l.waiting, at)
}

// hurry makes all lanes ready that wait for their time.
func (l *lanes) hurry() {
	for len(l.waiting) > 0 {
		l.ready = append(l.ready, heap.Pop(&l.waiting).(*lane))
	}
}

// remove removes the first n messages of a lane that next has returned. The one behind them is ready.
func (l *lanes) remove(at *lane, n int) {
	l.jobs -= n
	clear(at.jobs[:n])
	if at.jobs = at.jobs[n:]; len(at.jobs) == 0 {
		delete(l.all, at.name)
		return
	}
	l.ready = append(l.ready, at)
}

// dueHeap has the lane first that is due first.
type dueHeap []*lane

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
}
func (h *dueHeap) Push(x any) { *h = append(*h, x.(*lane)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := len(old) - 1
	at := old[last]
	old[last] = nil
	*h = old[:last]
	return at
}
