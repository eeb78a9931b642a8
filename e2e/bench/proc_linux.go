package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has used of the machine.
type usage struct {
	cpu  time.Duration // user and system time, in ticks of 10 ms
	rss  int64         // bytes resident now
	peak int64         // most bytes that were resident, since the last call of readUsage where the system lets us say so
}

// ticksPerSecond is USER_HZ, the unit of times in /proc, which is 100 on every architecture that Go runs on.
const ticksPerSecond = 100

// readUsage reads the usage of a process so far, and begins a new peak. It returns nil for process 0.
func readUsage(pid int) (*usage, error) {
	if pid == 0 {
		return nil, nil
	}
	cpu, err := readCPU(pid)
	if err != nil {
		return nil, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, err
	}
	u := &usage{cpu: cpu}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			u.rss, err = parseKB(value)
		case "VmHWM":
			u.peak, err = parseKB(value)
		}
		if err != nil {
			return nil, fmt.Errorf("/proc/%d/status: %q: %w", pid, line, err)
		}
	}
	// Writing 5 resets VmHWM; see proc_pid_clear_refs(5). Not allowed for other users' processes: then it stays the peak
	// of the whole life of the process.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	return u, nil
}

// readCPU gives the user and system time of a process; see proc_pid_stat(5).
func readCPU(pid int) (time.Duration, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold spaces: count fields from behind it. State is field 3, utime 14, stime 15.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var ticks int64
	for _, field := range fields[14-3 : 15-3+1] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

func parseKB(s string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(s), " kB"), 10, 64)
	return n << 10, err
}

// since is u with the CPU time of after an earlier moment. Both may be nil.
func (u *usage) since(before *usage) *usage {
	if u == nil || before == nil {
		return nil
	}
	return &usage{cpu: u.cpu - before.cpu, rss: u.rss, peak: u.peak}
}
