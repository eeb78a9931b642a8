package pebble

import (
	lsm "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/bleepstore/bleepstore/internal/durable"
)

// options are sized for a server that rests in a few MiB.
func options(h *health) *lsm.Options {
	o := &lsm.Options{
		FormatMajorVersion: lsm.FormatNewest,
		FS:                 vfs.OnDiskFull(durable.KeepMarkers(h.fs), h.awaitSpace),
		Logger:             h,
		EventListener:      h.listener(),

		CacheSize: 8 << 20,
		// Memtables begin with 256 KiB and double as they fill, so only a busy store takes as much as this for each. A
		// larger one makes replays faster, because what is flushed together is merged less often.
		MemTableSize: 8 << 20,
		MaxOpenFiles: 256,
	}
	o.CompactionConcurrencyRange = func() (int, int) { return 1, 2 }
	// A filter spares most of the reads for a key that is not there, which every new object asks for first.
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}
