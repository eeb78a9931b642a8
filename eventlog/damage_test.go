package eventlog_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

const damagedCommits = 5

// closedLog makes a log of damagedCommits commits, closes it, and returns its folder.
func closedLog(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	for i := range damagedCommits {
		appendBuckets(t, log, fmt.Sprintf("bucket-%d", i+1))
	}
	log.Close()
	return dir
}

// find returns the one file that matches a pattern below dir.
func find(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "stream", "msgs", pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("files %s: %v, %v", pattern, found, err)
	}
	return found[0]
}

// flip changes one bit of a file, at a distance from where text is.
func flip(t *testing.T, path, text string, distance int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte(text))
	if at < 0 {
		t.Fatalf("%s does not hold %q", path, text)
	}
	data[at+distance] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// readDamaged opens a damaged log and reads it to its end. It returns how many commits it got and the error that ended
// it.
func readDamaged(t *testing.T, dir string) (int, error) {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: dir})
	if err != nil {
		return 0, err
	}
	defer log.Close()
	reader, err := log.Read(t.Context(), eventlog.Position{})
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	for n := 0; ; {
		if n == damagedCommits {
			return n, nil
		}
		commits, err := reader.Next(t.Context())
		if err != nil {
			return n, err
		}
		n += len(commits)
	}
}

func TestDamage(t *testing.T) {
	// The record of a commit in JetStream's file ends with its payload's line end and a checksum of 8 bytes.
	const inPayload, inChecksum = 0, len(`bucket-3"}}`) + 1 + 4
	for _, commit := range []int{3, damagedCommits} {
		text := fmt.Sprintf(`bucket-%d"}}`, commit)
		for name, damage := range map[string]func(t *testing.T, dir string){
			"bit in payload":  func(t *testing.T, dir string) { flip(t, find(t, dir, "*.blk"), text, inPayload) },
			"bit in checksum": func(t *testing.T, dir string) { flip(t, find(t, dir, "*.blk"), text, inChecksum) },
			// Without its index, as after a crash, JetStream reads the file when it starts, and cuts it at the damage.
			"bit in payload, no index": func(t *testing.T, dir string) {
				flip(t, find(t, dir, "*.blk"), text, inPayload)
				if err := os.Remove(find(t, dir, "index.db")); err != nil {
					t.Fatal(err)
				}
			},
		} {
			t.Run(fmt.Sprintf("commit %d, %s", commit, name), func(t *testing.T) {
				dir := closedLog(t)
				damage(t, dir)
				for range 2 { // the second start meets what the first one left
					n, err := readDamaged(t, dir)
					corrupt, ok := errors.AsType[*eventlog.CorruptError](err)
					if !ok {
						t.Fatalf("read %d commits, error %v; want a CorruptError", n, err)
					}
					if corrupt.Seq != uint64(commit) {
						t.Errorf("the damage is at commit %d, want %d: %v", corrupt.Seq, commit, err)
					}
					if n >= commit {
						t.Errorf("read %d commits of a log that is damaged at %d", n, commit)
					}
				}
			})
		}
	}
}

func TestLostFiles(t *testing.T) {
	for name, lose := range map[string]func(dir string) error{
		"messages": func(dir string) error { return os.RemoveAll(find(t, dir, "*.blk")) },
		"stream":   func(dir string) error { return os.RemoveAll(filepath.Join(dir, "stream")) },
		"another": func(dir string) error {
			if err := os.RemoveAll(filepath.Join(dir, "stream")); err != nil {
				return err
			}
			return os.Rename(filepath.Join(closedLog(t), "stream"), filepath.Join(dir, "stream"))
		},
		"unreadable head": func(dir string) error { return os.WriteFile(filepath.Join(dir, "head.json"), []byte("?"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := closedLog(t)
			if err := lose(dir); err != nil {
				t.Fatal(err)
			}
			if n, err := readDamaged(t, dir); !isCorrupt(err) {
				t.Errorf("read %d commits, error %v; want a CorruptError", n, err)
			}
		})
	}
}

func isCorrupt(err error) bool {
	_, ok := errors.AsType[*eventlog.CorruptError](err)
	return ok
}

// A power cut may take the last writes to head.json, which are not synced.
func TestHeadFileBehind(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	appendBuckets(t, log, "a")
	path := filepath.Join(dir, "head.json")
	behind, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := appendBuckets(t, log, "b")
	log.Close()
	if err := os.WriteFile(path, behind, 0o600); err != nil {
		t.Fatal(err)
	}
	log = openLog(t, eventlog.Config{Dir: dir})
	defer log.Close()
	if log.Head() != head {
		t.Errorf("head %v, want %v", log.Head(), head)
	}
}

// Another writer appends behind the log's back.
func TestFencing(t *testing.T) {
	log := newLog(t)
	head := appendBuckets(t, log, "a")
	if err := log.Intrude(t.Context(), []byte("not ours")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := log.Append(context.Background(), bucketEvent("b")); !errors.Is(err, eventlog.ErrFenced) {
			t.Errorf("got error %v, want ErrFenced", err)
		}
	}
	if err := log.Check(t.Context()); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("check: %v, want ErrFenced", err)
	}
	if log.Head() != head {
		t.Errorf("head %v, want %v", log.Head(), head)
	}
	if got := names(readTo(t, log, eventlog.Position{}, 1)); got != "1: a; " {
		t.Errorf("read %s", got)
	}
}

// When the server dies under an append, nobody knows what became of it.
func TestUnknownOutcomeStopsTheLog(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, eventlog.Config{Dir: dir})
	head := appendBuckets(t, log, "a")
	log.StopServer()
	_, err := log.Append(t.Context(), bucketEvent("b"))
	if err == nil {
		t.Fatal("an append to a stopped server succeeded")
	}
	if _, again := log.Append(t.Context(), bucketEvent("c")); again == nil {
		t.Error("a later append succeeded")
	}
	if err := log.Check(t.Context()); err == nil {
		t.Error("check found nothing")
	}
	log.Close()
	log = openLog(t, eventlog.Config{Dir: dir})
	defer log.Close()
	if log.Head() != head {
		t.Errorf("head %v, want %v", log.Head(), head)
	}
}

// A flipped bit in the sequence of a message would make the server note down all those that seem to be missing.
func TestSequencesAreCheckedBeforeTheServerStarts(t *testing.T) {
	for _, bit := range []int{0, 20, 40, 61} {
		dir := closedLog(t)
		if err := os.Remove(find(t, dir, "index.db")); err != nil { // as after a crash
			t.Fatal(err)
		}
		path := find(t, dir, "*.blk")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		second := int(binary.LittleEndian.Uint32(data) &^ (1 << 31))
		data[second+4+bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = eventlog.Open(t.Context(), eventlog.Config{Dir: dir})
		if corrupt, ok := errors.AsType[*eventlog.CorruptError](err); !ok || corrupt.Seq != 2 && corrupt.Seq != 3 {
			t.Errorf("bit %d: got %v", bit, err)
		}
		// The commits themselves are sound.
		if commits, err := remains(t, dir); len(commits) != damagedCommits || err != nil {
			t.Errorf("bit %d: %d commits remain, %v", bit, len(commits), err)
		}
	}
}
