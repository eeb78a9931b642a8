package archive

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
)

// ErrNotArchived says that the archive does not reach back to a position, or not up to it.
var ErrNotArchived = errors.New("the archive does not have this position")

// Read yields the archived commits behind a position, in order, up to the last one of now. The zero Position is before the
// first commit of the log. All that comes is checked; an error ends it: ErrNotArchived, *CorruptError.
func (a *Archive) Read(after eventlog.Position) iter.Seq2[eventlog.Commit, error] {
	return func(yield func(eventlog.Commit, error) bool) {
		s := a.state.get()
		r := reader{archive: a, next: after, yield: func(c eventlog.Commit) bool { return yield(c, nil) }}
		if err := r.read(s); err != nil {
			yield(eventlog.Commit{}, err)
		}
	}
}

type reader struct {
	archive *Archive
	next    eventlog.Position // the commit before the next one to yield
	yield   func(eventlog.Commit) bool
}

func (r *reader) read(s state) error {
	start := s.start()
	if r.next == s.last {
		return nil
	}
	if r.next.Seq < start.Seq || r.next.Seq > s.last.Seq || !r.next.IsZero() && r.next.Log != r.archive.log {
		return fmt.Errorf("%w: %v, it goes from %v to %v", ErrNotArchived, r.next, start, s.last)
	}
	for _, segment := range s.sealed {
		if segment.Last.Seq <= r.next.Seq {
			continue
		}
		path := filepath.Join(r.archive.dir, segment.base()+sealedSuffix)
		if more, err := r.file(path, segment.Prev, segment.Last); !more || err != nil {
			return err
		}
	}
	if r.next.Seq >= s.last.Seq {
		return nil
	}
	path := filepath.Join(r.archive.dir, base(s.open.Seq+1)+openSuffix)
	_, err := r.file(path, s.open, s.last)
	if errors.Is(err, os.ErrNotExist) { // it was sealed meanwhile
		return r.read(r.archive.state.get())
	}
	return err
}

// file yields the commits of a file that begins behind prev, up to last.
func (r *reader) file(path string, prev, last eventlog.Position) (more bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	frames := newFrameReader(file)
	for prev.Seq < last.Seq {
		commits, err := frames.commits(r.archive.log, prev)
		if err == io.EOF {
			err = fmt.Errorf("it ends with %v instead of %v", prev, last)
		}
		if err != nil {
			return false, &CorruptError{File: path, Reason: err.Error()}
		}
		for _, commit := range commits {
			if prev.Seq == r.next.Seq && prev != r.next {
				return false, fmt.Errorf("%w: %v, commit %d is %v there", ErrNotArchived, r.next, prev.Seq, prev)
			}
			prev = commit.Position
			if prev.Seq > r.next.Seq && prev.Seq <= last.Seq {
				r.next = prev
				if !r.yield(commit) {
					return false, nil
				}
			}
		}
	}
	if prev.Seq == r.next.Seq && prev != r.next {
		return false, fmt.Errorf("%w: %v, commit %d is %v there", ErrNotArchived, r.next, prev.Seq, prev)
	}
	return true, nil
}

// start is the position before the first archived commit.
func (s *state) start() eventlog.Position {
	if len(s.sealed) > 0 {
		return s.sealed[0].Prev
	}
	return s.open
}

// Start is the position before the first archived commit: that before the first of the log, unless the log was trimmed
// before it had an archive.
func (a *Archive) Start() eventlog.Position {
	s := a.state.get()
	return s.start()
}

// Sealed is the position up to which commits are in sealed segments.
func (a *Archive) Sealed() eventlog.Position {
	sealed := a.state.get().sealed
	if len(sealed) == 0 {
		return eventlog.Position{}
	}
	return sealed[len(sealed)-1].Last
}

// Contains tells whether a position is in the archive.
func (a *Archive) Contains(pos eventlog.Position) (bool, error) {
	s := a.state.get()
	if pos == s.last || slices.ContainsFunc(s.sealed, func(seg Segment) bool { return seg.Last == pos }) {
		return true, nil
	}
	for _, err := range a.Read(pos) {
		if errors.Is(err, ErrNotArchived) {
			return false, nil
		}
		return err == nil, err
	}
	return false, nil
}
