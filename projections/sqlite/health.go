package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	sqlite3 "github.com/ncruces/go-sqlite3"

	"github.com/bleepstore/bleepstore/internal/fulldisk"
	"github.com/bleepstore/bleepstore/projections"
)

// health keeps what is wrong with the database, for Check to report.
type health struct {
	path string // of the database

	mu      sync.Mutex
	damage  error // stays
	waiting error // what an Apply waits for the end of
}

func (h *health) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.damage != nil {
		return h.damage
	}
	return h.waiting
}

func (h *health) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// explain says of an error that means damage what to do about it, and keeps it. The folder is to be moved, because a new
// database would take the files beside the old one for its own.
func (h *health) explain(err error) error {
	if !errors.Is(err, sqlite3.CORRUPT) && !errors.Is(err, sqlite3.NOTADB) && !errors.Is(err, sqlite3.IOERR_DATA) {
		return err
	}
	err = &projections.DamagedError{Dir: filepath.Dir(h.path), Found: fmt.Errorf("%s: %w", filepath.Base(h.path), err)}
	h.set(func() { h.damage = err })
	return err
}

// retryInterval is how long a write that found no space, or another program writing, waits before it tries again.
const retryInterval = 100 * time.Millisecond

// retry calls write, and again for as long as it fails for a reason that passes: the disk is full, or another program
// writes to the database, which it should not. Whether there is space again is for the write itself to find out; each one
// that failed was undone. Reads go on meanwhile.
func (h *health) retry(ctx context.Context, write func() error) error {
	defer h.set(func() { h.waiting = nil })
	tick := time.NewTicker(retryInterval)
	defer tick.Stop()
	for {
		err := write()
		switch {
		case err == nil:
			return nil
		case isFull(err):
			err = fmt.Errorf("the disk of the metadata in %s is full: %w", h.path, err)
		case errors.Is(err, sqlite3.BUSY):
			err = fmt.Errorf("another program writes to the metadata in %s, which is for reading only: %w: end it", h.path, err)
		default:
			return h.explain(err)
		}
		h.set(func() { h.waiting = err })
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func isFull(err error) bool { return errors.Is(err, sqlite3.FULL) || fulldisk.Is(err) }
