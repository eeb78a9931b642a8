package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// probeFsync measures how long an append of 1 KiB and its fsync take on the disk of a folder. It is the yardstick for
// durable writes: no server can acknowledge one sooner.
func probeFsync(dir string) (_ latencies, err error) {
	f, err := os.CreateTemp(dir, "fsync-probe-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	var l latencies
	record := make([]byte, 1<<10)
	for range 200 {
		start := time.Now()
		if _, err := f.Write(record); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, fmt.Errorf("fsync %s: %w", f.Name(), err)
		}
		l = append(l, time.Since(start))
	}
	slices.Sort(l)
	return l, nil
}
