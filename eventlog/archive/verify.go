package archive

import (
	"context"
	"fmt"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Visitors get the commits that History.Verify has checked: those that the archive has, in order, and then those that the log has.
// A commit that both have comes to both. Their errors end it.
type Visitors struct {
	Archived, Logged func(eventlog.Commit) error
}

// Verify reads every commit behind a position up to the one with the sequence last, in the archive and in the log, wherever it
// is, and checks it: its checksum, its place, and that it follows the one before. The sealed segments that have them must be what
// was sealed, and archive and log must be of one history. Errors: those of Reader, *CorruptError, *eventlog.CorruptError.
func (h *History) Verify(ctx context.Context, after eventlog.Position, last uint64, visit Visitors) error {
	archive := h.archive()
	if archive != nil {
		if err := archive.verify(ctx, after, last, visit.Archived); err != nil {
			return err
		}
		if err := h.verifyJoint(ctx, archive.Position()); err != nil {
			return err
		}
	}
	start, err := h.log.Start(ctx)
	if err != nil {
		return err
	}
	if start.Seq < after.Seq {
		start = after
	}
	return h.verifyLog(ctx, start, last, visit.Logged)
}

// verify reads what an archive has of a range.
func (a *Archive) verify(ctx context.Context, after eventlog.Position, last uint64, visit func(eventlog.Commit) error) error {
	start, end := a.Start(), a.Position()
	if end.Seq <= after.Seq || start.Seq >= last {
		return nil
	}
	for _, segment := range a.Segments() {
		if segment.Last.Seq <= after.Seq || segment.First > last {
			continue
		}
		if err := a.Verify(ctx, segment); err != nil {
			return err
		}
	}
	if start.Seq < after.Seq {
		start = after
	}
	for commit, err := range a.Read(ctx, start) {
		if err != nil {
			return err
		}
		if commit.Position.Seq > last {
			break
		}
		if err := visit(commit); err != nil {
			return err
		}
	}
	return nil
}

// verifyJoint checks that the log has the last commit of the archive, or begins right behind it.
func (h *History) verifyJoint(ctx context.Context, archived eventlog.Position) error {
	if archived.IsZero() {
		return nil
	}
	reader, err := h.log.Read(ctx, archived)
	if err != nil {
		return fmt.Errorf("the log does not go on where the archive ends: %w", err)
	}
	reader.Close()
	return nil
}

func (h *History) verifyLog(ctx context.Context, after eventlog.Position, last uint64, visit func(eventlog.Commit) error) error {
	if after.Seq >= last {
		return nil
	}
	reader, err := h.log.Read(ctx, after)
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
			if err := visit(commit); err != nil || commit.Position.Seq == last {
				return err
			}
		}
	}
}
