// Package fulldisk waits for room on a disk that is full.
package fulldisk

import (
	"errors"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Is tells whether an error of the file system means that there is no room, on the disk or within a quota.
func Is(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// minSpace is how many bytes must be free for writes to go on after the disk was full: more than one write takes.
// It is the least of the reserves that share a disk, which eventlog lists beside its own.
const minSpace = 4 << 20

// Await returns when the disk of dir has space again, or stop is closed.
func Await(fs vfs.FS, dir string, stop <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if usage, err := fs.GetDiskUsage(dir); err == nil && usage.AvailBytes >= minSpace {
			return
		}
	}
}
