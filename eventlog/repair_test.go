package eventlog_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

func isTrimmed(err error) bool {
	_, ok := errors.AsType[*eventlog.TrimmedError](err)
	return ok
}

func TestTrim(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	var positions []eventlog.Position
	for i := range 5 {
		positions = append(positions, appendBuckets(t, log, fmt.Sprint(i)))
	}
	if err := log.Trim(t.Context(), positions[4]); err == nil {
		t.Error("the last commit was trimmed")
	}
	for range 2 { // to trim again what is gone is no error
		if err := log.Trim(t.Context(), positions[2]); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if log.First() != 4 || log.Head() != positions[4] {
			t.Errorf("the log goes from %d to %v", log.First(), log.Head())
		}
		for _, pos := range []eventlog.Position{{}, positions[0], positions[1]} {
			if _, err := log.Read(t.Context(), pos); !isTrimmed(err) {
				t.Errorf("read behind %v: %v", pos, err)
			}
		}
		if got, want := names(readTo(t, log, positions[2], 5)), "4: 3; 5: 4; "; got != want {
			t.Errorf("read %s, want %s", got, want)
		}
		forged := positions[2]
		forged.Hash = positions[1].Hash
		if _, err := log.Read(t.Context(), forged); err == nil || isTrimmed(err) {
			t.Errorf("read behind a forged position: %v", err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		log = openLog(t, eventlog.Config{Dir: dir})
	}
	// Down to the last commit, and on from there.
	if err := log.Trim(t.Context(), positions[3]); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = openLog(t, eventlog.Config{Dir: dir})
	defer log.Close()
	if log.First() != 5 || log.Head() != positions[4] {
		t.Errorf("the log goes from %d to %v", log.First(), log.Head())
	}
	appendBuckets(t, log, "more")
	if got, want := names(readTo(t, log, positions[3], 6)), "5: 4; 6: more; "; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
}

// all yields commits as a sequence that may fail.
func all(commits []eventlog.Commit) iter.Seq2[eventlog.Commit, error] {
	return func(yield func(eventlog.Commit, error) bool) {
		for _, commit := range commits {
			if !yield(commit, nil) {
				return
			}
		}
	}
}

func TestRebuild(t *testing.T) {
	log := newLog(t)
	for i := range 5 {
		appendBuckets(t, log, fmt.Sprint(i))
	}
	commits := readTo(t, log, eventlog.Position{}, 5)
	for name, part := range map[string][]eventlog.Commit{"whole": commits, "trimmed": commits[2:], "one": commits[4:]} {
		dir := filepath.Join(t.TempDir(), "rebuilt")
		last, err := eventlog.Rebuild(t.Context(), dir, all(part))
		if err != nil || last != log.Head() {
			t.Fatalf("%s: rebuilt up to %v, %v", name, last, err)
		}
		again := openLog(t, eventlog.Config{Dir: dir})
		if again.ID() != log.ID() || again.Head() != log.Head() || again.First() != part[0].Position.Seq {
			t.Errorf("%s: log %s goes from %d to %v", name, again.ID(), again.First(), again.Head())
		}
		before, err := part[0].Prev()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := names(readTo(t, again, before, 5)), names(part); got != want {
			t.Errorf("%s: read %s, want %s", name, got, want)
		}
		if pos := appendBuckets(t, again, "more"); pos.Seq != 6 {
			t.Errorf("%s: appended at %v", name, pos)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := eventlog.Rebuild(t.Context(), filepath.Join(t.TempDir(), "none"), all(nil)); err == nil {
		t.Error("a log was rebuilt of nothing")
	}
	gap := []eventlog.Commit{commits[0], commits[2]}
	if _, err := eventlog.Rebuild(t.Context(), filepath.Join(t.TempDir(), "gap"), all(gap)); err == nil {
		t.Error("a log was rebuilt with a gap")
	}
}

// remains reads what is left of a log.
func remains(t *testing.T, dir string) (commits []eventlog.Commit, damage error) {
	t.Helper()
	r, err := eventlog.OpenRemains(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Acknowledged().Seq != damagedCommits || r.Log() != r.Acknowledged().Log {
		t.Errorf("log %s was acknowledged up to %v", r.Log(), r.Acknowledged())
	}
	damage = r.Damage()
	for commit, err := range r.Commits(t.Context(), eventlog.Position{}) {
		if err != nil {
			return commits, err
		}
		commits = append(commits, commit)
	}
	return commits, damage
}

func TestRemains(t *testing.T) {
	dir := closedLog(t)
	if commits, err := remains(t, dir); len(commits) != damagedCommits || err != nil {
		t.Errorf("of a sound log remain %d commits, %v", len(commits), err)
	}
	flip(t, find(t, dir, "*.blk"), "bucket-4", 0)
	if commits, err := remains(t, dir); len(commits) != 3 {
		t.Errorf("of a log with a damaged fourth commit remain %d, %v", len(commits), err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "stream")); err != nil {
		t.Fatal(err)
	}
	if commits, _ := remains(t, dir); len(commits) != 0 {
		t.Errorf("of a log without stream remain %d commits", len(commits))
	}
}
