package remote

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bleepstore/bleepstore/backends"
)

// errSlow ends the context of what takes too long.
var errSlow = fmt.Errorf("%w: it did not answer in time", backends.ErrUnavailable)

// watch ends a context when one of the steps that are made within it takes too long. A step costs next to nothing: the timer
// that there is goes on until it has something to look at.
type watch struct {
	limit  time.Duration
	cancel context.CancelCauseFunc
	start  time.Time
	since  atomic.Int64 // when the step under way began, in nanoseconds after start; 0 if none is

	mu      sync.Mutex // guards what follows
	timer   *time.Timer
	stopped bool
}

func newWatch(limit time.Duration, cancel context.CancelCauseFunc) *watch {
	w := &watch{limit: limit, cancel: cancel, start: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(limit, w.look)
	return w
}

// look ends the context if the step under way has had its time, and looks again when one can have had it.
func (w *watch) look() {
	left := w.limit
	if since := w.since.Load(); since > 0 {
		left -= time.Since(w.start) - time.Duration(since)
	}
	if left <= 0 {
		w.cancel(errSlow)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.timer.Reset(left)
	}
}

func (w *watch) begin() { w.since.Store(max(1, int64(time.Since(w.start)))) }

func (w *watch) end() { w.since.Store(0) }

// stop ends the watch.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}
