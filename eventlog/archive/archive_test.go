package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// newLog makes a log that lives as long as the test.
func newLog(t testing.TB) *eventlog.Log {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

// appendCommits appends n commits to a log and returns them.
func appendCommits(t testing.TB, log *eventlog.Log, n int) []eventlog.Commit {
	t.Helper()
	before := log.Head()
	for i := range n {
		_, err := log.Append(t.Context(), eventlog.Event{
			Time: time.UnixMilli(int64(i)).UTC(), Request: "request", Data: &eventlog.BucketDeleted{Bucket: fmt.Sprint("bucket-", i)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	reader, err := log.Read(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var commits []eventlog.Commit
	for len(commits) < n {
		more, err := reader.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		commits = append(commits, more...)
	}
	return commits
}

// segmentSize is more than the commits of most tests have.
const segmentSize = 1 << 20

func open(t testing.TB, root, log string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(root, log, segmentSize)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCommits checks what the archive yields behind a position.
func wantCommits(t testing.TB, a *archive.Archive, after eventlog.Position, want []eventlog.Commit) {
	t.Helper()
	var got []eventlog.Commit
	for commit, err := range a.Read(after) {
		must(t, err)
		got = append(got, commit)
	}
	if len(got) != len(want) {
		t.Fatalf("behind %v there are %d commits, want %d", after, len(got), len(want))
	}
	for i := range got {
		if got[i].Position != want[i].Position || !bytes.Equal(got[i].Data, want[i].Data) {
			t.Fatalf("commit %d is %v, want %v", i, got[i].Position, want[i].Position)
		}
	}
}

// file returns the one file of an archive with a suffix.
func file(t testing.TB, root, log, suffix string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(archive.Dir(root, log), "*"+suffix))
	if err != nil || len(found) != 1 {
		t.Fatalf("files *%s: %v, %v", suffix, found, err)
	}
	return found[0]
}

func TestCommitsComeBack(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 10)
	a := open(t, root, log.ID())
	if !a.Position().IsZero() {
		t.Errorf("a new archive is at %v", a.Position())
	}
	wantCommits(t, a, eventlog.Position{}, nil)
	must(t, a.Append(commits[:3]))
	must(t, a.Append(commits[3:4]))
	must(t, a.Seal())
	must(t, a.Append(commits[4:7]))
	must(t, a.Seal())
	must(t, a.Append(commits[7:]))
	for range 2 {
		if a.Position() != commits[9].Position || a.Sealed() != commits[6].Position || a.Lost != 0 {
			t.Errorf("the archive is at %v, sealed up to %v, and lost %d", a.Position(), a.Sealed(), a.Lost)
		}
		for i := range commits {
			wantCommits(t, a, commits[i].Position, commits[i+1:])
		}
		wantCommits(t, a, eventlog.Position{}, commits)
		must(t, a.Close())
		a = open(t, root, log.ID())
	}
	defer a.Close()

	segments := a.Segments()
	if len(segments) != 2 {
		t.Fatalf("%d segments", len(segments))
	}
	s := segments[1]
	if s.First != 5 || s.Last != commits[6].Position || s.Prev != commits[3].Position || s.Events != 3 ||
		!s.From.Equal(commits[4].Events[0].Time) || !s.To.Equal(commits[6].Events[0].Time) {
		t.Errorf("the second segment is %+v", s)
	}
	for _, s := range segments {
		must(t, a.Verify(s))
	}
}

// A segment that is full is sealed, and no other.
func TestFullSegmentsAreSealed(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 10)
	size := int64(len(commits[0].Data))
	a, err := archive.Open(root, log.ID(), 3*size)
	must(t, err)
	defer a.Close()
	for _, commit := range commits {
		must(t, a.Append([]eventlog.Commit{commit}))
	}
	var last []uint64
	for _, segment := range a.Segments() {
		last = append(last, segment.Last.Seq)
	}
	if want := []uint64{3, 6, 9}; !slices.Equal(last, want) {
		t.Errorf("the segments end with %d, want %d", last, want)
	}
	wantCommits(t, a, eventlog.Position{}, commits)
}

func TestPositionsThatAreNotArchived(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 6)
	a := open(t, root, log.ID())
	defer a.Close()
	must(t, a.Append(commits[2:4])) // of a log whose front is gone
	must(t, a.Seal())
	must(t, a.Append(commits[4:5]))
	forged := commits[2].Position
	forged.Hash = strings.Repeat("0", 64)
	foreign := commits[2].Position
	foreign.Log = "another"
	for name, pos := range map[string]eventlog.Position{
		"the beginning": {}, "before": commits[0].Position, "ahead": commits[5].Position, "forged": forged, "foreign": foreign,
	} {
		if found, err := a.Contains(pos); found || err != nil {
			t.Errorf("%s: contained: %v, %v", name, found, err)
		}
	}
	for _, commit := range commits[1:5] {
		if found, err := a.Contains(commit.Position); !found || err != nil {
			t.Errorf("%v: contained: %v, %v", commit.Position, found, err)
		}
	}
	if err := a.Append(commits[5:]); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(commits[3:]); err == nil {
		t.Error("commits were archived twice")
	}
}

// What is cut off at any byte costs the last frame and nothing else.
func TestTheEndOfTheOpenSegmentIsCutOff(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 3)
	a := open(t, root, log.ID())
	must(t, a.Append(commits[:1]))
	path := file(t, root, log.ID(), ".open")
	first, err := os.ReadFile(path)
	must(t, err)
	must(t, a.Append(commits[1:2]))
	must(t, a.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	for size := len(first); size < len(whole); size++ {
		must(t, os.WriteFile(path, whole[:size], 0o600))
		a = open(t, root, log.ID())
		if a.Position() != commits[0].Position || a.Lost != int64(size-len(first)) {
			t.Fatalf("cut to %d bytes, the archive is at %v and lost %d", size, a.Position(), a.Lost)
		}
		must(t, a.Append(commits[1:]))
		wantCommits(t, a, eventlog.Position{}, commits)
		must(t, a.Close())
	}
	// A frame that is not whole and the only one.
	must(t, os.WriteFile(path, whole[:5], 0o600))
	a = open(t, root, log.ID())
	defer a.Close()
	must(t, a.Append(commits))
	wantCommits(t, a, eventlog.Position{}, commits)
}

// A crash can come between any two steps of sealing.
func TestSealingThatWasInterrupted(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 4)
	a := open(t, root, log.ID())
	must(t, a.Append(commits[:2]))
	openPath := file(t, root, log.ID(), ".open")
	opened, err := os.ReadFile(openPath)
	must(t, err)
	must(t, a.Seal())
	must(t, a.Close())
	index, err := os.ReadFile(file(t, root, log.ID(), ".json"))
	must(t, err)

	must(t, os.WriteFile(openPath, opened, 0o600)) // not removed yet
	must(t, os.Remove(file(t, root, log.ID(), ".json")))
	must(t, os.WriteFile(openPath+".tmp", []byte("unfinished"), 0o600))
	a = open(t, root, log.ID())
	defer a.Close()
	must(t, a.Append(commits[2:]))
	wantCommits(t, a, eventlog.Position{}, commits)
	again, err := os.ReadFile(file(t, root, log.ID(), ".json"))
	must(t, err)
	if !bytes.Equal(again, index) {
		t.Errorf("the index made again is\n%s\nwant\n%s", again, index)
	}
	if left, err := filepath.Glob(filepath.Join(archive.Dir(root, log.ID()), "*.tmp")); len(left) > 0 || err != nil {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// Any bit of a sealed segment that flips is found, by Verify and by who reads it.
func TestDamageOfASealedSegment(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 5)
	a := open(t, root, log.ID())
	must(t, a.Append(commits))
	must(t, a.Seal())
	defer a.Close()
	path := file(t, root, log.ID(), ".zst")
	whole, err := os.ReadFile(path)
	must(t, err)
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		must(t, os.WriteFile(path, damaged, 0o600))
		if err := a.Verify(a.Segments()[0]); !isCorrupt(err) {
			t.Fatalf("byte %d: Verify says %v", i, err)
		}
	}
	must(t, os.WriteFile(path, whole[:len(whole)-1], 0o600))
	if _, err := archive.Open(root, log.ID(), segmentSize); !isCorrupt(err) {
		t.Errorf("a segment that is too short: %v", err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(whole)/2] ^= 1
	must(t, os.WriteFile(path, damaged, 0o600))
	for _, err = range a.Read(eventlog.Position{}) {
		if err != nil {
			break
		}
	}
	if !isCorrupt(err) {
		t.Errorf("Read says %v", err)
	}
}

func isCorrupt(err error) bool {
	_, ok := errors.AsType[*archive.CorruptError](err)
	return ok
}

func TestFollow(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 100)
	for range 2 {
		a := open(t, root, log.ID())
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
		must(t, a.Close())
	}
}

// What the log has no more, the archive has, and both together are followed without a gap.
func TestReaderOfATrimmedLog(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 3000)
	a := open(t, root, log.ID())
	defer a.Close()
	must(t, a.Append(commits[:2500]))
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

func TestTrim(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 40) // a millisecond apart, from 1970 on
	a := open(t, root, log.ID())
	defer a.Close()
	for i := range 3 {
		must(t, a.Append(commits[10*i:10*i+10]))
		must(t, a.Seal())
	}
	must(t, a.Append(commits[30:]))
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
func TestTrimVerifies(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 4)
	a := open(t, root, log.ID())
	defer a.Close()
	must(t, a.Append(commits[:2]))
	must(t, a.Seal())
	path := file(t, root, log.ID(), ".zst")
	content, err := os.ReadFile(path)
	must(t, err)
	content[len(content)-1] ^= 1
	must(t, os.WriteFile(path, content, 0o600))
	if _, err := a.Trim(t.Context(), log, archive.Retention{Age: time.Second}, log.Head(), time.Now()); !isCorrupt(err) {
		t.Errorf("got %v", err)
	}
	if log.First() != 1 {
		t.Errorf("the log begins with %d", log.First())
	}
}

// An archive that is ahead of its log, or of another history, is not written to.
func TestFollowRefusesAnotherHistory(t *testing.T) {
	log, root := newLog(t), t.TempDir()
	commits := appendCommits(t, log, 3)
	a := open(t, root, "another")
	defer a.Close()
	if err := a.Append(commits); err == nil {
		t.Error("commits of another log were archived")
	}
	b := open(t, root, log.ID())
	defer b.Close()
	must(t, b.Append(commits))
	shorter := newLog(t)
	if err := b.Follow(t.Context(), shorter); err == nil {
		t.Error("a log was followed that does not have what is archived")
	}
}

func FuzzOpenSegment(f *testing.F) {
	log := newLog(f)
	commits := appendCommits(f, log, 3)
	root := f.TempDir()
	a := open(f, root, log.ID())
	must(f, a.Append(commits[:2]))
	path := file(f, root, log.ID(), ".open")
	whole, err := os.ReadFile(path)
	must(f, err)
	must(f, a.Close())
	f.Add(whole)
	f.Add(whole[:30])
	f.Fuzz(func(t *testing.T, content []byte) {
		must(t, os.WriteFile(path, content, 0o600))
		a := open(t, root, log.ID())
		defer a.Close()
		if pos := a.Position(); !pos.IsZero() && pos != commits[0].Position && pos != commits[1].Position {
			t.Errorf("the archive is at %v", pos)
		}
	})
}
