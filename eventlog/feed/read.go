package feed

import (
	"context"
	"iter"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// Source is a log whose events are read; *archive.History is one.
type Source interface {
	// Head is the position of the last commit; zero if there is none.
	Head() eventlog.Position
	// At is the position of the commit with a sequence; zero for 0. Errors: *eventlog.TrimmedError, archive.ErrNotArchived,
	// *eventlog.PositionError.
	At(ctx context.Context, seq uint64) (eventlog.Position, error)
	// Reader follows the log from behind a position.
	Reader(ctx context.Context, after eventlog.Position) (archive.CommitReader, error)
}

// Read yields the events from an id on, in order and without a gap, and then waits for more until ctx ends, which is the error
// at the end. Other errors are those of Source: the log does not reach back so far, or not up to there, or is damaged.
func Read(ctx context.Context, source Source, from ID) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := read(ctx, source, from, func(e Event) bool { return yield(e, nil) }); err != nil {
			yield(Event{}, err)
		}
	}
}

func read(ctx context.Context, source Source, from ID, yield func(Event) bool) error {
	after, err := source.At(ctx, max(from.Seq, 1)-1)
	if err != nil {
		return err
	}
	reader, err := source.Reader(ctx, after)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		commits, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		for _, commit := range commits {
			for _, event := range Events(commit) {
				if event.ID().Compare(from) >= 0 && !yield(event) {
					return nil
				}
			}
		}
	}
}
