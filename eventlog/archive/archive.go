// Package archive keeps copies of the commits of an event log outside of JetStream: sealed segments, which are compressed
// NDJSON with an index and hashes, and an open one, to which the newest commits are added. With it a damaged log can be
// rebuilt, and the front of a log be trimmed.
//
// The archive of a log is files that are named after the sequence of their first commit:
//
//	00000000000000000001.ndjson.zst    a sealed segment; zstdcat shows its commits, header lines and event lines
//	00000000000000000001.json          what it holds: see Segment
//	00000000000000010001.open          the open segment, in a row of files of which only the last one changes
//	00000000000000010090.open
//
// A file is a row of frames, which frame.go describes. Because object stores cannot add to a file, and because a file must
// not be written whole for every commit when it has become large, the open segment is a row of small ones.
package archive

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/internal/files"
)

// DefaultSegmentSize is a good size of segments: see Open.
const DefaultSegmentSize = 64 << 20

// sealAge is how long after it was opened a segment is sealed that is not full.
const sealAge = 24 * time.Hour

// openFile is how many bytes a file of the open segment has at most if it has more than one frame: few, because they are
// written again with each frame, but so many that a segment does not get thousands of files.
const openFile = 128 << 10

// Archive is the archive of one log. It is safe for concurrent use.
type Archive struct {
	files   files.Files
	log     string
	segment int64 // at how many bytes of commits, not compressed, a segment is full

	state locked[state]

	mu     sync.Mutex // held while the archive is changed; guards what follows
	tail   []byte     // what the last file of the open segment holds; nil to begin another one
	bytes  int64      // of the commits in the open segment
	opened time.Time  // when the open segment was begun
	broken error      // what went wrong for good

	// Lost is how many bytes of the open segment Open found damaged, or behind damage, and removed. The log still has what
	// they held.
	Lost int64
}

// state is what readers see.
type state struct {
	sealed []Segment
	open   eventlog.Position // the position before the open segment
	parts  []part            // the files of the open segment
	last   eventlog.Position // the last commit that is archived
}

// part is a file of the archive with the commits behind a position up to another one.
type part struct {
	name       string
	prev, last eventlog.Position
}

// Folder is where the archive of a log is within all archives.
func Folder(all files.Files, log string) files.Files { return files.In(all, log) }

// Open opens the archive of a log within all archives, or begins one. What an unclean stop has left unfinished is removed or
// finished. A *CorruptError says that a sealed segment is not what was sealed.
//
// A segment is sealed when its commits have segmentSize bytes, before they are compressed.
func Open(ctx context.Context, all files.Files, log string, segmentSize int64) (*Archive, error) {
	a := &Archive{files: Folder(all, log), log: log, segment: segmentSize}
	if err := a.recover(ctx); err != nil {
		return nil, fmt.Errorf("open the archive in %s: %w", a.Where(), err)
	}
	return a, nil
}

// Log is the id of the log.
func (a *Archive) Log() string { return a.log }

// Where says to people where the archive is.
func (a *Archive) Where() string { return a.files.Where("") }

// Position is the last commit that is archived, zero if none is.
func (a *Archive) Position() eventlog.Position { return a.state.get().last }

// Segments are the sealed segments, ascending and without a gap.
func (a *Archive) Segments() []Segment { return slices.Clone(a.state.get().sealed) }

// Append archives commits, which must be those that follow Position. They are durable when it returns. An error is final for
// Append and Seal: what is there is known when the archive is opened again.
func (a *Archive) Append(ctx context.Context, commits []eventlog.Commit) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(commits) == 0 || a.broken != nil {
		return a.broken
	}
	if a.broken = a.append(ctx, commits); a.broken != nil {
		a.broken = fmt.Errorf("archive commits %v to %v: %w", commits[0].Position, commits[len(commits)-1].Position, a.broken)
	}
	return a.broken
}

func (a *Archive) append(ctx context.Context, commits []eventlog.Commit) error {
	s := a.state.get()
	if first := commits[0].Position; first.Log != a.log || first.Seq != s.last.Seq+1 && !s.last.IsZero() {
		return fmt.Errorf("they do not follow %v", s.last)
	}
	if s.last.IsZero() { // of a log that was trimmed before it had an archive
		prev, err := before(commits[0])
		if err != nil {
			return err
		}
		s.open, s.last = prev, prev
	}
	if len(s.parts) == 0 {
		a.tail, a.bytes, a.opened = nil, 0, time.Now()
	}
	var content []byte
	for _, commit := range commits {
		content = append(content, commit.Data...)
	}
	frame := encodeFrame(commits[0].Position.Seq, content)
	s.parts = slices.Clone(s.parts)
	if a.tail == nil || len(a.tail)+len(frame) > openFile {
		a.tail = nil
		s.parts = append(s.parts, part{name: base(commits[0].Position.Seq) + openSuffix, prev: s.last})
	}
	a.tail = append(a.tail, frame...)
	a.bytes += int64(len(content))
	s.last = commits[len(commits)-1].Position
	end := &s.parts[len(s.parts)-1]
	end.last = s.last
	if err := a.files.Put(ctx, end.name, bytes.NewReader(a.tail)); err != nil {
		return err
	}
	failpoint.Hit("archive written")
	a.state.set(s)
	if a.bytes >= a.segment || time.Since(a.opened) >= sealAge {
		return a.seal(ctx)
	}
	return nil
}

// Seal turns the open segment, if there is one, into a sealed one before it is full. Errors are as those of Append.
func (a *Archive) Seal(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken == nil {
		a.broken = a.seal(ctx)
	}
	return a.broken
}

func (a *Archive) seal(ctx context.Context) error {
	s := a.state.get()
	if len(s.parts) == 0 {
		return nil
	}
	segment, err := a.writeSegment(ctx, s)
	if err != nil {
		return fmt.Errorf("seal the segment behind %v: %w", s.open, err)
	}
	a.state.set(state{sealed: append(slices.Clone(s.sealed), segment), open: s.last, last: s.last})
	failpoint.Hit("segment sealed")
	var sealed []string
	for _, part := range s.parts {
		sealed = append(sealed, part.name)
	}
	return a.files.Delete(ctx, sealed)
}
