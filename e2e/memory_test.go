//go:build linux

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestMemoryDoesNotGrowWithObjects(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := newCommand(t, requireCommand(t, "go"), s)
	c.env, c.dir = cleanEnvironment(), "."
	idle := memory(t, s, "VmRSS")
	c.run(t, "run", "./bench", "-endpoint", s.endpoint, "-op", "put,get", "-size", "512MiB", "-n", "1", "-keys", "1", "-clients", "1")
	peak := memory(t, s, "VmHWM")
	limit := int64(150 << 20)
	if raceDetector() {
		limit *= 3 // it needs memory of its own
	}
	t.Logf("%d MiB when idle, at most %d MiB with an object of 512 MiB", idle>>20, peak>>20)
	if peak > limit {
		t.Errorf("the server needed %d MiB for an object of 512 MiB, want at most %d", peak>>20, limit>>20)
	}
}

// memory reads a size, in bytes, of a server's process: VmRSS, what is resident now, or VmHWM, what was at most.
func memory(t testing.TB, s *server, name string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("no %s of the server's process", name)
	return 0
}
