package eventlog

import "fmt"

// How many bytes of encoded events may wait for the disk, or are being written to it. At a megabyte for each fsync, the
// log is far behind when so many wait. Who came now would wait in vain, for longer than a client does, and hold its
// memory meanwhile. Events that only free space have room of their own behind the others, so that deleting goes on.
const (
	maxQueued      = 32 << 20
	maxQueuedFrees = maxQueued + 8<<20
)

// enqueue hands over an append, if there is room for it, and returns when it was written or refused, as it says itself.
func (l *Log) enqueue(p *pending) error {
	size, most := int64(p.lines.Len()), int64(maxQueued)
	if p.frees {
		most = maxQueuedFrees
	}
	if !l.queued.Take(size, most) {
		return fmt.Errorf("%w: %d MiB are the most", ErrBusy, most>>20)
	}
	defer l.queued.Give(size)
	if !l.appends.Do(p) {
		return ErrClosed
	}
	return nil
}
