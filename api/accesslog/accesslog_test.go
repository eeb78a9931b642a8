package accesslog_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bleepstore/bleepstore/api/accesslog"
	"github.com/bleepstore/bleepstore/api/s3"
)

// byID makes lines of nothing but the request's id.
func byID(line []byte, r *s3.Request) []byte { return append(line, r.ID...) }

// writer is what a log is written to.
type writer struct {
	mu    sync.Mutex
	text  strings.Builder
	write func(p []byte) (int, error) // nil to take all
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := len(p), error(nil)
	if w.write != nil {
		n, err = w.write(p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p[:n])
	return n, err
}

func (w *writer) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func open(t *testing.T, c accesslog.Config) (l *accesslog.Log, told *[]string) {
	t.Helper()
	told = new([]string)
	c.Format = byID
	c.Report = func(err error) { *told = append(*told, err.Error()) }
	l, err := accesslog.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return l, told
}

func closeLog(t *testing.T, l *accesslog.Log) {
	t.Helper()
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLinesAreWrittenWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(writer)
		l, told := open(t, accesslog.Config{Output: out})
		l.Observe(s3.Request{ID: "a"})
		time.Sleep(time.Second)
		if out.String() != "a\n" {
			t.Errorf("after a second there is %q", out)
		}
		l.Observe(s3.Request{ID: "b"})
		closeLog(t, l)
		if out.String() != "a\nb\n" || len(*told) > 0 || l.Dropped() > 0 {
			t.Errorf("at the end there is %q, %d are lost, told %q", out, l.Dropped(), *told)
		}
	})
}

// While nothing can be written, requests go on. What there is no room for is counted and told of.
func TestOutputIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		out := &writer{write: func(p []byte) (int, error) { <-stuck; return len(p), nil }}
		l, told := open(t, accesslog.Config{Output: out})
		line := strings.Repeat("x", 1<<20)
		l.Observe(s3.Request{ID: line})
		time.Sleep(time.Second)
		for range 10 {
			l.Observe(s3.Request{ID: line})
		}
		if n := l.Dropped(); n != 7 {
			t.Errorf("%d lines dropped, want all but the 3 that fit", n)
		}
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Close(hasty); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed with %v while the output is stuck", err)
		}
		close(stuck)
		synctest.Wait()
		if lines := strings.Count(out.String(), "\n"); lines != 4 || len(*told) != 1 || !strings.HasPrefix((*told)[0], "7 lines") {
			t.Errorf("%d lines, told %q, want 4 and that 7 are lost", lines, *told)
		}
	})
}

// After half of a line, the next one begins a new one.
func TestDiskIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space")
		out := new(writer)
		out.write = func(p []byte) (int, error) { return 3, full } // of "abcd", a line end, "ef" and one
		l, told := open(t, accesslog.Config{Output: out})
		l.Observe(s3.Request{ID: "abcd"})
		l.Observe(s3.Request{ID: "ef"})
		time.Sleep(time.Second)
		synctest.Wait()
		out.write = nil
		l.Observe(s3.Request{ID: "gh"})
		closeLog(t, l)
		if out.String() != "abc\ngh\n" || l.Dropped() != 2 {
			t.Errorf("there is %q, and %d are lost, want 2", out, l.Dropped())
		}
		if len(*told) != 1 || !strings.Contains((*told)[0], "2 lines") || !strings.Contains((*told)[0], "no space") {
			t.Errorf("told %q", *told)
		}
	})
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "access.log")
	if err := os.WriteFile(path, []byte("whole\ntor"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangup := make(chan os.Signal)
	l, told := open(t, accesslog.Config{Path: path, Reopen: hangup})
	l.Observe(s3.Request{ID: "before"})
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	l.Observe(s3.Request{ID: "renamed"})
	hangup <- os.Interrupt
	for _, err := os.Stat(path); errors.Is(err, os.ErrNotExist); _, err = os.Stat(path) {
		time.Sleep(time.Millisecond) // until the file is there again
	}
	l.Observe(s3.Request{ID: "after"})
	if err := os.Rename(path, path+".2"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	hangup <- os.Interrupt
	l.Observe(s3.Request{ID: "went on"})
	closeLog(t, l)
	for name, want := range map[string]string{path + ".1": "whole\ntor\nbefore\nrenamed\n", path + ".2": "after\nwent on\n"} {
		if got, err := os.ReadFile(name); string(got) != want {
			t.Errorf("%s has %q, %v, want %q", name, got, err, want)
		}
	}
	if len(*told) != 1 || !strings.Contains((*told)[0], "go on to the file that was opened before") {
		t.Errorf("told %q", *told)
	}
}

func BenchmarkObserve(b *testing.B) {
	for name, format := range map[string]accesslog.Format{"json": accesslog.JSON, "s3": accesslog.Amazon} {
		b.Run(name, func(b *testing.B) {
			l, err := accesslog.Open(accesslog.Config{Format: format, Output: new(nothing), Report: func(error) {}})
			if err != nil {
				b.Fatal(err)
			}
			r := stored("/bucket/a%20b")
			b.ReportAllocs()
			for b.Loop() {
				l.Observe(r)
			}
			_ = l.Close(b.Context())
		})
	}
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
