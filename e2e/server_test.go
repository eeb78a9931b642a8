package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// The credentials and the region that the server has where nothing else is configured.
const (
	accessKey = "bleepstore"
	secretKey = "bleepstore-secret"
	region    = "us-east-1"
)

// patience bounds every wait for the server. It is far more than a healthy one needs, on a busy machine too.
const patience = 30 * time.Second

// options say how to start a server. The zero value is one with the default configuration and a new data folder.
type options struct {
	dir    string   // data folder
	config string   // content of the configuration file
	env    []string // additions to the environment
	args   []string // additions to the command line
	under  []string // a command, such as strace, that runs the server's command line
	certs  *certificates
	binary string // of the program, where it is not the usual one
}

// server is a running server.
type server struct {
	endpoint string // base URL
	admin    string // base URL of what is not S3, if that has an address of its own
	dir      string // data folder
	certs    *certificates
	process  *exec.Cmd
	log      *serverLog
	exited   chan struct{} // closed when the process has ended
}

// startServer starts a server and waits until it is ready. The end of the test kills it, and prints its log if the test
// failed.
func startServer(t testing.TB, o options) *server {
	t.Helper()
	s := launch(t, o)
	deadline := time.After(patience)
	select {
	case s.endpoint = <-s.log.endpoint:
		s.admin = s.log.admin
	case <-s.exited:
		t.Fatalf("server ended at its start: %v", s.process.ProcessState)
	case <-deadline:
		t.Fatalf("server did not say within %s where it is serving", patience)
	}
	eventually(t, "server is ready", s.ready)
	return s
}

// ready returns nil if the server says that it is ready.
func (s *server) ready() error {
	client := &http.Client{Transport: s.transport()}
	defer client.CloseIdleConnections()
	answer, err := client.Get(cmp.Or(s.admin, s.endpoint) + "/readyz")
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: %s", answer.Status)
	}
	return nil
}

// launch starts the server's process.
func launch(t testing.TB, o options) *server {
	t.Helper()
	if o.dir == "" {
		o.dir = t.TempDir()
	}
	args := append(o.under, cmp.Or(o.binary, binary), "--listen", "127.0.0.1:0", "--data", o.dir)
	if o.config != "" {
		path := filepath.Join(t.TempDir(), "bleepstore.yaml")
		if err := os.WriteFile(path, []byte(o.config), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	args = append(args, o.args...)
	s := &server{
		dir:     o.dir,
		certs:   o.certs,
		process: exec.Command(args[0], args[1:]...),
		log:     &serverLog{endpoint: make(chan string, 1)},
		exited:  make(chan struct{}),
	}
	s.process.Env = slices.Concat(cleanEnvironment(), addedEnvironment(o.dir), o.env)
	if o.certs != nil {
		s.process.Env = append(s.process.Env,
			"BLEEPSTORE_SERVER_TLS_CERT="+o.certs.certFile, "BLEEPSTORE_SERVER_TLS_KEY="+o.certs.keyFile)
	}
	s.process.Stdout, s.process.Stderr = s.log, s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that kill reaches what runs under another command
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.exited)
		_ = s.process.Wait() // ProcessState tells
	}()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("log of the server at %s:\n%s", s.endpoint, s.log.tail())
		}
	})
	return s
}

// kill ends the server the hard way, as a crash does.
func (s *server) kill() {
	select {
	case <-s.exited: // its process id may be another's by now
	default:
		_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL)
		<-s.exited
	}
}

// stop asks the server to end, and checks that it does so without complaint.
func (s *server) stop(t testing.TB) {
	t.Helper()
	s.terminate(t)
	s.wantExit(t, 0)
}

// terminate asks the server to end, and does not wait.
func (s *server) terminate(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// wantExit waits for the end of the process and checks its status.
func (s *server) wantExit(t testing.TB, status int) {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(patience):
		t.Fatalf("server did not end within %s", patience)
	}
	if got := s.process.ProcessState.ExitCode(); got != status {
		t.Fatalf("server ended with %v, want status %d", s.process.ProcessState, status)
	}
}

// cleanEnvironment is this process's without what configures the server or an S3 client.
func cleanEnvironment() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "BLEEPSTORE_") && !strings.HasPrefix(variable, "AWS_") {
			env = append(env, variable)
		}
	}
	return env
}

// eventually repeats check until it succeeds, and fails the test if it never does.
func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); ; <-ticker.C {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s until %s: %v", patience, what, err)
		}
	}
}

// serverLog keeps what a server prints, and finds in it where it is serving.
type serverLog struct {
	endpoint chan string // receives the base URL
	admin    string      // base URL of what is not S3; for who has received the other

	mu    sync.Mutex
	text  bytes.Buffer
	lines int // bytes of text that were looked at
}

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	for {
		line, _, complete := bytes.Cut(l.text.Bytes()[l.lines:], []byte("\n"))
		if !complete {
			return len(p), nil
		}
		l.lines += len(line) + 1
		var record struct {
			Endpoint string `json:"endpoint"`
			Admin    string `json:"admin"`
		}
		if json.Unmarshal(line, &record) == nil && record.Endpoint != "" {
			l.admin = record.Admin
			l.endpoint <- record.Endpoint
		}
	}
}

// tail is the end of the log, which is where an error is.
func (l *serverLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.Bytes()
	return string(text[max(0, len(text)-8<<10):])
}
