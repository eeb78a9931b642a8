package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// failpoint is a point at which the server can be told to die, and how often at most it comes to it in a load.
type failpoint struct {
	name string
	most int
}

// trimming makes a server seal, take snapshots and trim its log as often as it can.
var trimming = []string{
	"BLEEPSTORE_ARCHIVE_SEGMENT_SIZE=64KiB", "BLEEPSTORE_LOG_RETENTION_BYTES=1", "BLEEPSTORE_SNAPSHOT_INTERVAL=1s",
}

// The server dies at a point where a crash hurts most, under load, again and again on one data folder.
func TestCrashAtFailpoints(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "bleepstore")
	if err := build(program, "-tags", "failpoints"); err != nil {
		t.Fatal(err)
	}
	t.Run("without snapshots", func(t *testing.T) { // because what a snapshot names is not deleted
		t.Parallel()
		crashAtFailpoints(t, options{binary: program, dir: t.TempDir(), env: []string{"BLEEPSTORE_SNAPSHOT_INTERVAL=0s"}}, nil, []failpoint{
			{"blob stored", 300},
			{"before publish", 60},
			{"after publish", 60},
			{"before apply", 60},
			{"after apply", 60},
			{"archive written", 2},
			{"blobs deleted", 1},
		})
	})
	t.Run("with a log that is trimmed", func(t *testing.T) {
		t.Parallel()
		crashAtFailpoints(t, options{binary: program, dir: t.TempDir(), env: trimming}, nil, []failpoint{
			{"segment written", 2},
			{"segment verified", 2},
			{"segment sealed", 2},
			{"snapshot written", 3},
			{"before trim", 2},
			{"after trim", 2},
		})
	})
	for _, engine := range startEngines(t) {
		t.Run("with metadata in "+engine.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			points := []failpoint{{"before apply", 60}, {"after apply", 60}}
			if engine.settings != nil { // it is in a cloud
				points = append(points, failpoint{"between rows and position", 60}, failpoint{"before position", 2}, failpoint{"after position", 2})
			}
			crashAtFailpoints(t, options{binary: program, dir: dir}, engine.serving(dir), points)
		})
	}
}

// crashAtFailpoints lets a server with the options die at each of the points. Those before and behind it have only settings.
func crashAtFailpoints(t *testing.T, o options, settings []string, failpoints []failpoint) {
	dir := o.dir
	s := startServer(t, options{dir: dir, env: settings})
	bucket := newBucket(t, s.client())
	writers := newCrashWriters(bucket)
	s.stop(t)
	for round := range rounds(len(failpoints), 200) {
		point := failpoints[round%len(failpoints)]
		at := fmt.Sprintf("%s:%d", point.name, 1+rand.IntN(point.most))
		s = startArmed(t, options{dir: dir, binary: o.binary, env: slices.Concat(settings, o.env,
			[]string{"FAILPOINT=" + at, "BLEEPSTORE_STORAGE_REAP_AFTER=1s"})})
		writeUntilDeath(t, s, writers)
		s = startSweeping(t, dir, settings...)
		verifyAfterCrash(t, s.client(), bucket, writers)
		s.stop(t)
		if settings == nil {
			verifyFolder(t, dir)
		}
		state := acknowledgedState{dir: dir, env: settings}
		wantContains(t, state.mustRun(t, "replay", "--to", "sqlite:"+filepath.Join(t.TempDir(), "replayed"), "--verify"), "the same as the server's")
		if t.Failed() {
			t.Fatalf("in round %d, at %s", round, at)
		}
	}
}

// startArmed starts a server that may die at any time, and returns when it is ready or dead.
func startArmed(t *testing.T, o options) *server {
	t.Helper()
	s := launch(t, o)
	eventually(t, "the server is ready or dead", func() error {
		select {
		case <-s.exited:
			return nil
		case s.endpoint = <-s.log.endpoint:
			return errors.New("it only begins")
		default:
			return s.ready()
		}
	})
	return s
}

// startSweeping starts a server and waits until it has deleted what nothing names.
func startSweeping(t *testing.T, dir string, env ...string) *server {
	t.Helper()
	quiet := []string{"BLEEPSTORE_LOGGING_LEVEL=debug", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s"}
	s := startServer(t, options{dir: dir, env: slices.Concat(env, quiet)})
	eventually(t, "the blobs are swept", func() error {
		if !strings.Contains(s.log.tail(), "deleted blobs that nothing names") {
			return errors.New("not yet")
		}
		return nil
	})
	return s
}

// writeUntilDeath lets all writers write until the server has died.
func writeUntilDeath(t *testing.T, s *server, writers []*crashWriter) {
	t.Helper()
	c := s.client()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group errgroup.Group
	for _, w := range writers {
		group.Go(func() error {
			for ctx.Err() == nil && w.step(ctx, c) == nil {
			}
			return nil
		})
	}
	select {
	case <-s.exited:
	case <-time.After(patience):
		t.Errorf("the server did not come to the point within %s", patience)
		s.kill()
	}
	cancel()
	_ = group.Wait() // the writers know what was acknowledged
}
