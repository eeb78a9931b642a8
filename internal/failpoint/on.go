//go:build failpoints

// Package failpoint lets tests kill the process at named points: the environment variable FAILPOINT, "name:n", has it die
// the n-th time that it comes to the point.
package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var (
	name, count, _ = strings.Cut(os.Getenv("FAILPOINT"), ":")
	left           atomic.Int64
)

func init() {
	if n, err := strconv.ParseInt(count, 10, 64); err == nil {
		left.Store(n)
	}
}

// Hit kills the process, as kill -9 does, if it is the point and the time for it.
func Hit(point string) {
	if point == name && left.Add(-1) == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal is here
	}
}
