package archive_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
)

func TestFollow(t *testing.T) { everywhere(t, testFollow) }

func testFollow(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 100)
	for range 2 {
		a := open(t, all, log.ID())
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.Follow(ctx, log) }()
		commits = append(commits, appendCommits(t, log, 100)...)
		for a.Position() != log.Head() {
			time.Sleep(time.Millisecond)
		}
		stop()
		must(t, <-ended)
		wantCommits(t, a, eventlog.Position{}, commits)
	}
}

// What the log has no more, the archive has, and both together are followed without a gap.
func TestReaderOfATrimmedLog(t *testing.T) { everywhere(t, testReaderOfATrimmedLog) }

func testReaderOfATrimmedLog(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 3000)
	a := open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits[:2500]))
	must(t, log.Trim(t.Context(), commits[1999].Position))
	for _, after := range []int{-1, 0, 1000, 1998, 1999, 2000, 2999} {
		pos := eventlog.Position{}
		if after >= 0 {
			pos = commits[after].Position
		}
		reader, err := a.Reader(t.Context(), log, pos)
		must(t, err)
		for want := commits[after+1:]; len(want) > 0; {
			got, err := reader.Next(t.Context())
			must(t, err)
			for i := range got {
				if got[i].Position != want[i].Position {
					t.Fatalf("got %v, want %v", got[i].Position, want[i].Position)
				}
			}
			want = want[len(got):]
		}
		reader.Close()
	}
	forged := commits[5].Position
	forged.Hash = commits[4].Position.Hash
	if _, err := a.Reader(t.Context(), log, forged); !errors.Is(err, archive.ErrNotArchived) {
		t.Errorf("behind a forged position: %v", err)
	}
}

func TestTrim(t *testing.T) { everywhere(t, testTrim) }

func testTrim(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 40) // a millisecond apart, from 1970 on
	a := open(t, all, log.ID())
	for i := range 3 {
		must(t, a.Append(t.Context(), commits[10*i:10*i+10]))
		must(t, a.Seal(t.Context()))
	}
	must(t, a.Append(t.Context(), commits[30:]))
	size := a.Segments()[0].Bytes
	now := time.UnixMilli(35)
	trim := func(keep archive.Retention, limit int) uint64 {
		t.Helper()
		last, err := a.Trim(t.Context(), log, keep, commits[limit].Position, now)
		must(t, err)
		if !last.IsZero() && log.First() != last.Seq+1 {
			t.Errorf("trimmed to %v, and the log begins with %d", last, log.First())
		}
		return last.Seq
	}
	for _, test := range []struct {
		keep  archive.Retention
		limit int
		want  uint64
	}{
		{archive.Retention{}, 39, 0},
		{archive.Retention{Age: time.Hour}, 39, 0},
		{archive.Retention{Bytes: 4 * size}, 39, 0},
		{archive.Retention{Age: 20 * time.Millisecond}, 8, 0}, // not passed by everybody
		{archive.Retention{Age: 20 * time.Millisecond}, 39, 10},
		{archive.Retention{Age: 20 * time.Millisecond}, 39, 0},
		{archive.Retention{Bytes: 3 * size / 2}, 39, 20},
		{archive.Retention{Bytes: 1}, 39, 30}, // the open segment stays
	} {
		if got := trim(test.keep, test.limit); got != test.want {
			t.Errorf("%+v up to %d: trimmed up to %d, want %d", test.keep, test.limit, got, test.want)
		}
	}
	reader, err := a.Reader(t.Context(), log, eventlog.Position{})
	must(t, err)
	defer reader.Close()
	for seen := 0; seen < len(commits); {
		more, err := reader.Next(t.Context())
		must(t, err)
		seen += len(more)
	}
}

// What cannot be read in the archive any more is not removed from the log.
func TestTrimVerifies(t *testing.T) { everywhere(t, testTrimVerifies) }

func testTrimVerifies(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 4)
	a := open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits[:2]))
	must(t, a.Seal(t.Context()))
	segment := file(t, all, log.ID(), ".zst")
	content := segment.read(t)
	content[len(content)-1] ^= 1
	segment.write(t, content)
	if _, err := a.Trim(t.Context(), log, archive.Retention{Age: time.Second}, log.Head(), time.Now()); !isCorrupt(err) {
		t.Errorf("got %v", err)
	}
	if log.First() != 1 {
		t.Errorf("the log begins with %d", log.First())
	}
}

// An archive that is ahead of its log, or of another history, is not written to.
func TestFollowRefusesAnotherHistory(t *testing.T) { everywhere(t, testFollowRefusesAnotherHistory) }

func testFollowRefusesAnotherHistory(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 3)
	a := open(t, all, "another")
	if err := a.Append(t.Context(), commits); err == nil {
		t.Error("commits of another log were archived")
	}
	b := open(t, all, log.ID())
	must(t, b.Append(t.Context(), commits))
	shorter := newLog(t)
	if err := b.Follow(t.Context(), shorter); err == nil {
		t.Error("a log was followed that does not have what is archived")
	}
}

// Where the log was trimmed, the archive that has what is gone is another one, and nobody begins in the middle.
func TestFollowRefusesALogThatBeginsBehindTheArchive(t *testing.T) {
	everywhere(t, testFollowRefusesALogThatBeginsBehindTheArchive)
}

func testFollowRefusesALogThatBeginsBehindTheArchive(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 10)
	must(t, open(t, files.In(all, "before"), log.ID()).Append(t.Context(), commits))
	must(t, log.Trim(t.Context(), commits[6].Position))
	for _, archived := range []int{0, 3} {
		a := open(t, all, log.ID())
		must(t, a.Append(t.Context(), commits[:archived]))
		err := a.Follow(t.Context(), log)
		if err == nil || !strings.Contains(err.Error(), "up to commit 7") || !strings.Contains(err.Error(), a.Where()) {
			t.Errorf("with %d commits archived: %v", archived, err)
		}
	}

	// What it says to do helps.
	list, err := all.List(t.Context(), "before/")
	must(t, err)
	for _, file := range list {
		r, err := all.Get(t.Context(), file.Name)
		must(t, err)
		must(t, all.Put(t.Context(), strings.TrimPrefix(file.Name, "before/"), r))
		r.Close()
	}
	commits = append(commits, appendCommits(t, log, 1)...)
	a := open(t, all, log.ID())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Follow(ctx, log) }()
	for a.Position() != log.Head() {
		time.Sleep(time.Millisecond)
	}
	stop()
	must(t, <-ended)
	wantCommits(t, a, eventlog.Position{}, commits)
}

// A reader that is slow goes on in the archive when the log is trimmed under it, and then in the log again.
func TestALogThatIsTrimmedUnderItsReader(t *testing.T) {
	everywhere(t, func(t *testing.T, log *eventlog.Log, all files.Files) {
		commits := appendCommits(t, log, 100)
		a := open(t, all, log.ID())
		must(t, a.Append(t.Context(), commits[:60]))
		reader, err := a.Reader(t.Context(), log, eventlog.Position{})
		must(t, err)
		defer reader.Close()
		must(t, log.Trim(t.Context(), commits[49].Position))
		var read []eventlog.Commit
		for len(read) < len(commits) {
			more, err := reader.Next(t.Context())
			must(t, err)
			read = append(read, more...)
		}
		for i, commit := range read {
			if commit.Position != commits[i].Position {
				t.Fatalf("commit %d is %v, want %v", i, commit.Position, commits[i].Position)
			}
		}
	})
}

// A position that neither the log nor the archive has any more is an error, and no reason to wait.
func TestATrimmedLogWithoutItsFront(t *testing.T) {
	log, all := newLog(t), newDir(t)
	commits := appendCommits(t, log, 100)
	a := open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits[:10]))
	reader, err := a.Reader(t.Context(), log, commits[9].Position)
	must(t, err)
	defer reader.Close()
	must(t, log.Trim(t.Context(), commits[49].Position))
	if more, err := reader.Next(t.Context()); !errors.Is(err, archive.ErrNotArchived) {
		t.Errorf("read %d commits, %v; want ErrNotArchived", len(more), err)
	}
}
