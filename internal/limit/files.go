package limit

import (
	"math"
	"syscall"
)

// OpenFiles is how many files and connections this process may have open at once. The Go runtime has raised the soft limit
// to the hard one.
func OpenFiles() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt64 // no limit is known
	}
	return int64(min(limit.Cur, math.MaxInt64))
}
