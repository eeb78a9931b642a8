// Package e2e tests the server from outside: it starts the real program and drives it with real clients.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
)

// binary is the program under test. BLEEPSTORE_BINARY names one that is built already.
var binary = os.Getenv("BLEEPSTORE_BINARY")

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "bleepstore-e2e-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "bleepstore")
	var flags []string
	if raceDetector() {
		flags = append(flags, "-race")
	}
	if err := build(binary, flags...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds the program.
func build(path string, flags ...string) error {
	args := append([]string{"build", "-o", path}, flags...)
	out, err := exec.Command("go", append(args, "github.com/bleepstore/bleepstore/cmd/bleepstore")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return nil
}

// raceDetector tells whether the tests run under the race detector; then the server does, too.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// require fails a test in CI, and skips it elsewhere, because something that it needs is missing from the machine.
func require(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("NOT TESTED: this machine has no %s, which CI must have", missing)
	}
	t.Skipf("NOT TESTED: this machine has no %s", missing)
}

// requireCommand returns the path of a command that a test needs.
func requireCommand(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		require(t, name)
	}
	return path
}
