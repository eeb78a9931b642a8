package control_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/internal/control"
)

// transcript keeps what a task says.
type transcript struct {
	bytes.Buffer
	progress []control.Progress
}

func (t *transcript) Progress(p control.Progress) { t.progress = append(t.progress, p) }

func listen(t *testing.T, handle control.Handler) (dir string, server *control.Server) {
	t.Helper()
	dir = t.TempDir()
	server, err := control.Listen(dir, handle)
	if err != nil {
		t.Fatal(err)
	}
	return dir, server
}

func TestATaskSaysWhatItDoesAndHowItEnds(t *testing.T) {
	dir, server := listen(t, func(_ context.Context, r control.Request, out control.Reporter) error {
		out.Progress(control.Progress{Done: 1, Total: 2, Unit: "steps"})
		fmt.Fprintf(out, "%s with %s\n", r.Task, r.Args["how"])
		if r.Task == "fail" {
			return errors.New("it failed")
		}
		return nil
	})
	defer server.Close(context.Background())
	for task, failure := range map[string]string{"work": "", "fail": "it failed"} {
		var said transcript
		err := control.Ask(t.Context(), dir, control.Request{Task: task, Args: map[string]string{"how": "care"}}, &said)
		if got := fmt.Sprint(err); err == nil != (failure == "") || err != nil && got != failure {
			t.Errorf("%s ended with %v, want %q", task, err, failure)
		}
		if got := said.String(); got != task+" with care\n" {
			t.Errorf("%s said %q", task, got)
		}
		if len(said.progress) != 1 || said.progress[0] != (control.Progress{Done: 1, Total: 2, Unit: "steps"}) {
			t.Errorf("%s told progress %v", task, said.progress)
		}
	}
}

func TestNobodyTakesRequests(t *testing.T) {
	dir, server := listen(t, nil)
	if err := server.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{dir, t.TempDir()} {
		if err := control.Ask(t.Context(), folder, control.Request{}, new(transcript)); !errors.Is(err, control.ErrNobody) {
			t.Errorf("error %v, want ErrNobody", err)
		}
	}
}

// A task ends when who asked for it goes away, and when the server is closed.
func TestTasksAreEnded(t *testing.T) {
	began, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	dir, server := listen(t, func(ctx context.Context, _ control.Request, _ control.Reporter) error {
		began <- struct{}{}
		<-ctx.Done()
		ended <- struct{}{}
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() { asked <- control.Ask(ctx, dir, control.Request{}, new(transcript)) }()
	<-began
	cancel()
	<-ended
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("who went away got %v", err)
	}

	go func() { asked <- control.Ask(t.Context(), dir, control.Request{}, new(transcript)) }()
	<-began
	if err := server.Close(context.Background()); err != nil {
		t.Error(err)
	}
	<-ended
	if err := <-asked; err == nil {
		t.Error("a task that was ended is no error")
	}
}

func TestTheSocketIsForItsOwnerAndReplacesOneThatWasLeft(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "control"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := control.Listen(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(context.Background())
	info, err := os.Stat(filepath.Join(dir, "control"))
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the socket has mode %v, %v", info.Mode(), err)
	}
}

// A task that hangs does not keep the process from ending.
func TestCloseDoesNotWaitForATaskThatHangs(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	dir, server := listen(t, func(context.Context, control.Request, control.Reporter) error {
		close(began)
		<-release
		return nil
	})
	asked := make(chan error, 1)
	go func() { asked <- control.Ask(t.Context(), dir, control.Request{}, new(transcript)) }()
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("closed with %v while a task hangs", err)
	}
	close(release)
	<-asked
}
