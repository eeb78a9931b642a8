package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
)

// ErrNotArchived says that the archive does not reach back to a position, or not up to it.
var ErrNotArchived = errors.New("the archive does not have this position")

// Read yields the archived commits behind a position, in order, up to the last one of now. The zero Position is before the
// first commit of the log. All that comes is checked; an error ends it: ErrNotArchived, *CorruptError.
func (a *Archive) Read(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Commit, error] {
	return a.read(ctx, a.state.get(), after)
}

func (a *Archive) read(ctx context.Context, s state, after eventlog.Position) iter.Seq2[eventlog.Commit, error] {
	return func(yield func(eventlog.Commit, error) bool) {
		r := reader{archive: a, next: after, yield: func(c eventlog.Commit) bool { return yield(c, nil) }}
		if err := r.read(ctx, s); err != nil {
			yield(eventlog.Commit{}, err)
		}
	}
}

type reader struct {
	archive *Archive
	next    eventlog.Position // the commit before the next one to yield
	yield   func(eventlog.Commit) bool
}

func (r *reader) read(ctx context.Context, s state) error {
	start := s.start()
	if r.next == s.last {
		return nil
	}
	if r.next.Seq < start.Seq || r.next.Seq >= s.last.Seq || !r.next.IsZero() && r.next.Log != r.archive.log {
		return fmt.Errorf("%w: %v, it goes from %v to %v", ErrNotArchived, r.next, start, s.last)
	}
	for _, p := range s.files() {
		if p.last.Seq <= r.next.Seq {
			continue
		}
		more, err := r.part(ctx, p)
		if now := r.archive.state.get(); errors.Is(err, fs.ErrNotExist) && now.open != s.open { // it was sealed meanwhile
			return r.read(ctx, now)
		}
		if !more || err != nil {
			return err
		}
	}
	return nil
}

// files are those of the sealed segments and of the open one.
func (s *state) files() []part {
	var all []part
	for _, segment := range s.sealed {
		all = append(all, part{name: segment.base() + sealedSuffix, prev: segment.Prev, last: segment.Last})
	}
	return append(all, s.parts...)
}

// part yields the commits of a file.
func (r *reader) part(ctx context.Context, p part) (more bool, err error) {
	file, err := r.archive.files.Get(ctx, p.name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	frames := newFrameReader(file)
	prev := p.prev
	for prev.Seq < p.last.Seq {
		commits, err := frames.commits(r.archive.log, prev)
		if err == io.EOF {
			err = badFrame("it ends with %v instead of %v", prev, p.last)
		}
		if err != nil {
			return false, r.archive.failure(p.name, err)
		}
		for _, commit := range commits {
			if prev.Seq == r.next.Seq && prev != r.next {
				return false, fmt.Errorf("%w: %v, commit %d is %v there", ErrNotArchived, r.next, prev.Seq, prev)
			}
			prev = commit.Position
			if prev.Seq > r.next.Seq && prev.Seq <= p.last.Seq {
				r.next = prev
				if !r.yield(commit) {
					return false, nil
				}
			}
		}
	}
	return true, nil
}

// failure is the error where a file cannot be read, or is not what was written.
func (a *Archive) failure(name string, err error) error {
	if isDamage(err) {
		return &CorruptError{File: a.files.Where(name), Reason: err.Error()}
	}
	return fmt.Errorf("read %s: %w", a.files.Where(name), err)
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
func (a *Archive) Contains(ctx context.Context, pos eventlog.Position) (bool, error) {
	s := a.state.get()
	if pos == s.last || slices.ContainsFunc(s.sealed, func(seg Segment) bool { return seg.Last == pos }) {
		return true, nil
	}
	for _, err := range a.Read(ctx, pos) {
		if errors.Is(err, ErrNotArchived) {
			return false, nil
		}
		return err == nil, err
	}
	return false, nil
}
