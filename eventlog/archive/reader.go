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

// Reader follows a log, also from a position behind which the log was trimmed, or is meanwhile: what the log has no more
// comes from the archive. It is for one goroutine.
type Reader struct {
	ctx      context.Context // of what is read from the archive
	archive  *Archive
	log      *eventlog.Log
	position eventlog.Position // of the last commit that was returned

	// One of these is set.
	reader *eventlog.Reader
	next   func() (eventlog.Commit, error, bool) // of the archive

	stop func() // ends next
}

// Reader follows the log from behind a position. Errors: those of eventlog.Log.Read, ErrNotArchived. The Reader depends on ctx
// for as long as it reads the archive.
func (a *Archive) Reader(ctx context.Context, log *eventlog.Log, after eventlog.Position) (*Reader, error) {
	r := &Reader{ctx: ctx, archive: a, log: log, position: after}
	if err := r.seek(); err != nil {
		return nil, err
	}
	return r, nil
}

// seek goes on behind the position: in the log or, if that was trimmed, in the archive.
func (r *Reader) seek() (err error) {
	r.reader, err = r.log.Read(r.ctx, r.position)
	if _, trimmed := errors.AsType[*eventlog.TrimmedError](err); !trimmed {
		return err
	}
	found, archived := r.archive.Contains(r.ctx, r.position)
	switch {
	case r.position.IsZero(): // which the archive has if it begins with the first commit; else Next says so
	case archived != nil:
		return archived
	case !found:
		return errors.Join(err, ErrNotArchived)
	}
	if r.archive.Position().Seq <= r.position.Seq {
		return errors.Join(err, ErrNotArchived)
	}
	r.next, r.stop = iter.Pull2(r.archive.Read(r.ctx, r.position))
	return nil
}

// Next waits until there is a commit and returns it with those that are at hand behind it; never none. Errors are those of
// eventlog.Reader.Next, and of the archive, which are final too.
func (r *Reader) Next(ctx context.Context) ([]eventlog.Commit, error) {
	for {
		read := r.archived
		if r.reader != nil {
			read = r.reader.Next
		}
		commits, err := read(ctx)
		if len(commits) > 0 {
			r.position = commits[len(commits)-1].Position
			return commits, nil
		}
		if _, trimmed := errors.AsType[*eventlog.TrimmedError](err); err != nil && !trimmed {
			return nil, err
		}
		r.Close()
		if err := r.seek(); err != nil {
			return nil, err
		}
	}
}

// archived returns the next commits of the archive, none at its end.
func (r *Reader) archived(ctx context.Context) (commits []eventlog.Commit, err error) {
	if err := ctx.Err(); err != nil { // not later, when there are commits that would be lost
		return nil, err
	}
	for size := 0; len(commits) < maxReadCommits && size < maxReadBytes; {
		commit, err, more := r.next()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		commits, size = append(commits, commit), size+len(commit.Data)
	}
	return commits, nil
}

// Close ends the reader.
func (r *Reader) Close() {
	if r.stop != nil {
		r.stop()
		r.next, r.stop = nil, nil
	}
	if r.reader != nil {
		r.reader.Close()
		r.reader = nil
	}
}
