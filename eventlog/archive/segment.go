package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/failpoint"
)

const (
	sealedSuffix    = ".ndjson.zst"
	indexSuffix     = ".json"
	openSuffix      = ".open"
	temporarySuffix = ".tmp"

	// sealedFrame is how many bytes of commits a frame of a sealed segment has: enough to compress well, little enough to
	// be read for one commit.
	sealedFrame = 1 << 20

	segmentFormat = 1
)

// Segment is what a sealed segment holds, and how it is known.
type Segment struct {
	Format int               `json:"format"`
	Prev   eventlog.Position `json:"prev"`  // the commit before the first; zero for the first of a log
	First  uint64            `json:"first"` // sequence of the first commit
	Last   eventlog.Position `json:"last"`
	Events int64             `json:"events"`
	From   time.Time         `json:"from"`  // of the first event
	To     time.Time         `json:"to"`    // of the last event
	Bytes  int64             `json:"bytes"` // of the commits, not compressed
	Size   int64             `json:"size"`  // of the file
	SHA256 string            `json:"sha256"`
	Frames []Frame           `json:"frames"`
}

// Frame says where a frame begins, and with which commit.
type Frame struct {
	Seq    uint64 `json:"seq"`
	Offset int64  `json:"offset"`
}

func (s *Segment) base() string { return base(s.First) }

// base begins the names of the files of the segment with that first commit.
func base(first uint64) string { return fmt.Sprintf("%020d", first) }

// CorruptError says that a file of the archive is not what was written to it.
type CorruptError struct {
	File   string
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the archived segment %s is damaged: %s; restore the file from a copy or, if the log still goes back "+
		"to its beginning, move the folder away to have the log archived again", e.File, e.Reason)
}

// seal writes the sealed segment of the open one, in larger frames, and verifies what it has written.
func (a *Archive) seal(s state) (Segment, error) {
	name := base(s.open.Seq + 1)
	temporary := filepath.Join(a.dir, name+temporarySuffix)
	if err := a.rewrite(temporary, s.open); err != nil {
		return Segment{}, err
	}
	segment, err := readSegment(temporary, a.log, s.open)
	if err != nil {
		return Segment{}, fmt.Errorf("verify what was sealed: %w", err)
	}
	if segment.Last != s.last {
		return Segment{}, fmt.Errorf("verify what was sealed: it ends with %v instead of %v", segment.Last, s.last)
	}
	failpoint.Hit("segment written")
	if err := os.Rename(temporary, filepath.Join(a.dir, name+sealedSuffix)); err != nil {
		return Segment{}, err
	}
	failpoint.Hit("segment named")
	return segment, a.writeIndex(segment)
}

// rewrite copies the commits of the open segment to a file, durably.
func (a *Archive) rewrite(path string, prev eventlog.Position) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	frames := newFrameReader(io.NewSectionReader(a.file, 0, a.size))
	var content []byte
	first := prev.Seq + 1
	for {
		commits, err := frames.commits(a.log, prev)
		if err != nil && err != io.EOF {
			return err
		}
		for _, commit := range commits {
			content = append(content, commit.Data...)
			prev = commit.Position
		}
		if len(content) >= sealedFrame || err == io.EOF && len(content) > 0 {
			if _, err := file.Write(encodeFrame(first, content)); err != nil {
				return err
			}
			content, first = content[:0], prev.Seq+1
		}
		if err == io.EOF {
			return file.Sync()
		}
	}
}

// readSegment reads all of a sealed segment, checks it, and describes it.
func readSegment(path, log string, prev eventlog.Position) (Segment, error) {
	file, err := os.Open(path)
	if err != nil {
		return Segment{}, err
	}
	defer file.Close()
	sum := sha256.New()
	source := &hashedReader{r: file, hash: sum}
	frames := newFrameReader(source)
	s := Segment{Format: segmentFormat, Prev: prev, First: prev.Seq + 1, Last: prev}
	for {
		frame := Frame{Seq: s.Last.Seq + 1, Offset: frames.offset}
		commits, err := frames.commits(log, s.Last)
		if err == io.EOF {
			break
		}
		if err != nil {
			return Segment{}, &CorruptError{File: path, Reason: err.Error()}
		}
		s.Frames = append(s.Frames, frame)
		for _, commit := range commits {
			s.add(commit)
		}
	}
	if len(s.Frames) == 0 {
		return Segment{}, &CorruptError{File: path, Reason: "it holds nothing"}
	}
	s.Size, s.SHA256 = source.read, hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

func (s *Segment) add(commit eventlog.Commit) {
	if s.Events == 0 {
		s.From = commit.Events[0].Time
	}
	s.To = commit.Events[len(commit.Events)-1].Time
	s.Events += int64(len(commit.Events))
	s.Bytes += int64(len(commit.Data))
	s.Last = commit.Position
}

// hashedReader hashes and counts what is read.
type hashedReader struct {
	r    io.Reader
	hash hash.Hash
	read int64
}

func (h *hashedReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.hash.Write(p[:n])
	h.read += int64(n)
	return n, err
}

// writeIndex writes what a segment holds beside it, durably.
func (a *Archive) writeIndex(s Segment) error {
	text, err := json.Marshal(&s, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(a.dir, s.base()+indexSuffix), append(text, '\n'))
}

// loadSegment returns what the segment behind prev holds. Its index is made again where a crash has prevented it.
func (a *Archive) loadSegment(name string, prev eventlog.Position) (Segment, error) {
	path := filepath.Join(a.dir, name+sealedSuffix)
	text, err := os.ReadFile(filepath.Join(a.dir, name+indexSuffix))
	if errors.Is(err, os.ErrNotExist) {
		s, err := readSegment(path, a.log, prev)
		if err != nil {
			return s, err
		}
		return s, a.writeIndex(s)
	}
	if err != nil {
		return Segment{}, err
	}
	var s Segment
	corrupt := func(format string, args ...any) (Segment, error) {
		return s, &CorruptError{File: path, Reason: fmt.Sprintf(format, args...)}
	}
	if err := json.Unmarshal(text, &s, json.RejectUnknownMembers(true)); err != nil {
		return corrupt("its index cannot be read: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	switch {
	case s.Format != segmentFormat:
		return corrupt("its index has format %d, this program knows %d", s.Format, segmentFormat)
	case s.base() != name || s.Last.Log != a.log || s.Prev.Seq+1 != s.First || s.Last.Seq < s.First || len(s.Frames) == 0:
		return corrupt("its index is of another segment")
	case !prev.IsZero() && s.Prev != prev:
		return corrupt("it follows %v, and the one before it ends with %v", s.Prev, prev)
	case info.Size() != s.Size:
		return corrupt("it has %d bytes, and was sealed with %d", info.Size(), s.Size)
	}
	return s, nil
}

// Verify reads all of a sealed segment and checks it against its index. A *CorruptError says what is wrong.
func (a *Archive) Verify(s Segment) error {
	path := filepath.Join(a.dir, s.base()+sealedSuffix)
	found, err := readSegment(path, a.log, s.Prev)
	if err != nil {
		return err
	}
	if found.SHA256 != s.SHA256 || found.Last != s.Last {
		return &CorruptError{File: path, Reason: fmt.Sprintf("it has the hash %s and ends with %v, and was sealed with %s and %v",
			found.SHA256, found.Last, s.SHA256, s.Last)}
	}
	return nil
}

// before is the position before a commit, which says so itself.
func before(commit eventlog.Commit) (eventlog.Position, error) {
	prev, err := commit.Prev()
	if err != nil {
		return prev, fmt.Errorf("read what is before %v: %w", commit.Position, err)
	}
	return prev, nil
}

// names lists a folder, ascending.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(entries))
	for i, entry := range entries {
		list[i] = entry.Name()
	}
	slices.SortFunc(list, strings.Compare)
	return list, nil
}
