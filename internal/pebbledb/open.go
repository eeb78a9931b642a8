// Package pebbledb has what Pebble databases need beside Pebble.
package pebbledb

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Open opens a database with open, which uses options, and returns an error when Pebble's work behind it fails meanwhile: when
// it opens, Pebble writes to tables what its log holds, and on a disk that fails it repeats that without end and without a
// word. It goes on with that in a goroutine; should it succeed at last, because the disk was seen to, the database is closed, so
// that it can be opened again.
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
	opened := make(chan result, 1)
	go func() {
		db, err := open()
		opened <- result{db, err}
	}()
	select {
	case r := <-opened:
		return r.db, r.err
	case err := <-failed:
		go func() {
			if r := <-opened; r.err == nil {
				_ = r.db.Close() // nothing was written to it
			}
		}()
		return nil, fmt.Errorf("write to tables what the log of Pebble holds: %w", err)
	}
}
