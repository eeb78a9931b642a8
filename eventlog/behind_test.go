package eventlog_test

import (
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

func wantBehind(t *testing.T, log *eventlog.Log, seq, commits, events uint64, since time.Time) {
	t.Helper()
	got, err := log.Behind(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	if got.Commits != commits || got.Events != events || !got.Since.Equal(since) {
		t.Errorf("who has commit %d is behind by %+v, want %d commits, %d events, since %v", seq, got, commits, events, since)
	}
}

func TestBehind(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	wantBehind(t, log, 0, 0, 0, time.Time{})
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC) }
	appendAt := func(second, events int) eventlog.Position {
		t.Helper()
		var list []eventlog.Event
		for range events {
			e := bucketEvent("bucket")
			e.Time = at(second)
			list = append(list, e)
		}
		pos, err := log.Append(t.Context(), list...)
		if err != nil {
			t.Fatal(err)
		}
		return pos
	}
	appendAt(1, 1)
	second := appendAt(2, 20)
	appendAt(3, 300)
	wantBehind(t, log, 0, 3, 321, at(1))
	wantBehind(t, log, 1, 2, 320, at(2))
	wantBehind(t, log, 2, 1, 300, at(3))
	wantBehind(t, log, 3, 0, 0, time.Time{})

	// Another process does not know how many events there are in what it did not append.
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = openLog(t, eventlog.Config{Dir: dir})
	defer log.Close()
	wantBehind(t, log, 1, 2, 2, at(2))
	appendAt(4, 4000/4)
	wantBehind(t, log, 1, 3, 2+1000, at(2))
	wantBehind(t, log, 3, 1, 1000, at(4))

	if err := log.Trim(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	wantBehind(t, log, 0, 4, 3+1000, at(3))
}

func TestBytes(t *testing.T) {
	log := newLog(t)
	bytes := func() uint64 {
		n, err := log.Bytes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := appendBuckets(t, log, "one")
	small := bytes()
	appendBuckets(t, log, "two", "three")
	large := bytes()
	if small == 0 || large <= small {
		t.Errorf("one commit has %d bytes, and two have %d", small, large)
	}
	if err := log.Trim(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if rest := bytes(); rest == 0 || rest >= large {
		t.Errorf("of %d bytes, %d are left when the first of two commits is trimmed", large, rest)
	}
}

func TestAppendsAreTold(t *testing.T) {
	var told []eventlog.Appended
	log := openLog(t, eventlog.Config{Dir: t.TempDir(), Appended: func(a eventlog.Appended) { told = append(told, a) }})
	defer log.Close()
	appendBuckets(t, log, "one")
	appendBuckets(t, log, "two", "three")
	if len(told) != 2 || told[0].Events != 1 || told[1].Events != 2 || told[1].Bytes <= told[0].Bytes || told[0].Took <= 0 {
		t.Errorf("appends are told as %+v", told)
	}
}
