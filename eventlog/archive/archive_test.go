package archive_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
)

// everywhere runs a test with a log, and with an empty place for archives of each kind.
func everywhere(t *testing.T, test func(t *testing.T, log *eventlog.Log, all files.Files)) {
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		test(t, newLog(t), newDir(t))
	})
	t.Run("backend", func(t *testing.T) {
		t.Parallel()
		test(t, newLog(t), memory.New(1<<30).Files())
	})
}

func newDir(t testing.TB) *files.Dir {
	t.Helper()
	dir, err := files.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

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
	var events []eventlog.Event
	for i := range n {
		events = append(events, eventlog.Event{
			Time: time.UnixMilli(int64(i)).UTC(), Request: "request", Data: &eventlog.BucketDeleted{Bucket: fmt.Sprint("bucket-", i)},
		})
	}
	return appendEvents(t, log, events...)
}

// appendEvents appends events, each in a commit of its own, and returns the commits.
func appendEvents(t testing.TB, log *eventlog.Log, events ...eventlog.Event) []eventlog.Commit {
	t.Helper()
	before := log.Head()
	for _, event := range events {
		if _, err := log.Append(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := log.Read(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var commits []eventlog.Commit
	for len(commits) < len(events) {
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

func open(t testing.TB, all files.Files, log string) *archive.Archive {
	t.Helper()
	a, err := archive.Open(t.Context(), all, log, segmentSize)
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
	for commit, err := range a.Read(t.Context(), after) {
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

// names returns the names of the files of an archive that have a suffix.
func names(t testing.TB, all files.Files, log, suffix string) []string {
	t.Helper()
	list, err := archive.Folder(all, log).List(t.Context(), "")
	must(t, err)
	var names []string
	for _, file := range list {
		if strings.HasSuffix(file.Name, suffix) {
			names = append(names, file.Name)
		}
	}
	return names
}

// stored is a file of an archive.
type stored struct {
	files files.Files
	name  string
}

// file finds the one file of an archive that has a suffix.
func file(t testing.TB, all files.Files, log, suffix string) stored {
	t.Helper()
	found := names(t, all, log, suffix)
	if len(found) != 1 {
		t.Fatalf("files *%s: %q", suffix, found)
	}
	return stored{archive.Folder(all, log), found[0]}
}

func (s stored) read(t testing.TB) []byte {
	t.Helper()
	r, err := s.files.Get(t.Context(), s.name)
	must(t, err)
	defer r.Close()
	content, err := io.ReadAll(r)
	must(t, err)
	return content
}

func (s stored) write(t testing.TB, content []byte) {
	t.Helper()
	must(t, s.files.Put(t.Context(), s.name, bytes.NewReader(content)))
}

func (s stored) delete(t testing.TB) {
	t.Helper()
	must(t, s.files.Delete(t.Context(), []string{s.name}))
}

// A segment that is full is sealed, and no other.
func TestFullSegmentsAreSealed(t *testing.T) { everywhere(t, testFullSegmentsAreSealed) }

func testFullSegmentsAreSealed(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 10)
	size := int64(len(commits[0].Data))
	a, err := archive.Open(t.Context(), all, log.ID(), 3*size)
	must(t, err)
	for _, commit := range commits {
		must(t, a.Append(t.Context(), []eventlog.Commit{commit}))
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

func TestCommitsComeBack(t *testing.T) { everywhere(t, testCommitsComeBack) }

func testCommitsComeBack(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 10)
	a := open(t, all, log.ID())
	if !a.Position().IsZero() {
		t.Errorf("a new archive is at %v", a.Position())
	}
	wantCommits(t, a, eventlog.Position{}, nil)
	must(t, a.Append(t.Context(), commits[:3]))
	must(t, a.Append(t.Context(), commits[3:4]))
	must(t, a.Seal(t.Context()))
	must(t, a.Append(t.Context(), commits[4:7]))
	must(t, a.Seal(t.Context()))
	must(t, a.Append(t.Context(), commits[7:]))
	for range 2 {
		if a.Position() != commits[9].Position || a.Sealed() != commits[6].Position || a.Lost != 0 {
			t.Errorf("the archive is at %v, sealed up to %v, and lost %d", a.Position(), a.Sealed(), a.Lost)
		}
		for i := range commits {
			wantCommits(t, a, commits[i].Position, commits[i+1:])
		}
		wantCommits(t, a, eventlog.Position{}, commits)
		a = open(t, all, log.ID())
	}

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
		must(t, a.Verify(t.Context(), s))
	}
}

func TestPositionsThatAreNotArchived(t *testing.T) { everywhere(t, testPositionsThatAreNotArchived) }

func testPositionsThatAreNotArchived(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 6)
	a := open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits[2:4])) // of a log whose front is gone
	must(t, a.Seal(t.Context()))
	must(t, a.Append(t.Context(), commits[4:5]))
	forged := commits[2].Position
	forged.Hash = strings.Repeat("0", 64)
	forgedEnd := commits[4].Position
	forgedEnd.Hash = forged.Hash
	foreign := commits[2].Position
	foreign.Log = "another"
	for range 2 {
		for name, pos := range map[string]eventlog.Position{
			"the beginning": {}, "before": commits[0].Position, "ahead": commits[5].Position, "forged": forged,
			"forged end": forgedEnd, "foreign": foreign,
		} {
			if found, err := a.Contains(t.Context(), pos); found || err != nil {
				t.Errorf("%s: contained: %v, %v", name, found, err)
			}
		}
		for _, commit := range commits[1:5] {
			if found, err := a.Contains(t.Context(), commit.Position); !found || err != nil {
				t.Errorf("%v: contained: %v, %v", commit.Position, found, err)
			}
		}
		a = open(t, all, log.ID())
	}
	if err := a.Append(t.Context(), commits[5:]); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(t.Context(), commits[3:]); err == nil {
		t.Error("commits were archived twice")
	}
}

// An open segment of many frames is a row of files, each of which stays small unless a frame alone is large.
func TestOpenSegmentOfManyFiles(t *testing.T) { everywhere(t, testOpenSegmentOfManyFiles) }

func testOpenSegmentOfManyFiles(t *testing.T, log *eventlog.Log, all files.Files) {
	const n, size, most = 30, 20_000, 128 << 10 // what cannot be compressed
	commits := appendRandomCommits(t, log, n, size)
	a := open(t, all, log.ID())
	for i := range commits {
		must(t, a.Append(t.Context(), commits[i:i+1]))
	}
	list, err := archive.Folder(all, log.ID()).List(t.Context(), "")
	must(t, err)
	if want := n * size / most; len(list) < want || len(list) > 2*want {
		t.Errorf("there are %d files, want about %d", len(list), want)
	}
	for _, file := range list {
		if file.Size > most {
			t.Errorf("a file has %d bytes, want at most %d", file.Size, most)
		}
	}
	for range 2 {
		for i := range commits {
			wantCommits(t, a, commits[i].Position, commits[i+1:])
		}
		a = open(t, all, log.ID())
	}
	must(t, a.Seal(t.Context()))
	wantCommits(t, a, eventlog.Position{}, commits)
	if left := names(t, all, log.ID(), ".open"); len(left) > 0 {
		t.Errorf("sealed, but there still are %q", left)
	}
}

// appendRandomCommits appends n commits of about size bytes that cannot be compressed.
func appendRandomCommits(t testing.TB, log *eventlog.Log, n, size int) []eventlog.Commit {
	t.Helper()
	var events []eventlog.Event
	for range n {
		noise := make([]byte, size)
		_, _ = rand.Read(noise) // never fails
		events = append(events, eventlog.Event{
			Time: time.UnixMilli(0).UTC(), Request: base64.StdEncoding.EncodeToString(noise), Data: &eventlog.BucketDeleted{Bucket: "bucket"},
		})
	}
	return appendEvents(t, log, events...)
}

// Who reads sees all that is archived, also while it is added to and sealed by others.
func TestConcurrentUse(t *testing.T) { everywhere(t, testConcurrentUse) }

func testConcurrentUse(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 200)
	a := open(t, all, log.ID())
	ended := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(ended)
		for i := range commits {
			if err := a.Append(t.Context(), commits[i:i+1]); err != nil {
				t.Error(err)
				return
			}
		}
	})
	until := func(step func() error) {
		group.Go(func() {
			for {
				if err := step(); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	until(func() error { return a.Seal(t.Context()) })
	until(func() error {
		want, seen := a.Position(), eventlog.Position{}
		for commit, err := range a.Read(t.Context(), eventlog.Position{}) {
			if err != nil {
				return err
			}
			seen = commit.Position
		}
		if seen.Seq < want.Seq {
			return fmt.Errorf("the archive was at %v, and then ended with %v", want, seen)
		}
		return nil
	})
	group.Wait()
	wantCommits(t, open(t, all, log.ID()), eventlog.Position{}, commits)
}
