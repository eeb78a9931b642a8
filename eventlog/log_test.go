package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

func openLog(t testing.TB, cfg eventlog.Config) *eventlog.Log {
	t.Helper()
	log, err := eventlog.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return log
}

// newLog opens a log that is closed at the end of the test.
func newLog(t testing.TB) *eventlog.Log {
	t.Helper()
	log := openLog(t, eventlog.Config{Dir: t.TempDir()})
	t.Cleanup(func() { log.Close() })
	return log
}

// bucketEvent is an event that is told from others by a name.
func bucketEvent(name string) eventlog.Event {
	return sampleEvent(&eventlog.BucketDeleted{Bucket: name})
}

func appendBuckets(t testing.TB, log *eventlog.Log, names ...string) eventlog.Position {
	t.Helper()
	var events []eventlog.Event
	for _, name := range names {
		events = append(events, bucketEvent(name))
	}
	pos, err := log.Append(t.Context(), events...)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return pos
}

// readTo reads from behind after up to the commit with sequence last.
func readTo(t testing.TB, log *eventlog.Log, after eventlog.Position, last uint64) []eventlog.Commit {
	t.Helper()
	reader, err := log.Read(t.Context(), after)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	defer reader.Close()
	var commits []eventlog.Commit
	for pos := after; pos.Seq < last; pos = commits[len(commits)-1].Position {
		next, err := reader.Next(t.Context())
		if err != nil {
			t.Fatalf("next behind %v: %v", pos, err)
		}
		if len(next) == 0 {
			t.Fatal("next returned no commit")
		}
		commits = append(commits, next...)
	}
	return commits
}

// names lists the buckets of events, by commit.
func names(commits []eventlog.Commit) string {
	var text strings.Builder
	for _, commit := range commits {
		fmt.Fprintf(&text, "%d:", commit.Position.Seq)
		for _, event := range commit.Events {
			text.WriteString(" " + event.Data.(*eventlog.BucketDeleted).Bucket)
		}
		text.WriteString("; ")
	}
	return text.String()
}

func TestAppendAndRead(t *testing.T) {
	log := newLog(t)
	if head := log.Head(); !head.IsZero() {
		t.Errorf("the head of an empty log is %v", head)
	}
	first := appendBuckets(t, log, "a")
	second := appendBuckets(t, log, "b", "c")
	if first.Seq != 1 || second.Seq != 2 || first.Log != log.ID() || second.Log != log.ID() {
		t.Errorf("positions %v and %v in log %s", first, second, log.ID())
	}
	if head := log.Head(); head != second {
		t.Errorf("head %v, want %v", head, second)
	}
	commits := readTo(t, log, eventlog.Position{}, 2)
	if got, want := names(commits), "1: a; 2: b c; "; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	if commits[0].Position != first || commits[1].Position != second {
		t.Errorf("read positions %v and %v, want %v and %v", commits[0].Position, commits[1].Position, first, second)
	}
	if got := commits[0].Events[0]; got.Time != sampleTime || got.Request != bucketEvent("a").Request || got.Actor != bucketEvent("a").Actor {
		t.Errorf("read event %+v", got)
	}
	if err := log.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}

func TestNextWaitsForACommit(t *testing.T) {
	log := newLog(t)
	appendBuckets(t, log, "a")
	reader, err := log.Read(t.Context(), log.Head())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := reader.Next(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("next with nothing to read returned %v, %v", got, err)
	}

	type result struct {
		commits []eventlog.Commit
		err     error
	}
	next := make(chan result)
	go func() {
		commits, err := reader.Next(t.Context())
		next <- result{commits, err}
	}()
	appendBuckets(t, log, "b")
	if got := <-next; got.err != nil || names(got.commits) != "2: b; " {
		t.Errorf("next returned %s, %v", names(got.commits), got.err)
	}
}

func TestConcurrentAppendsShareCommits(t *testing.T) {
	const writers, rounds = 32, 20
	log := newLog(t)
	var done sync.WaitGroup
	for writer := range writers {
		done.Go(func() {
			var last uint64
			for round := range rounds {
				name := fmt.Sprintf("%d-%d", writer, round)
				pos, err := log.Append(t.Context(), bucketEvent(name+"-x"), bucketEvent(name+"-y"))
				if err != nil {
					t.Error(err)
					return
				}
				if pos.Seq <= last {
					t.Errorf("an append at %d came behind one at %d", pos.Seq, last)
				}
				last = pos.Seq
			}
		})
	}
	done.Wait()
	commits := log.Head().Seq
	if commits >= writers*rounds/2 {
		t.Errorf("%d appends by %d writers made %d commits: they do not share them", writers*rounds, writers, commits)
	}

	seen := make(map[string]int) // by writer: rounds
	for _, commit := range readTo(t, log, eventlog.Position{}, commits) {
		for i := 0; i < len(commit.Events); i += 2 {
			x, _ := strings.CutSuffix(commit.Events[i].Data.(*eventlog.BucketDeleted).Bucket, "-x")
			y, _ := strings.CutSuffix(commit.Events[i+1].Data.(*eventlog.BucketDeleted).Bucket, "-y")
			if x != y {
				t.Fatalf("commit %d: the events of one append are not together: %s, %s", commit.Position.Seq, x, y)
			}
			writer, round, _ := strings.Cut(x, "-")
			if round != fmt.Sprint(seen[writer]) {
				t.Fatalf("commit %d: writer %s: round %s, want %d", commit.Position.Seq, writer, round, seen[writer])
			}
			seen[writer]++
		}
	}
	for writer := range writers {
		if n := seen[fmt.Sprint(writer)]; n != rounds {
			t.Errorf("writer %d: %d appends in the log, want %d", writer, n, rounds)
		}
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	id := log.ID()
	log.Close()

	log = openLog(t, eventlog.Config{Dir: dir})
	if log.ID() != id {
		t.Errorf("an empty log has id %s after it was opened again, want %s", log.ID(), id)
	}
	appendBuckets(t, log, "a")
	head := appendBuckets(t, log, "b")
	log.Close()

	log = openLog(t, eventlog.Config{Dir: dir})
	defer log.Close()
	if log.ID() != id || log.Head() != head {
		t.Errorf("opened again: log %s, head %v; want %s, %v", log.ID(), log.Head(), id, head)
	}
	appendBuckets(t, log, "c")
	if got, want := names(readTo(t, log, eventlog.Position{}, 3)), "1: a; 2: b; 3: c; "; got != want {
		t.Errorf("read %s, want %s", got, want)
	}
	if got, want := names(readTo(t, log, head, 3)), "3: c; "; got != want {
		t.Errorf("read behind %v: %s, want %s", head, got, want)
	}
}

// A reader that is far behind gets the log in several pieces, from disk.
func TestReadManyCommits(t *testing.T) {
	const commits = 2500
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	middle := eventlog.Position{}
	for i := range commits {
		pos := appendBuckets(t, log, fmt.Sprint(i))
		if i == commits/2 {
			middle = pos
		}
	}
	log.Close()
	log = openLog(t, eventlog.Config{Dir: dir})
	defer log.Close()
	for _, after := range []eventlog.Position{{}, middle, log.Head()} {
		want := after.Seq
		for _, commit := range readTo(t, log, after, commits) {
			want++
			if name := commit.Events[0].Data.(*eventlog.BucketDeleted).Bucket; commit.Position.Seq != want || name != fmt.Sprint(want-1) {
				t.Fatalf("read %q at %v, want %d at %d", name, commit.Position, want-1, want)
			}
		}
		if want != commits {
			t.Errorf("read up to %d, want %d", want, commits)
		}
	}
}

func TestReadRefusesPositions(t *testing.T) {
	log := newLog(t)
	first := appendBuckets(t, log, "a")
	head := appendBuckets(t, log, "b")
	for name, after := range map[string]eventlog.Position{
		"another log":         {Log: "11111111-2222-4333-8444-555555555555", Seq: 1, Hash: first.Hash},
		"ahead of the log":    {Log: log.ID(), Seq: 3, Hash: head.Hash},
		"another history":     {Log: log.ID(), Seq: 1, Hash: head.Hash},
		"another last commit": {Log: log.ID(), Seq: 2, Hash: first.Hash},
		"no sequence":         {Log: log.ID()},
	} {
		_, err := log.Read(t.Context(), after)
		refused, ok := errors.AsType[*eventlog.PositionError](err)
		if !ok {
			t.Errorf("%s: got error %v, want a PositionError", name, err)
			continue
		}
		if refused.Position != after || refused.Head != head || refused.Log != log.ID() || refused.Reason == "" {
			t.Errorf("%s: got %+v", name, refused)
		}
	}
}

func TestLimits(t *testing.T) {
	log := newLog(t)
	many := make([]eventlog.Event, eventlog.MaxCommitEvents+1)
	for i := range many {
		many[i] = bucketEvent(fmt.Sprint(i))
	}
	large := bucketEvent(strings.Repeat("x", 3*eventlog.MaxCommitBytes))
	almost := bucketEvent(strings.Repeat("x", eventlog.MaxAppend-1024))
	for name, events := range map[string][]eventlog.Event{
		"more events than a commit holds": many,
		"an event larger than a commit":   {large},
		"the largest append":              {almost},
	} {
		before := log.Head().Seq
		pos, err := log.Append(t.Context(), events...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if pos.Seq != before+1 {
			t.Errorf("%s: divided over commits %d to %d", name, before+1, pos.Seq)
		}
	}
	head := log.Head()
	if _, err := log.Append(t.Context(), large, large, large); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("got error %v, want ErrTooLarge", err)
	}
	if _, err := log.Append(t.Context()); err == nil {
		t.Error("an append of no events was accepted")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := log.Append(ended, bucketEvent("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	if log.Head() != head {
		t.Errorf("a refused append moved the head from %v to %v", head, log.Head())
	}
	appendBuckets(t, log, "a")
	if n := len(readTo(t, log, eventlog.Position{}, 4)); n != 4 {
		t.Errorf("read %d commits, want 4", n)
	}
}

func TestNoSpace(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	log.SetFree(0)
	if _, err := log.Append(t.Context(), bucketEvent("a")); !errors.Is(err, eventlog.ErrNoSpace) {
		t.Errorf("got error %v, want ErrNoSpace", err)
	}
	if err := log.Check(t.Context()); err != nil {
		t.Errorf("a full disk stopped the log: %v", err)
	}
	log.Close()
	log = openLog(t, eventlog.Config{Dir: dir})
	defer log.Close()
	if head := log.Head(); !head.IsZero() {
		t.Errorf("a refused append moved the head to %v", head)
	}
}

func TestOneLogForEachFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "log")
	log := openLog(t, eventlog.Config{Dir: dir})
	if _, err := eventlog.Open(t.Context(), eventlog.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("opened a folder twice: %v", err)
	}
	appendBuckets(t, log, "a")
	log.Close()
	log = openLog(t, eventlog.Config{Dir: dir})
	log.Close()
}

func TestClose(t *testing.T) {
	log := openLog(t, eventlog.Config{Dir: t.TempDir()})
	appendBuckets(t, log, "a")
	behind, err := log.Read(t.Context(), eventlog.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	waiting, err := log.Read(t.Context(), log.Head())
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	ended := make(chan error)
	go func() {
		_, err := waiting.Next(t.Context())
		ended <- err
	}()
	if err := log.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-ended; !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("a waiting reader ended with %v, want ErrClosed", err)
	}
	if _, err := log.Append(t.Context(), bucketEvent("b")); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("append after close: %v, want ErrClosed", err)
	}
	if err := log.Check(t.Context()); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("check after close: %v, want ErrClosed", err)
	}
}
