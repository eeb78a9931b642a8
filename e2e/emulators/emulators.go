// Package emulators starts emulators of cloud services for tests: on free ports of the loopback interface, each for the test
// that asked for it. "npm ci" in this folder installs those that are npm packages, and those in Go are built from the folder
// tools, which is a module of its own, into the folder bin; "task emulators" does both.
package emulators

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// patience bounds the wait for an emulator. It is far more than one needs, on a busy machine too.
const patience = 60 * time.Second

// DynamoDB starts dynalite, which stands for Amazon DynamoDB, and returns its URL. It takes any credentials.
func DynamoDB(t testing.TB) (endpoint string) {
	t.Helper()
	node := command(t, "node")
	npmFile(t, "dynalite", "cli.js")
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	start(t, exec.Command(node, filepath.Join(folder(), "dynalite.js"), "--host", "127.0.0.1", "--port", port,
		"--createTableMs", "0", "--deleteTableMs", "0", "--updateTableMs", "0"), func() bool { return connects(address) })
	return "http://" + address
}

// start starts an emulator and waits until it is ready. The end of the test ends it, and prints what it said if the test
// failed.
func start(t testing.TB, emulator *exec.Cmd, ready func() bool) {
	t.Helper()
	var said output
	emulator.Stdout, emulator.Stderr = &said, &said
	if err := emulator.Start(); err != nil {
		t.Fatalf("start an emulator: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = emulator.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = emulator.Process.Kill() // it may have ended
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(emulator.Path), said.String())
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ready(); {
		select {
		case <-exited:
			t.Fatalf("%v ended at its start: %v", emulator.Args, emulator.ProcessState)
		case <-tick.C:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v was not ready within %v", emulator.Args, patience)
		}
	}
}

// output is what an emulator said.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// connects tells whether somebody listens at an address.
func connects(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was sent
	return true
}

// freeAddress returns an address at which nobody listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nobody has come
	return listener.Addr().String()
}

// command returns the path of a command that an emulator needs.
func command(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name)
	}
	return path
}

// npmFile returns the path of a file in an npm package.
func npmFile(t testing.TB, name ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{folder(), "node_modules"}, name...)...)
	if _, err := os.Stat(path); err != nil {
		missing(t, path+`, which "npm ci --ignore-scripts" in e2e/emulators installs`)
	}
	return path
}

// program returns the path of an emulator that is built from the folder tools.
func program(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(folder(), "bin", name)
	if _, err := os.Stat(path); err != nil {
		missing(t, path+`, which "go build -o ../bin/ ./... tool" in e2e/emulators/tools builds`)
	}
	return path
}

// folder is where this package is.
func folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// missing fails a test in CI, and skips it elsewhere, because something that its emulator needs is not on this machine.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("NOT TESTED: this machine has no %s, which CI must have", what)
	}
	t.Skipf("NOT TESTED: this machine has no %s", what)
}
