package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/bleepstore/bleepstore/internal/control"
)

// barInterval is how often the line that shows progress is drawn.
const barInterval = 200 * time.Millisecond

// console is where a task of this process says what it does: text goes to the standard output, and how far the task has
// come is shown on a line of the terminal, if there is one.
type console struct {
	stdout io.Writer
	bar    io.Writer // nil to show no progress
	unit   string    // of what is shown
	began  time.Time // in that unit
	drawn  time.Time // zero if no line is there
}

func newConsole(stdout, stderr io.Writer) *console {
	c := &console{stdout: stdout}
	if file, ok := stderr.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		c.bar = stderr
	}
	return c
}

func (c *console) Write(p []byte) (int, error) {
	c.end()
	return c.stdout.Write(p)
}

// Progress implements control.Reporter.
func (c *console) Progress(p control.Progress) {
	if c.unit != p.Unit {
		c.unit, c.began = p.Unit, time.Now()
	}
	if c.bar == nil || time.Since(c.drawn) < barInterval {
		return
	}
	c.drawn = time.Now()
	took := c.drawn.Sub(c.began)
	if p.Total == 0 {
		fmt.Fprintf(c.bar, "\r\x1b[K%d %s, %.0f a second", p.Done, p.Unit, float64(p.Done)/took.Seconds())
		return
	}
	left := time.Duration(0)
	if p.Done > 0 && p.Total > p.Done {
		left = time.Duration(float64(took) * float64(p.Total-p.Done) / float64(p.Done))
	}
	fmt.Fprintf(c.bar, "\r\x1b[K%3d %%  %d of %d %s, %.0f a second, %v left",
		100*p.Done/p.Total, p.Done, p.Total, p.Unit, float64(p.Done)/took.Seconds(), left.Round(time.Second))
}

// end takes the line away.
func (c *console) end() {
	if c.bar != nil && !c.drawn.IsZero() {
		fmt.Fprint(c.bar, "\r\x1b[K")
		c.drawn = time.Time{}
	}
}
