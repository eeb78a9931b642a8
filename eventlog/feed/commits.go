package feed

import (
	"context"
	"errors"
	"io"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// Commits are the commits with the events from one bound to another, whatever else is in them: those behind a position, up to the
// one with the sequence last. There are none if that is not behind it. Errors are those of Open.
func Commits(ctx context.Context, history History, from, to *Bound) (after eventlog.Position, last uint64, err error) {
	if after, err = before(ctx, history, from); err != nil {
		return after, 0, err
	}
	last = history.Head().Seq
	switch {
	case to == nil:
	case to.Time.IsZero():
		last = min(last, to.ID.Seq)
	default:
		last, err = lastUntil(ctx, history, last, to)
	}
	return after, last, err
}

// before is the position before the commit with the first event of a bound.
func before(ctx context.Context, history History, from *Bound) (eventlog.Position, error) {
	q := Query{From: from}
	if from == nil || from.Time.IsZero() {
		return q.after(ctx, history)
	}
	reader, err := Open(ctx, history, q)
	if err != nil {
		return eventlog.Position{}, err
	}
	defer reader.Close()
	events, err := reader.Next(ctx)
	if errors.Is(err, io.EOF) {
		return history.Head(), nil
	}
	if err != nil {
		return eventlog.Position{}, err
	}
	return history.At(ctx, events[0].Commit.Seq-1)
}

// lastUntil is the sequence of the last commit, up to the one at head, with an event that is not later than a time.
func lastUntil(ctx context.Context, history History, head uint64, to *Bound) (uint64, error) {
	pos, err := history.Before(ctx, to.Time)
	if err != nil {
		return 0, err
	}
	reader, err := history.Reader(ctx, pos)
	if err != nil {
		return 0, outside(err)
	}
	defer reader.Close()
	last := pos.Seq
	for read := pos.Seq; read < head; {
		commits, err := reader.Next(ctx)
		if err != nil {
			return 0, err
		}
		for _, commit := range commits {
			read = commit.Position.Seq
			for _, event := range commit.Events {
				switch {
				case read > head || event.Time.After(to.Time.Add(archive.ClockSlack)):
					return last, nil
				case !event.Time.After(to.Time):
					last = read
				}
			}
		}
	}
	return last, nil
}
