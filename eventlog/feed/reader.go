package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// History is a log whose events are read; *archive.History is one.
type History interface {
	// Head is the position of the last commit; zero if there is none.
	Head() eventlog.Position
	// At is the position of the commit with a sequence; zero for 0. Errors: *eventlog.TrimmedError, archive.ErrNotArchived,
	// *eventlog.PositionError.
	At(ctx context.Context, seq uint64) (eventlog.Position, error)
	// Reader follows the log from behind a position.
	Reader(ctx context.Context, after eventlog.Position) (archive.CommitReader, error)
	// Start is the position before the first commit that there is.
	Start(ctx context.Context) (eventlog.Position, error)
	// Before is a position behind which all events are that are as late as a time or later.
	Before(ctx context.Context, t time.Time) (eventlog.Position, error)
}

var (
	// ErrGone says that neither the log nor its archive reaches back to where a query begins.
	ErrGone = errors.New("neither the log nor its archive reaches back so far")
	// ErrReplaced says that the log has another history than where a query begins.
	ErrReplaced = errors.New("the log has another event there, because it was restored: begin again with what it has")
	// ErrAhead says that a query begins where the log has not come yet.
	ErrAhead = errors.New("the log does not reach so far")
)

// Reader reads the events of a query. It is for one goroutine.
type Reader struct {
	query   Query
	commits archive.CommitReader
	read    uint64 // sequence of the last commit that was read
	last    uint64 // of the last commit to read
	left    int    // how many events at most
}

// Open begins to read the events of a query, which has passed Check. What is read of an archive depends on ctx; Close the reader.
// Errors are those of History, among them ErrGone and ErrAhead.
func Open(ctx context.Context, history History, q Query) (*Reader, error) {
	after, err := q.after(ctx, history)
	if err != nil {
		return nil, err
	}
	r := &Reader{query: q, read: after.Seq, last: math.MaxUint64, left: q.Limit}
	if q.Limit == 0 {
		r.left = math.MaxInt
	}
	if !q.Follow {
		r.last = history.Head().Seq
	}
	if q.To != nil && q.To.Time.IsZero() {
		r.last = min(r.last, q.To.ID.Seq)
	}
	if r.commits, err = history.Reader(ctx, after); err != nil {
		return nil, outside(err)
	}
	return r, nil
}

// outside says of an error what it means to who asks for events: that they are outside of what there is.
func outside(err error) error {
	_, trimmed := errors.AsType[*eventlog.TrimmedError](err)
	_, ahead := errors.AsType[*eventlog.PositionError](err)
	switch {
	case trimmed || errors.Is(err, archive.ErrNotArchived):
		return fmt.Errorf("%w: %w", ErrGone, err)
	case ahead:
		return fmt.Errorf("%w: %w", ErrAhead, err)
	}
	return err
}

// after is a position that is before all events of the query.
func (q *Query) after(ctx context.Context, history History) (eventlog.Position, error) {
	switch {
	case q.From == nil && q.Follow:
		return history.Head(), nil
	case q.From == nil:
		return history.Start(ctx)
	case !q.From.Time.IsZero():
		return history.Before(ctx, q.From.Time)
	case q.From.ID.IsZero():
		return history.Start(ctx)
	}
	if err := q.From.check(ctx, history); err != nil {
		return eventlog.Position{}, err
	}
	after, err := history.At(ctx, max(q.From.ID.Seq, 1)-1)
	return after, q.From.explain(err, history)
}

// check returns ErrReplaced if the commit of the bound is another one than it was.
func (b *Bound) check(ctx context.Context, history History) error {
	if b.Hash == "" {
		return nil
	}
	found, err := history.At(ctx, b.ID.Seq)
	if err == nil && !strings.HasPrefix(found.Hash, b.Hash) {
		return ErrReplaced
	}
	return b.explain(err, history)
}

// explain is outside for who has asked for the bound.
func (b *Bound) explain(err error, history History) error {
	if err = outside(err); errors.Is(err, ErrAhead) { // what else the error says is for who has derived something from there
		err = fmt.Errorf("%w: it ends with commit %d, and event %v was asked for", ErrAhead, history.Head().Seq, b.ID)
	}
	return err
}

// Next waits until there are events and returns those at hand, in order; never none. It is io.EOF at the end of the query. The end
// of ctx leaves the reader as it was; other errors are those of archive.CommitReader, and final.
func (r *Reader) Next(ctx context.Context) ([]Event, error) {
	for r.left > 0 && r.read < r.last {
		commits, err := r.commits.Next(ctx)
		if err != nil {
			return nil, err
		}
		var found []Event
		for _, commit := range commits {
			r.read = commit.Position.Seq
			if r.read > r.last {
				break
			}
			found = r.choose(found, commit)
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, io.EOF
}

// choose adds the events of a commit that the query is for.
func (r *Reader) choose(found []Event, commit eventlog.Commit) []Event {
	for _, event := range Events(commit) {
		switch {
		case r.left == 0:
			return found
		case r.query.ends(&event):
			r.last = min(r.last, r.read)
			return found
		case r.query.matches(&event):
			found, r.left = append(found, event), r.left-1
		}
	}
	return found
}

// ends tells whether neither this event nor any behind it is one of the query. A later one may have an earlier time, by
// archive.ClockSlack at most.
func (q *Query) ends(e *Event) bool {
	switch {
	case q.To == nil:
		return false
	case q.To.Time.IsZero():
		return e.ID().Compare(q.To.ID) > 0
	}
	return e.Time.After(q.To.Time.Add(archive.ClockSlack))
}

func (q *Query) matches(e *Event) bool {
	switch {
	case q.From != nil && q.From.Time.IsZero() && e.ID().Compare(q.From.ID) < 0:
		return false
	case q.From != nil && e.Time.Before(q.From.Time):
		return false
	case q.To != nil && !q.To.Time.IsZero() && e.Time.After(q.To.Time):
		return false
	}
	return q.Form.has(e) && q.Matches(e)
}

// Close ends the reader.
func (r *Reader) Close() { r.commits.Close() }
