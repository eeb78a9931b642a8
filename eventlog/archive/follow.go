package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

const (
	// gatherTime is how long commits are gathered for one frame, with one fsync: how much of the newest the archive lacks.
	gatherTime = time.Second
	// gatherBytes ends that earlier.
	gatherBytes = 4 << 20
	// lastTime is how long the last commits may take when Follow is told to end.
	lastTime = 5 * time.Second
)

// Follow archives the commits of the log that are not archived yet and then, as they come, the new ones, until ctx ends,
// which gives nil. Any other end is an error: damage to the log, or an archive that fails. Nothing is ever left out.
func (a *Archive) Follow(ctx context.Context, log *eventlog.Log) error {
	err := a.follow(ctx, log)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (a *Archive) follow(ctx context.Context, log *eventlog.Log) error {
	reader, err := log.Read(ctx, a.Position())
	if trimmed, ok := errors.AsType[*eventlog.TrimmedError](err); ok {
		return fmt.Errorf("what was trimmed from the log, up to commit %d, is not in the archive in %s but in another one: "+
			"stop the server, and either copy the files of that archive to this place, or configure that one again",
			trimmed.First-1, a.Where())
	}
	if err != nil {
		return fmt.Errorf("read the log behind what is archived: %w", err)
	}
	defer reader.Close()
	appending, cancel := outliving(ctx, lastTime)
	defer cancel()
	for {
		commits, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		commits, err = gather(ctx, reader, commits)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err := a.Append(appending, commits); err != nil {
			return err
		}
	}
}

// outliving returns a context that ends some time after ctx, so that what is under way is finished.
func outliving(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(by, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() {
		stop()
		cancel()
	}
}

// gather adds to commits those that come soon after.
func gather(ctx context.Context, reader *eventlog.Reader, commits []eventlog.Commit) ([]eventlog.Commit, error) {
	soon, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	size := 0
	for _, commit := range commits {
		size += len(commit.Data)
	}
	for size < gatherBytes {
		more, err := reader.Next(soon)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return commits, nil
		}
		if err != nil {
			return commits, err
		}
		for _, commit := range more {
			size += len(commit.Data)
		}
		commits = append(commits, more...)
	}
	return commits, nil
}
