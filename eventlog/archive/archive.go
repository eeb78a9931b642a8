// Package archive keeps copies of the commits of an event log outside of JetStream: sealed segments, which are compressed
// NDJSON with an index and hashes, and an open one, to which the newest commits are appended. With it a damaged log can be
// rebuilt, and the front of a log be trimmed.
//
// The archive of a log is a folder of files that are named after the sequence of their first commit:
//
//	00000000000000000001.ndjson.zst    a sealed segment; zstdcat shows its commits, header lines and event lines
//	00000000000000000001.json          what it holds: see Segment
//	00000000000000010001.open          the open segment
//
// A file is a row of frames, which frame.go describes.
package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/failpoint"
)

// sealAge is how long after it was opened a segment is sealed that is not full.
const sealAge = 24 * time.Hour

// Archive is the archive of one log. Only Append and Close change it, which are for one goroutine; the rest may go on
// beside them.
type Archive struct {
	dir     string
	log     string
	segment int64 // at how many bytes of commits, not compressed, a segment is full

	state locked[state]

	// The open segment; of Append. Its file is nil before the first commit.
	file   *os.File
	size   int64 // of the file
	bytes  int64 // of its commits
	opened time.Time
	broken error // what went wrong for good

	// Lost is how many bytes at the end of the open segment Open found unfinished, or damaged, and cut off. The log still
	// has what they held.
	Lost int64
}

// state is what readers see.
type state struct {
	sealed []Segment
	open   eventlog.Position // the position before the open segment
	last   eventlog.Position // the last commit that is archived
}

// Dir is the folder of a log's archive within that of all archives.
func Dir(root, log string) string { return filepath.Join(root, log) }

// Open opens the archive of a log within root, or makes one. A segment is sealed when its commits have segmentSize bytes
// before they are compressed. What an unclean stop has left unfinished is removed or finished. A *CorruptError says that a
// sealed segment is not what was sealed.
func Open(root, log string, segmentSize int64) (*Archive, error) {
	a := &Archive{dir: Dir(root, log), log: log, segment: segmentSize}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the archive of the event log: %w", err)
	}
	if err := a.recover(); err != nil {
		return nil, fmt.Errorf("open the archive in %s: %w", a.dir, err)
	}
	return a, nil
}

// recover finds out what is there.
func (a *Archive) recover() error {
	names, err := names(a.dir)
	if err != nil {
		return err
	}
	var s state
	for _, name := range names {
		if strings.HasSuffix(name, temporarySuffix) {
			if err := os.Remove(filepath.Join(a.dir, name)); err != nil {
				return err
			}
		}
		if !strings.HasSuffix(name, sealedSuffix) {
			continue
		}
		segment, err := a.loadSegment(strings.TrimSuffix(name, sealedSuffix), s.last)
		if err != nil {
			return err
		}
		s.sealed = append(s.sealed, segment)
		s.last = segment.Last
	}
	s.open = s.last
	for _, name := range names {
		if !strings.HasSuffix(name, openSuffix) {
			continue
		}
		if base := strings.TrimSuffix(name, openSuffix); slices.ContainsFunc(s.sealed, func(seg Segment) bool { return seg.base() == base }) {
			// It was sealed, and not removed yet.
			if err := os.Remove(filepath.Join(a.dir, name)); err != nil {
				return err
			}
			continue
		}
		if err := a.reopen(name, &s); err != nil {
			return err
		}
	}
	a.state.set(s)
	return nil
}

// reopen goes on with an open segment, behind its last whole frame.
func (a *Archive) reopen(name string, s *state) (err error) {
	if a.file != nil {
		return fmt.Errorf("there are two open segments, %s and %s", filepath.Base(a.file.Name()), name)
	}
	path := filepath.Join(a.dir, name)
	file, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	a.opened = info.ModTime()
	frames := newFrameReader(file)
	last := s.last
	for {
		pos, bytes, err := frames.skim(a.log, last)
		if err != nil {
			break // the end, or where the writing was cut off
		}
		last, a.bytes, a.size = pos, a.bytes+bytes, frames.offset
	}
	a.Lost = info.Size() - a.size
	if last == s.last {
		return errors.Join(file.Close(), os.Remove(path))
	}
	if a.Lost > 0 {
		if err := errors.Join(file.Truncate(a.size), file.Sync()); err != nil {
			return err
		}
	}
	a.file, s.last = file, last
	return nil
}

// Log is the id of the log.
func (a *Archive) Log() string { return a.log }

// Position is the last commit that is archived, zero if none is.
func (a *Archive) Position() eventlog.Position { return a.state.get().last }

// Segments are the sealed segments, ascending and without a gap.
func (a *Archive) Segments() []Segment { return slices.Clone(a.state.get().sealed) }

// Append archives commits, which must be those that follow Position. They are on disk when it returns. An error is final.
func (a *Archive) Append(commits []eventlog.Commit) error {
	if len(commits) == 0 || a.broken != nil {
		return a.broken
	}
	if a.broken = a.append(commits); a.broken != nil {
		a.broken = fmt.Errorf("archive commits %v to %v: %w", commits[0].Position, commits[len(commits)-1].Position, a.broken)
	}
	return a.broken
}

func (a *Archive) append(commits []eventlog.Commit) error {
	s := a.state.get()
	if first := commits[0].Position; first.Log != a.log || first.Seq != s.last.Seq+1 && !s.last.IsZero() {
		return fmt.Errorf("they do not follow %v", s.last)
	}
	if a.file == nil {
		if s.last.IsZero() { // of a log that was trimmed before it had an archive
			prev, err := before(commits[0])
			if err != nil {
				return err
			}
			s.last = prev
		}
		s.open = s.last
		if err := a.begin(commits[0].Position.Seq); err != nil {
			return err
		}
	}
	var content []byte
	for _, commit := range commits {
		content = append(content, commit.Data...)
	}
	frame := encodeFrame(commits[0].Position.Seq, content)
	if _, err := a.file.WriteAt(frame, a.size); err != nil {
		return err
	}
	failpoint.Hit("archive written")
	if err := a.file.Sync(); err != nil {
		return err
	}
	a.size += int64(len(frame))
	a.bytes += int64(len(content))
	s.last = commits[len(commits)-1].Position
	a.state.set(s)
	if a.bytes >= a.segment || time.Since(a.opened) >= sealAge {
		return a.Seal()
	}
	return nil
}

// begin makes the file of the open segment.
func (a *Archive) begin(first uint64) error {
	file, err := os.OpenFile(filepath.Join(a.dir, base(first)+openSuffix), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	a.file, a.size, a.bytes, a.opened = file, 0, 0, time.Now()
	return durable.Sync(a.dir)
}

// Seal turns the open segment, if there is one, into a sealed one before it is full.
func (a *Archive) Seal() error {
	if a.file == nil {
		return nil
	}
	s := a.state.get()
	segment, err := a.seal(s)
	if err != nil {
		return fmt.Errorf("seal the segment behind %v: %w", s.open, err)
	}
	s.sealed = append(slices.Clone(s.sealed), segment)
	s.open = s.last
	a.state.set(s)
	open := a.file.Name()
	err = a.file.Close()
	a.file = nil
	failpoint.Hit("segment sealed")
	return errors.Join(err, os.Remove(open))
}

// Close ends the archive. No call is under way or follows.
func (a *Archive) Close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}
