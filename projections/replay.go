package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Until says how much of a log is replayed; all that there is, for the zero Until.
type Until struct {
	Seq  uint64    // up to this commit
	Time time.Time // up to the last commit before the first one that has an event later than this
}

// covers tells whether a commit is replayed.
func (u Until) covers(c eventlog.Commit) bool {
	if u.Seq > 0 && c.Position.Seq > u.Seq {
		return false
	}
	return u.Time.IsZero() || !c.Events[len(c.Events)-1].Time.After(u.Time)
}

// Replay applies the log to a store, from the store's position on, until the end that the log has now, or until an earlier
// commit. It says how far it has come, and returns the store's position then. One that is cut short is gone on with by the
// next. Errors are those of Projector.Run.
func Replay(ctx context.Context, source Source, store MetadataStore, until Until, progress func(eventlog.Position)) (eventlog.Position, error) {
	p := NewProjector(source, store)
	position, err := store.Position(ctx)
	if err != nil {
		return position, fmt.Errorf("read the store's position: %w", err)
	}
	head := source.Head()
	if until.Seq == 0 || until.Seq > head.Seq {
		until.Seq = head.Seq
	}
	reader, err := source.Read(ctx, position)
	if err != nil {
		return position, fmt.Errorf("read the log behind %v: %w", position, err)
	}
	defer reader.Close()
	if position.Seq >= until.Seq {
		return position, nil
	}
	for commits, err := range readAhead(ctx, reader) {
		if err != nil {
			return position, fmt.Errorf("read the log behind %v: %w", position, err)
		}
		covered := 0
		for covered < len(commits) && until.covers(commits[covered]) {
			covered++
		}
		for rest := commits[:covered]; len(rest) > 0; {
			n, err := p.apply(ctx, rest)
			if err != nil {
				return position, err
			}
			position, rest = rest[n-1].Position, rest[n:]
			progress(position)
		}
		if covered < len(commits) || position.Seq >= until.Seq {
			break
		}
	}
	return position, nil
}
