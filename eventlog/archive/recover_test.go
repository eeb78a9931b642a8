package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/files"
)

// What is cut off at any byte costs the last frame and nothing else.
func TestTheEndOfTheOpenSegmentIsCutOff(t *testing.T) {
	everywhere(t, testTheEndOfTheOpenSegmentIsCutOff)
}

func testTheEndOfTheOpenSegmentIsCutOff(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 3)
	a := open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits[:1]))
	segment := file(t, all, log.ID(), ".open")
	first := segment.read(t)
	must(t, a.Append(t.Context(), commits[1:2]))
	whole := segment.read(t)
	for size := len(first); size < len(whole); size++ {
		segment.write(t, whole[:size])
		a = open(t, all, log.ID())
		if a.Position() != commits[0].Position || a.Lost != int64(size-len(first)) {
			t.Fatalf("cut to %d bytes, the archive is at %v and lost %d", size, a.Position(), a.Lost)
		}
		must(t, a.Append(t.Context(), commits[1:]))
		wantCommits(t, a, eventlog.Position{}, commits)
		stored{segment.files, names(t, all, log.ID(), ".open")[1]}.delete(t)
	}
	// A frame that is not whole and the only one.
	segment.write(t, whole[:5])
	a = open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits))
	wantCommits(t, a, eventlog.Position{}, commits)
}

// Damage of any file of the open segment costs what is behind it, and the archive goes on from there.
func TestDamageInTheOpenSegment(t *testing.T) { everywhere(t, testDamageInTheOpenSegment) }

func testDamageInTheOpenSegment(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 6)
	for damaged := range 3 {
		for first, want := range map[bool]int{true: 2 * damaged, false: 2*damaged + 1} { // whether the first frame is damaged
			t.Logf("file %d, first frame: %v", damaged, first)
			for _, name := range names(t, all, log.ID(), "") {
				stored{archive.Folder(all, log.ID()), name}.delete(t)
			}
			for i := range 3 { // an archive that is opened begins a file
				a := open(t, all, log.ID())
				must(t, a.Append(t.Context(), commits[2*i:2*i+1]))
				must(t, a.Append(t.Context(), commits[2*i+1:2*i+2]))
			}
			segment := stored{archive.Folder(all, log.ID()), names(t, all, log.ID(), ".open")[damaged]}
			content := segment.read(t)
			at := len(content) - 1
			if first {
				at = 30
			}
			content[at] ^= 1
			segment.write(t, content)

			a := open(t, all, log.ID())
			wantCommits(t, a, eventlog.Position{}, commits[:want])
			if a.Lost == 0 {
				t.Error("nothing was lost")
			}
			must(t, a.Append(t.Context(), commits[want:]))
			for range 2 {
				wantCommits(t, a, eventlog.Position{}, commits)
				if a = open(t, all, log.ID()); a.Lost != 0 {
					t.Errorf("%d bytes were lost again", a.Lost)
				}
			}
		}
	}
}

// mortal are files of a process that dies when it has changed them so often.
type mortal struct {
	files.Files
	left int
}

var errDead = errors.New("the process is dead")

func (m *mortal) die() error {
	if m.left--; m.left < 0 {
		return errDead
	}
	return nil
}

func (m *mortal) Put(ctx context.Context, name string, r io.Reader) error {
	if err := m.die(); err != nil {
		return err
	}
	return m.Files.Put(ctx, name, r)
}

// Delete dies with the first half deleted.
func (m *mortal) Delete(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if err := m.Files.Delete(ctx, names[:len(names)/2]); err != nil {
		return err
	}
	if err := m.die(); err != nil {
		return err
	}
	return m.Files.Delete(ctx, names)
}

// A crash can come between any two steps.
func TestCrash(t *testing.T) { everywhere(t, testCrash) }

func testCrash(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 8)
	history := func(all files.Files) (acknowledged int, err error) {
		for i := 0; i < len(commits) && err == nil; i += 2 {
			var a *archive.Archive
			if a, err = archive.Open(t.Context(), all, log.ID(), segmentSize); err != nil {
				return acknowledged, err
			}
			if err = a.Append(t.Context(), commits[i:i+2]); err != nil {
				return acknowledged, err
			}
			acknowledged = i + 2
			if i%4 == 2 {
				err = a.Seal(t.Context())
			}
		}
		return acknowledged, err
	}
	for steps := 0; ; steps++ {
		for _, name := range names(t, all, log.ID(), "") {
			stored{archive.Folder(all, log.ID()), name}.delete(t)
		}
		acknowledged, err := history(&mortal{all, steps})
		if err != nil && !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		died := err != nil
		a := open(t, all, log.ID())
		if got := int(a.Position().Seq); got < acknowledged || got > acknowledged+2 || a.Lost != 0 {
			t.Fatalf("dead after %d changes: the archive ends with commit %d, want %d, and lost %d", steps, got, acknowledged, a.Lost)
		}
		must(t, a.Append(t.Context(), commits[a.Position().Seq:]))
		for range 2 {
			must(t, a.Seal(t.Context()))
			for _, segment := range a.Segments() {
				must(t, a.Verify(t.Context(), segment))
			}
			wantCommits(t, a, eventlog.Position{}, commits)
			a = open(t, all, log.ID())
		}
		if left := names(t, all, log.ID(), ".open"); len(left) > 0 {
			t.Fatalf("dead after %d changes: all is sealed, but there still are %q", steps, left)
		}
		if !died {
			return
		}
	}
}

// Where a segment was sealed but its index is gone, the index is made again.
func TestAnIndexIsMadeAgain(t *testing.T) { everywhere(t, testAnIndexIsMadeAgain) }

func testAnIndexIsMadeAgain(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 6)
	for _, first := range []int{0, 2} { // of a log that was trimmed, too
		all := files.In(all, fmt.Sprint(first))
		a := open(t, all, log.ID())
		must(t, a.Append(t.Context(), commits[first:4]))
		must(t, a.Seal(t.Context()))
		index := file(t, all, log.ID(), ".json")
		before := index.read(t)
		index.delete(t)
		a = open(t, all, log.ID())
		if again := index.read(t); !bytes.Equal(again, before) {
			t.Errorf("the index made again is\n%s\nwant\n%s", again, before)
		}
		must(t, a.Append(t.Context(), commits[4:]))
		wantCommits(t, a, a.Start(), commits[first:])
	}
}

// A sealed segment that is not what should have been written is written again for as long as there is the open one.
func TestASealedSegmentThatIsNotSound(t *testing.T) { everywhere(t, testASealedSegmentThatIsNotSound) }

func testASealedSegmentThatIsNotSound(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 3)
	must(t, open(t, all, log.ID()).Append(t.Context(), commits))
	stored{archive.Folder(all, log.ID()), "00000000000000000001.ndjson.zst"}.write(t, []byte("something else"))
	a := open(t, all, log.ID())
	wantCommits(t, a, eventlog.Position{}, commits)
	must(t, a.Seal(t.Context()))
	wantCommits(t, open(t, all, log.ID()), eventlog.Position{}, commits)
}

// Any bit of a sealed segment that flips is found, by Verify and by who reads it.
func TestDamageOfASealedSegment(t *testing.T) { everywhere(t, testDamageOfASealedSegment) }

func testDamageOfASealedSegment(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 5)
	a := open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits))
	must(t, a.Seal(t.Context()))
	segment := file(t, all, log.ID(), ".zst")
	whole := segment.read(t)
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		segment.write(t, damaged)
		if err := a.Verify(t.Context(), a.Segments()[0]); !isCorrupt(err) {
			t.Fatalf("byte %d: Verify says %v", i, err)
		}
	}
	segment.write(t, whole[:len(whole)-1])
	if _, err := archive.Open(t.Context(), all, log.ID(), segmentSize); !isCorrupt(err) {
		t.Errorf("a segment that is too short: %v", err)
	}
	segment.delete(t)
	if _, err := archive.Open(t.Context(), all, log.ID(), segmentSize); !isCorrupt(err) {
		t.Errorf("a segment that is missing: %v", err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(whole)/2] ^= 1
	segment.write(t, damaged)
	var err error
	for _, err = range a.Read(t.Context(), eventlog.Position{}) {
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

// unreliable are files on a line that breaks after some bytes.
type unreliable struct {
	files.Files
	bytes int64
}

// errBroken is what is wrong, which HTTP clients call an unexpected end.
var errBroken = fmt.Errorf("the line is broken: %w", io.ErrUnexpectedEOF)

func (u unreliable) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := u.Files.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	broken := io.MultiReader(io.LimitReader(r, u.bytes), iotest.ErrReader(errBroken))
	return struct {
		io.Reader
		io.Closer
	}{broken, r}, nil
}

// What cannot be read is not taken for damaged, and nothing is removed because of it.
func TestAFileThatCannotBeRead(t *testing.T) { everywhere(t, testAFileThatCannotBeRead) }

func testAFileThatCannotBeRead(t *testing.T, log *eventlog.Log, all files.Files) {
	commits := appendCommits(t, log, 6)
	a := open(t, all, log.ID())
	must(t, a.Append(t.Context(), commits[:3]))
	must(t, a.Seal(t.Context()))
	must(t, a.Append(t.Context(), commits[3:5]))
	must(t, a.Append(t.Context(), commits[5:]))
	size := len(file(t, all, log.ID(), ".open").read(t))
	file(t, all, log.ID(), ".json").delete(t)
	for bytes := range int64(size) {
		if _, err := archive.Open(t.Context(), unreliable{all, bytes}, log.ID(), segmentSize); !errors.Is(err, errBroken) || isCorrupt(err) {
			t.Fatalf("a line that breaks after %d bytes: %v", bytes, err)
		}
	}
	a = open(t, all, log.ID())
	wantCommits(t, a, eventlog.Position{}, commits)
	if a.Lost > 0 {
		t.Errorf("%d bytes were lost", a.Lost)
	}
}

func FuzzOpenSegment(f *testing.F) {
	log := newLog(f)
	commits := appendCommits(f, log, 3)
	all := newDir(f)
	a := open(f, all, log.ID())
	must(f, a.Append(f.Context(), commits[:2]))
	segment := file(f, all, log.ID(), ".open")
	whole := segment.read(f)
	f.Add(whole)
	f.Add(whole[:30])
	f.Fuzz(func(t *testing.T, content []byte) {
		segment.write(t, content)
		a := open(t, all, log.ID())
		if pos := a.Position(); !pos.IsZero() && pos != commits[0].Position && pos != commits[1].Position {
			t.Errorf("the archive is at %v", pos)
		}
	})
}
