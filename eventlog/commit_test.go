package eventlog

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const testLog = "11111111-2222-4333-8444-555555555555"

// testCommit encodes a commit of one event for each bucket.
func testCommit(t testing.TB, log string, prev Position, buckets ...string) []byte {
	t.Helper()
	var lines bytes.Buffer
	for _, bucket := range buckets {
		event := Event{Time: time.Unix(1, 0).UTC(), Request: "r", Data: &BucketDeleted{Bucket: bucket}}
		if err := appendLine(&lines, &event); err != nil {
			t.Fatal(err)
		}
	}
	commit, err := encodeCommit(log, prev, len(buckets), [][]byte{lines.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	return commit
}

func TestCommitChain(t *testing.T) {
	var prev Position
	for seq := uint64(1); seq <= 3; seq++ {
		data := testCommit(t, testLog, prev, "a", "b")
		commit, err := decodeCommit(data, testLog, prev)
		if err != nil {
			t.Fatal(err)
		}
		if want := (Position{Log: testLog, Seq: seq, Hash: hash(data)}); commit.Position != want {
			t.Errorf("position %v, want %v", commit.Position, want)
		}
		if n := len(commit.Events); n != 2 {
			t.Fatalf("%d events, want 2", n)
		}
		for i, bucket := range []string{"a", "b"} {
			if got := commit.Events[i].Data.(*BucketDeleted).Bucket; got != bucket {
				t.Errorf("event %d is of bucket %q, want %q", i, got, bucket)
			}
		}
		prev = commit.Position
	}
}

func TestDecodeCommitRefuses(t *testing.T) {
	prev := Position{Log: testLog, Seq: 6, Hash: strings.Repeat("ab", 32)}
	sound := string(testCommit(t, testLog, prev, "a", "b"))
	replace := func(old, by string) string {
		t.Helper()
		changed := strings.Replace(sound, old, by, 1)
		if changed == sound {
			t.Fatalf("%q is not in %s", old, sound)
		}
		return changed
	}
	header, events, _ := strings.Cut(sound, "\n")
	for name, test := range map[string]struct{ commit, found string }{
		"nothing":                   {"", "0 bytes"},
		"a header alone":            {header, "without a line end"},
		"a header without events":   {header + "\n", "checksum 00000000"},
		"an empty header":           {"\n" + events, "format 0"},
		"a header that is no JSON":  {replace(`{"format"`, `["format"`), "format 0"},
		"another format":            {replace(`"format":1`, `"format":2`), "format 2"},
		"an unknown member":         {replace(`"format":1`, `"format":1,"extra":1`), "extra"},
		"another log":               {string(testCommit(t, "another", prev, "a")), `"another"`},
		"a later commit":            {string(testCommit(t, testLog, Position{Seq: 7, Hash: prev.Hash}, "a")), "commit 8"},
		"an earlier commit":         {string(testCommit(t, testLog, Position{Seq: 5, Hash: prev.Hash}, "a")), "commit 6"},
		"another history":           {string(testCommit(t, testLog, Position{Seq: 6, Hash: strings.Repeat("0", 64)}, "a")), "00000000"},
		"too many events announced": {replace(`"events":2`, `"events":3`), "2 lines"},
		"too few events announced":  {replace(`"events":2`, `"events":1`), "2 lines"},
		"a changed event":           {replace(`"bucket":"b"`, `"bucket":"c"`), "checksum"},
		"an event cut short":        {sound[:len(sound)-1], "checksum"},
		"an event more":             {sound + events, "checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeCommit([]byte(test.commit), testLog, prev)
			corrupt, ok := errors.AsType[*CorruptError](err)
			if !ok {
				t.Fatalf("got error %v, want a CorruptError", err)
			}
			if corrupt.Log != testLog || corrupt.Seq != 7 || corrupt.Want == "" {
				t.Errorf("got %+v, want log %s, commit 7, and what was expected", corrupt, testLog)
			}
			if !strings.Contains(corrupt.Found, test.found) {
				t.Errorf("found %q, want it to say %q", corrupt.Found, test.found)
			}
		})
	}
}

// A commit whose event this program does not know is not damaged.
func TestDecodeCommitUnknownEvent(t *testing.T) {
	commit, err := encodeCommit(testLog, Position{}, 1, [][]byte{[]byte(`{"type":"bucket.painted","v":3,"data":{}}` + "\n")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = decodeCommit(commit, testLog, Position{})
	if unknown, ok := errors.AsType[*UnknownEventError](err); !ok || unknown.Type != "bucket.painted" || unknown.Version != 3 {
		t.Errorf("got error %v, want an UnknownEventError of bucket.painted version 3", err)
	}
	if err == nil || !strings.Contains(err.Error(), "commit 1 of event log "+testLog) {
		t.Errorf("error %v does not say where the event is", err)
	}
}

// FuzzDecodeCommit looks for bytes that are accepted and mean something else than what encodeCommit writes.
func FuzzDecodeCommit(f *testing.F) {
	prev := Position{Log: testLog, Seq: 6, Hash: strings.Repeat("ab", 32)}
	f.Add(testCommit(f, testLog, prev, "a"))
	f.Add(testCommit(f, testLog, prev, "a", "b"))
	f.Add(testCommit(f, testLog, Position{}, "a"))
	f.Add([]byte("{}\n{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// A checksum keeps random changes out, so the events are also tried on their own.
		if _, lines, ok := bytes.Cut(data, []byte("\n")); ok {
			if commit, err := encodeCommit(testLog, prev, bytes.Count(lines, []byte("\n")), [][]byte{lines}); err == nil {
				testDecoded(t, commit, prev)
			}
		}
		testDecoded(t, data, prev)
	})
}

func testDecoded(t *testing.T, data []byte, prev Position) {
	commit, err := decodeCommit(data, testLog, prev)
	if err != nil {
		return
	}
	if want := (Position{Log: testLog, Seq: prev.Seq + 1, Hash: hash(data)}); commit.Position != want {
		t.Fatalf("position %v, want %v", commit.Position, want)
	}
	var lines bytes.Buffer
	for i := range commit.Events {
		if err := appendLine(&lines, &commit.Events[i]); err != nil {
			t.Fatalf("event %d was accepted and cannot be encoded: %v", i, err)
		}
	}
	encoded, err := encodeCommit(testLog, prev, len(commit.Events), [][]byte{lines.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	again, err := decodeCommit(encoded, testLog, prev)
	if err != nil {
		t.Fatalf("the commit encoded again is refused: %v", err)
	}
	if !reflect.DeepEqual(again.Events, commit.Events) {
		t.Fatalf("events changed:\n%+v\n%+v", commit.Events, again.Events)
	}
}
