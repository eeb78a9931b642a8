// Package pebbledb has what Pebble databases need beside Pebble.
package pebbledb

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// Open opens a database with open, which uses options, and returns an error when Pebble's work behind it fails meanwhile: when
// it opens, Pebble writes to tables what its log holds, and on a disk that fails it repeats that without end and without a
// word. It goes on with that in a goroutine; should it succeed at last, because the disk was seen to, the database is closed, so
// that it can be opened again; what is fatal to Pebble ends the goroutine then, and not the process.
func Open(options *pebble.Options, open func() (*pebble.DB, error)) (*pebble.DB, error) {
	type result struct {
		db  *pebble.DB
		err error
	}
	failed := make(chan error, 1)
	options.AddEventListener(pebble.EventListener{BackgroundError: func(err error) {
		select {
		case failed <- err:
		default: // the first one is known
		}
	}})
	logger := &logger{Logger: options.Logger}
	if options.Logger != nil {
		options.Logger = logger
	}
	opened := make(chan result, 1)
	go func() {
		defer close(opened)
		db, err := open()
		opened <- result{db, err}
	}()
	select {
	case r := <-opened:
		return r.db, r.err
	case err := <-failed:
		logger.givenUp.Store(true)
		go func() {
			if r, ended := <-opened; ended && r.err == nil {
				_ = r.db.Close() // nothing was written to it
			}
		}()
		return nil, fmt.Errorf("write to tables what the log of Pebble holds: %w", err)
	}
}

// logger is told of what is fatal.
type logger struct {
	pebble.Logger
	givenUp atomic.Bool // nobody waits for the database any more
}

// Fatalf implements pebble.Logger, and does not return.
func (l *logger) Fatalf(format string, args ...any) {
	if l.givenUp.Load() {
		runtime.Goexit()
	}
	l.Logger.Fatalf(format, args...)
}
