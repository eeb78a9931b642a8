// Package limit bounds what is in use at once, such as the memory of everything that waits for a disk, or connections.
package limit

import "sync/atomic"

// Usage counts what is in use; the zero value is nothing.
//
// The limit is the taker's: takers with a higher one get something when nothing is left for the others.
type Usage struct{ n atomic.Int64 }

// Take takes n more, unless more than limit would be in use then, and tells whether it did.
func (u *Usage) Take(n, limit int64) bool {
	for {
		used := u.n.Load()
		if used+n > limit {
			return false
		}
		if u.n.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// Give gives back n that were taken.
func (u *Usage) Give(n int64) { u.n.Add(-n) }

// InUse is how much is taken at the moment.
func (u *Usage) InUse() int64 { return u.n.Load() }
