package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An archive in a new place begins anew, of what the log has. Where that is not all, nothing is archived there and nothing
// trimmed, and the server says what to do.
func TestAnArchiveInANewPlace(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	before, after := archivePlaces[0], archivePlaces[1]
	archived := func(place archivePlace) error {
		files, err := filepath.Glob(filepath.Join(state.dir, place.folder, "*", "*.open"))
		if err == nil && len(files) == 0 {
			err = errors.New("nothing is archived")
		}
		return err
	}

	state.env = after.env
	s := state.start(t)
	eventually(t, "the log is archived in the new place", func() error { return archived(after) })
	s.stop(t)
	wantContains(t, state.mustRun(t, "log", "verify"), "62 commits with 63 events are sound in the archive")

	if err := os.RemoveAll(filepath.Join(state.dir, after.folder)); err != nil {
		t.Fatal(err)
	}
	state.env = before.env
	state.mustRun(t, "log", "snapshot")
	state.mustRun(t, "log", "trim", "--age", "1ms") // seals what there is, but leaves the last commit
	s = state.start(t)
	put(t, s.client(), state.bucket, "more", []byte("more"))
	state.bodies["more"] = []byte("more")
	s.stop(t)
	wantContains(t, state.mustRun(t, "log", "trim", "--age", "1ms"), "begins with commit 63 now")

	state.env = after.env
	s = state.start(t)
	eventually(t, "the server says that nothing is archived", func() error {
		if answer := string(s.page(t, "/health").body); !strings.Contains(answer, "copy the files of that archive") {
			return errors.New(answer)
		}
		return nil
	})
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	put(t, s.client(), state.bucket, "last", []byte("last"))
	state.bodies["last"] = []byte("last")
	s.stop(t)
	if archived(after) == nil {
		t.Error("the archive begins in the middle of the log")
	}
	state.mustRun(t, "log", "snapshot")
	wantContains(t, state.mustRun(t, "log", "trim", "--age", "1ms"), "Nothing was trimmed")

	// It says to copy the archive.
	if err := os.RemoveAll(filepath.Join(state.dir, after.folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(state.dir, after.folder), os.DirFS(filepath.Join(state.dir, before.folder))); err != nil {
		t.Fatal(err)
	}
	s = state.start(t)
	eventually(t, "the log is archived behind what was copied", func() error { return archived(after) })
	s.stop(t)
	wantContains(t, state.mustRun(t, "log", "verify"), "64 commits with 65 events are sound in the archive")
	if err := state.check(t, state.start(t)); err != nil {
		t.Error(err)
	}
}

// A log that lacks what is archived has lost commits: nobody is served from it, and they come back from the archive.
func TestAnArchiveAheadOfTheLog(t *testing.T) {
	t.Parallel()
	inEachPlace(t, testAnArchiveAheadOfTheLog)
}

func testAnArchiveAheadOfTheLog(t *testing.T, place archivePlace) {
	state := newAcknowledgedState(t, place.env...)
	log, old := filepath.Join(state.dir, "log"), filepath.Join(t.TempDir(), "log")
	if err := os.CopyFS(old, os.DirFS(log)); err != nil {
		t.Fatal(err)
	}
	s := state.start(t)
	put(t, s.client(), state.bucket, "more", []byte("more"))
	state.bodies["more"] = []byte("more")
	s.stop(t)
	for _, folder := range []string{log, filepath.Join(state.dir, "metadata")} {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(log, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}

	s = launch(t, options{dir: state.dir, env: state.env})
	eventually(t, "the server says what is wrong", func() error {
		if !strings.Contains(s.log.tail(), "contradict each other") {
			return errors.New("not yet")
		}
		return nil
	})
	s.endpoint = <-s.log.endpoint
	want(t, "status of /readyz", s.page(t, "/readyz").status, 503)
	s.stop(t)
	wantContains(t, state.mustRun(t, "log", "repair", "--yes"), "The archive has all commits up to", "/63/")
	if err := state.check(t, state.start(t)); err != nil {
		t.Error(err)
	}
}
