package pebble

import (
	"errors"
	"fmt"
	"sync"

	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/bleepstore/bleepstore/internal/fulldisk"
	"github.com/bleepstore/bleepstore/projections"
)

// health keeps what goes wrong behind Pebble's calls, for Check to report.
type health struct {
	fs      vfs.FS
	dir     string
	closing chan struct{} // closed to let writes fail that wait for space

	mu         sync.Mutex
	background error // the last failure of background work, until work of its kind succeeds
	corruption error // stays
	open       bool  // Open has succeeded
	full       bool  // writes are waiting for space
}

func (h *health) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.corruption != nil:
		return &projections.DamagedError{Dir: h.dir, Found: h.corruption}
	case h.full:
		return errors.New("the disk of the metadata is full")
	case h.background != nil:
		return fmt.Errorf("the metadata store fails in the background: %w", h.background)
	}
	return nil
}

func (h *health) listener() *lsm.EventListener {
	return &lsm.EventListener{
		BackgroundError: func(err error) {
			h.set(func() { h.background = err })
		},
		DataCorruption: func(info lsm.DataCorruptionInfo) {
			h.set(func() { h.corruption = fmt.Errorf("%s: %w", info.Path, info.Details) })
		},
		FlushEnd: func(info lsm.FlushInfo) {
			if info.Err == nil {
				h.set(func() { h.background = nil })
			}
		},
	}
}

func (h *health) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// awaitSpace returns when the disk has space again, or the store is being closed. A write that finds the disk full
// waits for that, because Pebble would end the process if one to its log failed; reads go on meanwhile. Opening does
// not wait, it fails.
func (h *health) awaitSpace() {
	wait := false
	h.set(func() { h.full, wait = h.open, h.open })
	if !wait {
		return
	}
	defer h.set(func() { h.full = false })
	fulldisk.Await(h.fs, h.dir, h.closing)
}

// Infof implements lsm.Logger. What Pebble says about its ordinary work is for nobody.
func (h *health) Infof(string, ...any) {}

// Errorf implements lsm.Logger. Failures come to the listener too; the rest are remarks.
func (h *health) Errorf(string, ...any) {}

// Fatalf implements lsm.Logger, which must not return: Pebble cannot go on, as after a failed fsync. Ending the process
// here is safe, because every start recovers.
func (h *health) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("metadata store: "+format, args...))
}
