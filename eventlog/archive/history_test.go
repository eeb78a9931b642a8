package archive_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
)

// trimmed is the history of a log of 30 commits, a minute apart, which are in three sealed segments; the first 20 are there only.
func trimmed(t *testing.T, log *eventlog.Log, all files.Files) (*archive.History, []eventlog.Commit) {
	t.Helper()
	a := open(t, all, log.ID())
	var commits []eventlog.Commit
	for range 3 {
		added := appendEvents(t, log, minutes(len(commits), 10)...)
		must(t, a.Append(t.Context(), added))
		must(t, a.Seal(t.Context()))
		commits = append(commits, added...)
	}
	must(t, log.Trim(t.Context(), commits[19].Position))
	return archive.NewHistory(log, func() *archive.Archive { return a }), commits
}

var begun = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

// minutes are n events, one for each minute from one on.
func minutes(first, n int) []eventlog.Event {
	events := make([]eventlog.Event, n)
	for i := range events {
		events[i] = eventlog.Event{
			Time: begun.Add(time.Duration(first+i) * time.Minute), Request: "request", Data: &eventlog.BucketDeleted{Bucket: fmt.Sprint("bucket-", first+i)},
		}
	}
	return events
}

func TestHistoryAt(t *testing.T) { everywhere(t, testHistoryAt) }

func testHistoryAt(t *testing.T, log *eventlog.Log, all files.Files) {
	history, commits := trimmed(t, log, all)
	for seq := range uint64(31) {
		var want eventlog.Position
		if seq > 0 {
			want = commits[seq-1].Position
		}
		if got, err := history.At(t.Context(), seq); got != want || err != nil {
			t.Errorf("commit %d is at %v, %v, want %v", seq, got, err, want)
		}
	}
	if _, err := history.At(t.Context(), 31); !isPositionError(err) {
		t.Errorf("a commit that is not there yet: %v", err)
	}
	if start, err := history.Start(t.Context()); !start.IsZero() || err != nil {
		t.Errorf("it begins at %v, %v", start, err)
	}

	alone := archive.NewHistory(log, func() *archive.Archive { return nil })
	for seq, known := range map[uint64]bool{0: false, 19: false, 20: true, 21: true, 30: true} {
		_, err := alone.At(t.Context(), seq)
		if _, gone := errors.AsType[*eventlog.TrimmedError](err); known && err != nil || !known && !gone {
			t.Errorf("commit %d of a trimmed log without an archive: %v", seq, err)
		}
	}
	if start, err := alone.Start(t.Context()); start != commits[19].Position || err != nil {
		t.Errorf("without an archive it begins at %v, %v", start, err)
	}
}

func isPositionError(err error) bool {
	_, ok := errors.AsType[*eventlog.PositionError](err)
	return ok
}

// Behind the position before a time are all events that are as late, and few that are not.
func TestHistoryBefore(t *testing.T) { everywhere(t, testHistoryBefore) }

func testHistoryBefore(t *testing.T, log *eventlog.Log, all files.Files) {
	history, _ := trimmed(t, log, all)
	for minute := -2; minute < 33; minute++ {
		got, err := history.Before(t.Context(), begun.Add(time.Duration(minute)*time.Minute))
		if err != nil {
			t.Fatalf("minute %d: %v", minute, err)
		}
		// The event of a minute is in the commit one further.
		most := uint64(max(0, minute))
		least := uint64(max(0, min(minute-2, 30)))
		if minute <= 21 { // where only the archive has it, by segments
			least = least / 10 * 10
		}
		if got.Seq > most || got.Seq < least {
			t.Errorf("before minute %d is commit %d, want %d to %d", minute, got.Seq, least, most)
		}
	}
}

func TestHistoryOfAnEmptyLog(t *testing.T) {
	log := newLog(t)
	history := archive.NewHistory(log, func() *archive.Archive { return nil })
	for name, find := range map[string]func() (eventlog.Position, error){
		"start":  func() (eventlog.Position, error) { return history.Start(t.Context()) },
		"at 0":   func() (eventlog.Position, error) { return history.At(t.Context(), 0) },
		"before": func() (eventlog.Position, error) { return history.Before(t.Context(), time.Now()) },
	} {
		if pos, err := find(); !pos.IsZero() || err != nil {
			t.Errorf("%s is %v, %v", name, pos, err)
		}
	}
	if _, err := history.At(t.Context(), 1); !isPositionError(err) {
		t.Errorf("at 1: %v", err)
	}
}

func TestHistoryVerify(t *testing.T) { everywhere(t, testHistoryVerify) }

func testHistoryVerify(t *testing.T, log *eventlog.Log, all files.Files) {
	history, commits := trimmed(t, log, all)
	var archived, logged []uint64
	visit := archive.Visitors{
		Archived: func(c eventlog.Commit) error { archived = append(archived, c.Position.Seq); return nil },
		Logged:   func(c eventlog.Commit) error { logged = append(logged, c.Position.Seq); return nil },
	}
	verify := func(after eventlog.Position, last uint64) error {
		archived, logged = nil, nil
		return history.Verify(t.Context(), after, last, visit)
	}
	span := func(first, last uint64) string {
		var all []uint64
		for ; first <= last; first++ {
			all = append(all, first)
		}
		return fmt.Sprint(all)
	}
	must(t, verify(eventlog.Position{}, 30))
	if fmt.Sprint(archived) != span(1, 30) || fmt.Sprint(logged) != span(21, 30) {
		t.Errorf("of all were read %v and %v", archived, logged)
	}
	must(t, verify(commits[14].Position, 25))
	if fmt.Sprint(archived) != span(16, 25) || fmt.Sprint(logged) != span(21, 25) {
		t.Errorf("of a part were read %v and %v", archived, logged)
	}

	other := commits[14].Position
	other.Hash = commits[13].Position.Hash
	if err := verify(other, 25); err == nil {
		t.Error("commits follow one that they do not follow")
	}

	segment := file(t, all, log.ID(), "00000000000000000011.ndjson.zst")
	content := segment.read(t)
	content[len(content)/2] ^= 1
	segment.write(t, content)
	err := verify(eventlog.Position{}, 30)
	if _, corrupt := errors.AsType[*archive.CorruptError](err); !corrupt {
		t.Errorf("a changed segment: %v", err)
	}
	must(t, verify(commits[19].Position, 30))
}

// Finding a time does not read a log from its beginning.
func BenchmarkHistoryBefore(b *testing.B) {
	log := newLog(b)
	const commits = 2000
	appendEvents(b, log, minutes(0, commits)...)
	history := archive.NewHistory(log, func() *archive.Archive { return nil })
	for b.Loop() {
		if _, err := history.Before(context.Background(), begun.Add(commits/3*time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
}
