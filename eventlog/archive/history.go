package archive

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// History is a log with what was trimmed of it, as far as that is archived. It is safe for concurrent use.
type History struct {
	log     *eventlog.Log
	archive func() *Archive
}

// NewHistory makes a History of a log and of what returns its archive, which is nil while there is none.
func NewHistory(log *eventlog.Log, archive func() *Archive) *History {
	return &History{log: log, archive: archive}
}

// Log is the id of the log.
func (h *History) Log() string { return h.log.ID() }

// Head is the position of the last commit; zero if there is none.
func (h *History) Head() eventlog.Position { return h.log.Head() }

// Reader follows the history from behind a position. Errors: those of eventlog.Log.Read, ErrNotArchived. What is read of the
// archive depends on ctx; Close it.
func (h *History) Reader(ctx context.Context, after eventlog.Position) (CommitReader, error) {
	if archive := h.archive(); archive != nil {
		reader, err := archive.Reader(ctx, h.log, after)
		if err != nil {
			return nil, err
		}
		return reader, nil
	}
	reader, err := h.log.Read(ctx, after)
	if err != nil {
		return nil, err
	}
	return reader, nil
}

// CommitReader is a *Reader or a *eventlog.Reader.
type CommitReader interface {
	Next(ctx context.Context) ([]eventlog.Commit, error)
	Close()
}

// Start is the position before the first commit that there is.
func (h *History) Start(ctx context.Context) (eventlog.Position, error) {
	start, err := h.log.Start(ctx)
	if archive := h.archive(); err == nil && archive != nil && !archive.Position().IsZero() && archive.Start().Seq < start.Seq {
		return archive.Start(), nil
	}
	return start, err
}

// At is the position of the commit with a sequence; zero for 0. Errors: *eventlog.TrimmedError where neither the log nor the
// archive has it any more, *eventlog.PositionError where the log does not have it yet.
func (h *History) At(ctx context.Context, seq uint64) (eventlog.Position, error) {
	pos, err := h.log.At(ctx, seq)
	if _, trimmed := errors.AsType[*eventlog.TrimmedError](err); !trimmed {
		return pos, err
	}
	archive := h.archive()
	if archive == nil {
		return pos, err
	}
	return archive.At(ctx, seq)
}

// At is the position of the archived commit with a sequence. Errors: ErrNotArchived, *CorruptError.
func (a *Archive) At(ctx context.Context, seq uint64) (eventlog.Position, error) {
	s := a.state.get()
	prev := s.start()
	for _, p := range s.files() {
		if p.last.Seq < seq {
			prev = p.last
			continue
		}
		break
	}
	switch {
	case seq == prev.Seq:
		return prev, nil
	case seq == s.last.Seq:
		return s.last, nil
	case seq < prev.Seq || seq > s.last.Seq:
		return eventlog.Position{}, fmt.Errorf("%w: commit %d", ErrNotArchived, seq)
	}
	for commit, err := range a.read(ctx, s, prev) {
		if err != nil {
			return eventlog.Position{}, err
		}
		if commit.Position.Seq == seq {
			return commit.Position, nil
		}
	}
	return eventlog.Position{}, fmt.Errorf("%w: commit %d", ErrNotArchived, seq)
}

// ClockSlack is by how much the times of events may be out of order, because writers join a commit after they have decided.
const ClockSlack = time.Minute

// Before is a position behind which all events are that are as late as t or later, and not many that are not.
func (h *History) Before(ctx context.Context, t time.Time) (eventlog.Position, error) {
	t = t.Add(-ClockSlack)
	for {
		first := h.log.First()
		pos, err := h.before(ctx, first, t)
		if _, trimmed := errors.AsType[*eventlog.TrimmedError](err); trimmed && h.log.First() > first {
			continue // it was trimmed meanwhile
		}
		return pos, err
	}
}

// before is Before in a log that begins with first.
func (h *History) before(ctx context.Context, first uint64, t time.Time) (eventlog.Position, error) {
	if early, err := h.isBefore(ctx, first, t); err != nil || !early {
		if err != nil {
			return eventlog.Position{}, err
		}
		return h.archivedBefore(ctx, t)
	}
	var failed error
	n := sort.Search(int(h.Head().Seq-first), func(i int) bool {
		early, err := h.isBefore(ctx, first+1+uint64(i), t)
		failed = errors.Join(failed, err)
		return !early
	})
	if failed != nil {
		return eventlog.Position{}, failed
	}
	return h.At(ctx, first+uint64(n))
}

// isBefore tells whether the log has a commit at seq whose first event was before t.
func (h *History) isBefore(ctx context.Context, seq uint64, t time.Time) (bool, error) {
	if seq > h.Head().Seq {
		return false, nil
	}
	commit, err := h.log.Commit(ctx, seq)
	return err == nil && commit.Events[0].Time.Before(t), err
}

// archivedBefore is Before where t is before what the log has.
func (h *History) archivedBefore(ctx context.Context, t time.Time) (eventlog.Position, error) {
	pos, err := h.Start(ctx)
	archive := h.archive()
	if err != nil || archive == nil {
		return pos, err
	}
	for _, segment := range archive.Segments() {
		if segment.To.Before(t) {
			pos = segment.Last
		}
	}
	return pos, nil
}
