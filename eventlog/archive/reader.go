package archive

import (
	"context"
	"errors"
	"iter"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Limits of what Reader.Next returns at once from the archive.
const (
	maxReadCommits = 1024
	maxReadBytes   = 4 << 20
)

// Reader follows a log, also from a position behind which the log was trimmed: what the log has no more comes from the
// archive. It is for one goroutine.
type Reader struct {
	log      *eventlog.Log
	reader   *eventlog.Reader                      // nil while commits come from the archive
	next     func() (eventlog.Commit, error, bool) // of the archive
	stop     func()
	position eventlog.Position
}

// Reader follows the log from behind a position. Errors: those of eventlog.Log.Read, ErrNotArchived. The Reader depends on ctx
// for as long as it reads the archive.
func (a *Archive) Reader(ctx context.Context, log *eventlog.Log, after eventlog.Position) (*Reader, error) {
	reader, err := log.Read(ctx, after)
	if err == nil {
		return &Reader{log: log, reader: reader}, nil
	}
	if _, trimmed := errors.AsType[*eventlog.TrimmedError](err); !trimmed {
		return nil, err
	}
	found, archived := a.Contains(ctx, after)
	switch {
	case after.IsZero(): // which the archive has if it begins with the first commit; else Next says so
	case archived != nil:
		return nil, archived
	case !found:
		return nil, errors.Join(err, ErrNotArchived)
	}
	r := &Reader{log: log, position: after}
	r.next, r.stop = iter.Pull2(a.Read(ctx, after))
	return r, nil
}

// Next waits until there is a commit and returns it with those that are at hand behind it; never none. Errors are those of
// eventlog.Reader.Next, and of the archive, which are final too.
func (r *Reader) Next(ctx context.Context) ([]eventlog.Commit, error) {
	var commits []eventlog.Commit
	for size := 0; r.reader == nil && len(commits) < maxReadCommits && size < maxReadBytes; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		commit, err, more := r.next()
		if err != nil {
			return nil, err
		}
		if !more {
			if r.reader, err = r.log.Read(ctx, r.position); err != nil {
				return nil, err
			}
			break
		}
		commits, size, r.position = append(commits, commit), size+len(commit.Data), commit.Position
	}
	if len(commits) > 0 {
		return commits, nil
	}
	return r.reader.Next(ctx)
}

// Close ends the reader.
func (r *Reader) Close() {
	if r.stop != nil {
		r.stop()
	}
	if r.reader != nil {
		r.reader.Close()
	}
}
