package projections

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Source is the log as a projection sees it.
type Source interface {
	// Read follows the log from behind the position after. A position that is not in the log, because it is ahead of it,
	// of another log or of another history, is refused with an error that says so.
	Read(ctx context.Context, after eventlog.Position) (Reader, error)
	// Head is the position of the last commit.
	Head() eventlog.Position
}

// Reader yields commits, in order and without a gap.
type Reader interface {
	// Next waits until there is a commit and returns it with those that are at hand behind it; never none.
	// An error is final: the end of ctx, or damage that the log must be repaired for.
	Next(ctx context.Context) ([]eventlog.Commit, error)
	// Close ends the reader.
	Close()
}
