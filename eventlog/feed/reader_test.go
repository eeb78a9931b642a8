package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// newHistory is the history of a new log, without an archive.
func newHistory(t *testing.T) (*eventlog.Log, *archive.History) {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log, archive.NewHistory(log, func() *archive.Archive { return nil })
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// add appends commits of two events, each commit an hour later than the one before.
func add(t *testing.T, log *eventlog.Log, n int) {
	t.Helper()
	for range n {
		hour := log.Head().Seq
		event := func(key string) eventlog.Event {
			return eventlog.Event{
				Time: noon.Add(time.Duration(hour) * time.Hour), Actor: eventlog.Actor{AccessKey: "KEY"},
				Data: &eventlog.ObjectDeleted{Bucket: "b", Key: fmt.Sprintf("%s%d", key, hour)},
			}
		}
		if _, err := log.Append(t.Context(), event("x"), event("y")); err != nil {
			t.Fatal(err)
		}
	}
}

// all are the ids of the events of a query, in order.
func all(t *testing.T, history History, q Query) string {
	t.Helper()
	reader, err := Open(t.Context(), history, q)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var ids []string
	for {
		events, err := reader.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return strings.Join(ids, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			ids = append(ids, e.ID().String())
		}
	}
}

func TestQueries(t *testing.T) {
	log, history := newHistory(t)
	if got := all(t, history, Query{}); got != "" {
		t.Errorf("an empty log has %s", got)
	}
	add(t, log, 5)
	for query, want := range map[string]string{
		"":                              "1-0 1-1 2-0 2-1 3-0 3-1 4-0 4-1 5-0 5-1",
		"from=0":                        "1-0 1-1 2-0 2-1 3-0 3-1 4-0 4-1 5-0 5-1",
		"from=4":                        "4-0 4-1 5-0 5-1",
		"from=4-1":                      "4-1 5-0 5-1",
		"from=4-9":                      "5-0 5-1",
		"from=5-2":                      "",
		"from=6":                        "",
		"to=2":                          "1-0 1-1 2-0 2-1",
		"to=2-0":                        "1-0 1-1 2-0",
		"to=0":                          "",
		"to=99":                         "1-0 1-1 2-0 2-1 3-0 3-1 4-0 4-1 5-0 5-1",
		"from=4&to=2":                   "",
		"from=2-1&to=3-0":               "2-1 3-0",
		"limit=3":                       "1-0 1-1 2-0",
		"limit=3&from=3-1":              "3-1 4-0 4-1",
		"prefix=y":                      "1-1 2-1 3-1 4-1 5-1",
		"key=y1&bucket=b":               "2-1",
		"bucket=c":                      "",
		"actor=KEY&limit=1":             "1-0",
		"actor=OTHER":                   "",
		"type=bucket.*":                 "",
		"type=bucket.*,object.*":        "1-0 1-1 2-0 2-1 3-0 3-1 4-0 4-1 5-0 5-1",
		"from=2026-01-02T14:00:00Z":     "3-0 3-1 4-0 4-1 5-0 5-1",
		"from=2026-01-02T14:00:00.001Z": "4-0 4-1 5-0 5-1",
		"to=2026-01-02T14:00:00Z":       "1-0 1-1 2-0 2-1 3-0 3-1",
		"from=2026-01-02T13:00:00Z&to=2026-01-02T15:00:00%2B01:00": "2-0 2-1 3-0 3-1",
		"from=150m&to=30m": "4-0 4-1 5-0 5-1",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseQuery(values, Query{}, noon.Add(5*time.Hour))
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := all(t, history, q); got != want {
			t.Errorf("%s is for %s, want %s", query, got, want)
		}
	}
	for query, want := range map[string]error{"from=7": ErrAhead, "from=7-0": ErrAhead, "from=18446744073709551615": ErrAhead} {
		values, _ := url.ParseQuery(query)
		q, err := ParseQuery(values, Query{}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), history, q); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", query, err, want)
		}
	}
}

func TestCommits(t *testing.T) {
	log, history := newHistory(t)
	add(t, log, 5)
	for query, want := range map[string]string{
		"":                              "1 to 5",
		"from=2-1&to=3-0":               "2 to 3",
		"from=3&to=99":                  "3 to 5",
		"from=2026-01-02T13:00:00Z":     "2 to 5",
		"from=2026-01-02T13:00:00.001Z": "3 to 5",
		"to=2026-01-02T13:00:00Z":       "1 to 2",
		"to=2026-01-02T13:59:59.999Z":   "1 to 2",
		"to=2026-01-02T11:00:00Z":       "1 to 0",
		"from=2026-01-03T00:00:00Z":     "6 to 5",
	} {
		values, _ := url.ParseQuery(query)
		q, err := ParseQuery(values, Query{}, noon)
		if err != nil {
			t.Fatal(err)
		}
		after, last, err := Commits(t.Context(), history, q.From, q.To)
		if got := fmt.Sprintf("%d to %d", after.Seq+1, last); got != want || err != nil {
			t.Errorf("the commits of %s are %s, %v, want %s", query, got, err, want)
		}
	}
}

// A reader that follows waits, and the end of a wait loses nothing.
func TestFollowing(t *testing.T) {
	log, history := newHistory(t)
	add(t, log, 2)
	to := &Bound{ID: ID{4, 0}}
	reader, err := Open(t.Context(), history, Query{Follow: true, To: to})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ended, end := context.WithCancel(t.Context())
	end()
	wait := func() {
		t.Helper()
		if events, err := reader.Next(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("events %v, %v where there are none", events, err)
		}
	}
	wait()
	for _, want := range []string{"[3-0 3-1]", "[4-0]"} {
		add(t, log, 1)
		events, err := reader.Next(t.Context())
		var ids []ID
		for _, e := range events {
			ids = append(ids, e.ID())
		}
		if got := fmt.Sprint(ids); got != want || err != nil {
			t.Errorf("came %s, %v, want %s", got, err, want)
		}
	}
	if _, err := reader.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %v", err)
	}
}

func TestQueriesThatAreWrong(t *testing.T) {
	for _, query := range []string{
		"from=", "from=soon", "from=-1h", "to=2026-01-02", "limit=", "limit=-1", "limit=1.5", "follow=maybe", "format=xml", "type=", "type=object.creatd",
		"type=object.created,", "type=[", "from=1&from=2", "bucket=a&bucket=b", "buckets=a",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := ParseQuery(values, Query{}, noon); err == nil {
			t.Errorf("%s is %+v, want an error", query, q)
		}
	}
}

// What ParseQuery accepts finds what it asks for or fails, and says an id as ParseID reads it.
func FuzzParseQuery(f *testing.F) {
	for _, query := range []string{
		"", "bucket=b&prefix=%00&key=k&actor=a&type=object.*&type=bucket.created&from=17-0&to=1h&limit=3&follow=true&format=s3", "from=0&to=17",
		"from=2026-11-25T12:00:00Z", "to=18446744073709551615-65535", "type=[a-", "limit=99999999999999999999",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := ParseQuery(values, Query{Form: Text}, noon)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\x00\x1b") {
				t.Errorf("the error has characters of whoever asked: %q", err)
			}
			return
		}
		if from := values.Get(ParamFrom); q.From != nil && q.From.Time.IsZero() {
			if id, err := ParseID(from); err != nil || id != q.From.ID {
				t.Errorf("from %q is %v, %v, and %v", from, q.From.ID, id, err)
			}
		}
		e := at(removed)
		q.Matches(e)
		q.matches(e)
		q.ends(e)
		if _, err := q.Form.Line(e, Origin{}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzParseID(f *testing.F) {
	for _, text := range []string{"17-0", "17", "0", "18446744073709551615-65535", "-", "1-", "+1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if err != nil {
			return
		}
		if again, err := ParseID(id.String()); err != nil || again != id {
			t.Errorf("%q is %v, and that is %v, %v", text, id, again, err)
		}
		if id.Next().Compare(id) <= 0 {
			t.Errorf("behind %v comes %v", id, id.Next())
		}
	})
}

func TestFollowingFromTheMiddleOfACommit(t *testing.T) {
	log, history := newHistory(t)
	add(t, log, 3)
	reader, err := Open(t.Context(), history, Query{From: &Bound{ID: ID{2, 1}}, Follow: true, Limit: 3, Form: JSON})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var ids []ID
	for len(ids) < 3 {
		events, err := reader.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			ids = append(ids, event.ID())
		}
	}
	if got := fmt.Sprint(ids); got != "[2-1 3-0 3-1]" {
		t.Errorf("from 2-1 on came %s", got)
	}
	if _, err := Open(t.Context(), history, Query{From: &Bound{ID: ID{5, 0}}, Follow: true, Form: JSON}); !errors.Is(err, ErrAhead) {
		t.Errorf("from where the log has not come: %v", err)
	}
}

// Who goes on behind an event gets what follows it in the history that the event is of, or is told that there is another one.
func TestGoingOnBehindAMark(t *testing.T) {
	log, history := newHistory(t)
	add(t, log, 3)
	commit, err := log.Commit(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	mark := Events(commit)[0].Mark()
	open := func(mark string) (*Reader, error) {
		t.Helper()
		from, err := Behind(mark)
		if err != nil {
			t.Fatal(err)
		}
		return Open(t.Context(), history, Query{From: from, Form: JSON})
	}
	for _, text := range []string{mark, "2-0"} {
		reader, err := open(text)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		if events, err := reader.Next(t.Context()); err != nil || events[0].ID() != (ID{2, 1}) {
			t.Errorf("behind %s comes %v, %v", text, events, err)
		}
	}
	if _, err := open("2-0@000000000000"); !errors.Is(err, ErrReplaced) {
		t.Errorf("behind an event of another history: %v", err)
	}
	if _, err := open("9-0@000000000000"); !errors.Is(err, ErrAhead) {
		t.Errorf("behind an event that the log has not come to: %v", err)
	}
	for _, text := range []string{"", "@", "2-0@", "x@0123", "2-0-@01"} {
		if bound, err := Behind(text); err == nil {
			t.Errorf("%q is %v", text, bound)
		}
	}
}
