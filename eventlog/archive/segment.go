package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
)

const (
	sealedSuffix = ".ndjson.zst"
	indexSuffix  = ".json"
	openSuffix   = ".open"

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
		"to its beginning, move the archive away to have the log archived again", e.File, e.Reason)
}

func isCorrupt(err error) bool {
	_, ok := errors.AsType[*CorruptError](err)
	return ok
}

// writeSegment writes the sealed segment of the open one, in larger frames, and verifies what it has written. Until its index
// is there too, the open segment must be.
func (a *Archive) writeSegment(ctx context.Context, s state) (Segment, error) {
	name := base(s.open.Seq+1) + sealedSuffix
	next, stop := iter.Pull2(a.read(ctx, state{open: s.open, parts: s.parts, last: s.last}, s.open))
	defer stop()
	if err := a.files.Put(ctx, name, &sealing{next: next}); err != nil {
		return Segment{}, err
	}
	failpoint.Hit("segment written")
	segment, err := a.readSegment(ctx, name, s.open)
	if err != nil {
		return Segment{}, fmt.Errorf("verify what was sealed: %w", err)
	}
	if segment.Last != s.last {
		return Segment{}, fmt.Errorf("verify what was sealed: it ends with %v instead of %v", segment.Last, s.last)
	}
	failpoint.Hit("segment verified")
	return segment, a.writeIndex(ctx, segment)
}

// sealing reads the frames of a sealed segment, of commits that it gets one by one.
type sealing struct {
	next func() (eventlog.Commit, error, bool)
	rest []byte // of a frame that has been begun
}

func (s *sealing) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if err := s.frame(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *sealing) frame() error {
	var content []byte
	var first uint64
	for len(content) < sealedFrame {
		commit, err, more := s.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if first == 0 {
			first = commit.Position.Seq
		}
		content = append(content, commit.Data...)
	}
	if len(content) == 0 {
		return io.EOF
	}
	s.rest = encodeFrame(first, content)
	return nil
}

// readSegment reads all of a sealed segment, checks it, and describes it.
func (a *Archive) readSegment(ctx context.Context, name string, prev eventlog.Position) (Segment, error) {
	file, err := a.files.Get(ctx, name)
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
		commits, err := frames.commits(a.log, s.Last)
		if err == io.EOF {
			break
		}
		if err != nil {
			return Segment{}, a.failure(name, err)
		}
		s.Frames = append(s.Frames, frame)
		for _, commit := range commits {
			s.add(commit)
		}
	}
	if len(s.Frames) == 0 {
		return Segment{}, a.failure(name, badFrame("it holds nothing"))
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

// writeIndex writes what a segment holds beside it.
func (a *Archive) writeIndex(ctx context.Context, s Segment) error {
	text, err := json.Marshal(&s, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return a.files.Put(ctx, s.base()+indexSuffix, bytes.NewReader(append(text, '\n')))
}

// loadSegment returns what the segment behind prev holds, according to its index. That is made again where a crash has
// prevented it, which is where it is nil.
func (a *Archive) loadSegment(ctx context.Context, file found, index []byte, prev eventlog.Position) (Segment, error) {
	if index == nil {
		return a.makeIndex(ctx, file, prev)
	}
	var s Segment
	corrupt := func(format string, args ...any) (Segment, error) {
		return s, &CorruptError{File: a.files.Where(file.Name), Reason: fmt.Sprintf(format, args...)}
	}
	if err := json.Unmarshal(index, &s, json.RejectUnknownMembers(true)); err != nil {
		return corrupt("its index cannot be read: %v", err)
	}
	switch {
	case s.Format != segmentFormat:
		return corrupt("its index has format %d, this program knows %d", s.Format, segmentFormat)
	case s.First != file.first || s.Last.Log != a.log || s.Prev.Seq+1 != s.First || s.Last.Seq < s.First || len(s.Frames) == 0:
		return corrupt("its index is of another segment")
	case !prev.IsZero() && s.Prev != prev:
		return corrupt("it follows %v, and the one before it ends with %v", s.Prev, prev)
	case file.Size != s.Size:
		return corrupt("it has %d bytes, and was sealed with %d", file.Size, s.Size)
	}
	return s, nil
}

func (a *Archive) makeIndex(ctx context.Context, file found, prev eventlog.Position) (Segment, error) {
	if prev.IsZero() {
		var err error
		if prev, err = a.beginning(ctx, file); err != nil {
			return Segment{}, err
		}
	}
	s, err := a.readSegment(ctx, file.Name, prev)
	if err != nil {
		return s, err
	}
	return s, a.writeIndex(ctx, s)
}

// Verify reads all of a sealed segment and checks it against its index. A *CorruptError says what is wrong.
func (a *Archive) Verify(ctx context.Context, s Segment) error {
	name := s.base() + sealedSuffix
	found, err := a.readSegment(ctx, name, s.Prev)
	if err != nil {
		return err
	}
	if found.SHA256 != s.SHA256 || found.Last != s.Last {
		return a.failure(name, badFrame("it has the hash %s and ends with %v, and was sealed with %s and %v",
			found.SHA256, found.Last, s.SHA256, s.Last))
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
