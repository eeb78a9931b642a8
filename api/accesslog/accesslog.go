// Package accesslog writes a line for each S3 request, as JSON or in Amazon's format of server access logs. README.md in this
// folder tells who reads them what is in them.
package accesslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bleepstore/bleepstore/api/s3"
)

const (
	// flushInterval is how long a line waits at most until it is written, if writing is no slower.
	flushInterval = 250 * time.Millisecond
	// maxWaiting is how many bytes of lines may wait while others are being written.
	maxWaiting = 4 << 20
	// reportInterval is how often at most it is told that lines are lost.
	reportInterval = time.Minute
)

// Format is a form of lines.
type Format func(line []byte, r *s3.Request) []byte

// Config says what is written, and where to.
type Config struct {
	Format Format // JSON or Amazon
	// Path is a file that is appended to, and made if it is not there; empty for Output.
	Path   string
	Output io.Writer // such as the standard output
	// Reopen has the file opened again by its name, so that lines go to another one when that was renamed. If it cannot be opened,
	// lines go on to the one that is open. Nil for never.
	Reopen <-chan os.Signal
	// Report is told that lines are lost, at most once a minute. It must not block.
	Report func(error)
}

// Log is an access log. Nobody waits for it but who closes it.
//
// Lines gather in memory, up to a fixed number of bytes, while one goroutine writes those that gathered before. What comes when
// there is no room is dropped, and counted.
type Log struct {
	format  Format
	report  func(error)
	out     *output
	dropped atomic.Uint64

	mu      sync.Mutex // held for moments, never while something is written
	waiting []byte     // lines

	reopen         <-chan os.Signal
	halfFull, stop chan struct{}
	ended          chan struct{} // closed when the goroutine has ended

	// What the goroutine alone works with.
	spare  []byte // the memory of lines that were written
	failed error  // why lines were lost since it was told last; nil if there was no room for them
	told   uint64 // how many lost lines it was told of
	toldAt time.Time
}

// errBehind is why lines are lost for which there is no room.
var errBehind = errors.New("what they are written to is slower than requests come")

// Open begins a log. An error is one of opening the file.
func Open(c Config) (*Log, error) {
	out, err := openOutput(c)
	if err != nil {
		return nil, err
	}
	l := &Log{
		format: c.Format, report: c.Report, out: out, reopen: c.Reopen,
		halfFull: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	go l.run()
	return l, nil
}

var lines = sync.Pool{New: func() any { return new([]byte) }}

// Observe logs a request. It is for s3.Config.Observe.
func (l *Log) Observe(r s3.Request) {
	line := lines.Get().(*[]byte)
	defer lines.Put(line)
	*line = append(l.format((*line)[:0], &r), '\n')
	if filled, ok := l.add(*line); !ok {
		l.dropped.Add(1)
	} else if filled > maxWaiting/2 {
		select {
		case l.halfFull <- struct{}{}:
		default: // the goroutine is about to wake up anyway
		}
	}
}

// add adds a line if there is room for it, and returns how many bytes wait.
func (l *Log) add(line []byte) (filled int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting)+len(line) > maxWaiting {
		return len(l.waiting), false
	}
	l.waiting = append(l.waiting, line...)
	return len(l.waiting), true
}

// Dropped counts the lines that were lost, because there was no room for them or because they could not be written.
func (l *Log) Dropped() uint64 { return l.dropped.Load() }

// Close writes what waits, and closes the file. When ctx ends before, the rest may be lost. No request is observed any more.
func (l *Log) Close(ctx context.Context) error {
	close(l.stop)
	select {
	case <-l.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("write the last lines of the access log: %w", ctx.Err())
	}
}

// run writes lines until it is stopped.
func (l *Log) run() {
	defer close(l.ended)
	tick := time.NewTicker(flushInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.flush()
		case <-l.halfFull:
			l.flush()
		case <-l.reopen:
			l.flush()
			if err := l.out.reopen(); err != nil {
				l.report(fmt.Errorf("lines of the access log go on to the file that was opened before: %w", err))
			}
		case <-l.stop:
			l.flush()
			if err := l.out.close(); err != nil {
				l.failed = err
			}
			l.toldAt = time.Time{}
			l.tell()
			return
		}
		l.tell()
	}
}

// flush writes the lines that wait.
func (l *Log) flush() {
	l.mu.Lock()
	taken := l.waiting
	l.waiting = l.spare[:0]
	l.mu.Unlock()
	l.spare = taken
	if len(taken) == 0 {
		return
	}
	if n, err := l.out.write(taken); err != nil {
		l.dropped.Add(uint64(bytes.Count(taken[n:], []byte("\n"))))
		l.failed = err
	}
}

// tell reports what was lost, unless that was done a moment ago.
func (l *Log) tell() {
	dropped := l.dropped.Load()
	if dropped == l.told && l.failed == nil || time.Since(l.toldAt) < reportInterval {
		return
	}
	why := l.failed
	if why == nil {
		why = errBehind
	}
	l.report(fmt.Errorf("%d lines of the access log are lost: %w", dropped-l.told, why))
	l.told, l.failed, l.toldAt = dropped, nil, time.Now()
}
