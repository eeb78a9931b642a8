package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
)

// progressInterval is how often a progress line is written.
const progressInterval = 200 * time.Millisecond

// progress shows how far something has come, on a line of a terminal. Elsewhere it shows nothing.
type progress struct {
	w     io.Writer // nil to show nothing
	what  string
	total uint64
	done  uint64
	shown time.Time
	began time.Time
}

func newProgress(w io.Writer, what string, total uint64) *progress {
	p := &progress{what: what, total: total, began: time.Now()}
	if file, ok := w.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		p.w = w
	}
	return p
}

// to says how much is done.
func (p *progress) to(done uint64) {
	p.done = max(p.done, done)
	if p.w == nil || time.Since(p.shown) < progressInterval {
		return
	}
	p.shown = time.Now()
	took := p.shown.Sub(p.began)
	left := time.Duration(0)
	if p.done > 0 && p.total > p.done {
		left = time.Duration(float64(took) * float64(p.total-p.done) / float64(p.done))
	}
	fmt.Fprintf(p.w, "\r\x1b[K%3d %%  %d of %d %s, %.0f a second, %v left",
		100*p.done/max(p.total, 1), p.done, p.total, p.what, float64(p.done)/took.Seconds(), left.Round(time.Second))
}

// end takes the line away.
func (p *progress) end() {
	if p.w != nil && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = time.Time{}
	}
}
