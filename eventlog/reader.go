package eventlog

import (
	"context"
	"fmt"
)

// Limits of what Next returns at once; a commit that exceeds the bytes comes alone or last.
const (
	maxReadCommits = 1024
	maxReadBytes   = 4 << 20
)

// Reader yields the commits of a log, in order and without a gap. It is for one goroutine. Other readers may have the same
// commits, so nobody modifies them.
type Reader struct {
	log     *Log
	fetcher *fetcher
	pos     Position // the last commit that was returned
}

// Read follows the log from behind the position after; the zero Position is before the first commit. A position that is
// not in the log, because it is ahead of it, of another log or of another history, is a *PositionError; one behind which
// commits were trimmed is a *TrimmedError.
// The reader does not depend on ctx; Close it.
func (l *Log) Read(ctx context.Context, after Position) (*Reader, error) {
	if err := l.verify(ctx, after); err != nil {
		return nil, err
	}
	fetcher, err := l.stream.newFetcher()
	if err != nil {
		return nil, err
	}
	return &Reader{log: l, fetcher: fetcher, pos: after}, nil
}

// verify checks that pos is in the log.
func (l *Log) verify(ctx context.Context, pos Position) error {
	head := l.Head()
	switch {
	case pos.IsZero() && l.First() > 1:
		return &TrimmedError{First: l.First()}
	case pos.IsZero() || pos == head:
		return nil
	}
	refuse := func(reason string, args ...any) error {
		return &PositionError{Position: pos, Head: head, Log: l.ID(), Reason: fmt.Sprintf(reason, args...)}
	}
	switch {
	case pos.Log != l.ID():
		return refuse("it is of another log")
	case pos.Seq == 0:
		return refuse("it has no sequence")
	case pos.Seq > head.Seq:
		return refuse("it is ahead of the log")
	case pos.Seq+1 == l.First():
		return l.verifyBeforeFirst(ctx, pos, refuse)
	case pos.Seq < l.First():
		return &TrimmedError{Position: pos, First: l.First()}
	}
	found, err := l.hashAt(ctx, pos.Seq)
	if err != nil {
		return err
	}
	if found != pos.Hash {
		return refuse("commit %d of the log is another one, with hash %s", pos.Seq, found)
	}
	return nil
}

// verifyBeforeFirst checks the position before the first commit that the log still has, which tells it.
func (l *Log) verifyBeforeFirst(ctx context.Context, pos Position, refuse func(string, ...any) error) error {
	data, err := l.commitAt(ctx, pos.Seq+1)
	if err != nil {
		return err
	}
	prev, err := prevOf(data)
	switch {
	case err != nil:
		return &CorruptError{Log: l.ID(), Seq: pos.Seq + 1, Want: "a header", Found: err.Error()}
	case prev != pos:
		return refuse("the commit behind it follows another one, with hash %s", prev.Hash)
	}
	return nil
}

// Next waits until there is a commit and returns it with those that are at hand behind it; never none.
// The end of ctx leaves the reader as it was; any other error is final: ErrClosed, a *CorruptError, an *UnknownEventError, or
// a *TrimmedError if the log was trimmed meanwhile beyond where the reader is.
func (r *Reader) Next(ctx context.Context) ([]Commit, error) {
	head, recent, err := r.wait(ctx)
	if err != nil {
		return nil, err
	}
	n := int(min(head.Seq-r.pos.Seq, maxReadCommits))
	commits := make([]Commit, 0, n)
	add := func(commit Commit, err error) error {
		if err != nil {
			return err
		}
		r.pos = commit.Position
		commits = append(commits, commit)
		return nil
	}
	if len(recent) > 0 {
		for _, c := range recent {
			if err = add(c.decode(r.log.ID(), r.pos)); err != nil {
				break
			}
		}
	} else {
		err = r.fetcher.fetch(ctx, r.pos.Seq+1, n, maxReadBytes, func(data []byte) error {
			return add(decodeCommit(data, r.log.ID(), r.pos))
		})
	}
	switch {
	case len(commits) > 0:
		return commits, nil // what came before an error is sound; the next call meets the error again
	case r.log.isClosed():
		return nil, ErrClosed
	case r.pos.Seq+1 < r.log.First(): // whatever came of it
		return nil, &TrimmedError{Position: r.pos, First: r.log.First()}
	case err != nil:
		return nil, err
	}
	// The head says that there is a commit. The server leaves out a damaged one without a word.
	seq := r.pos.Seq + 1
	return nil, &CorruptError{Log: r.log.ID(), Seq: seq, Want: fmt.Sprintf("commit %d", seq), Found: "no commit, or a damaged one"}
}

// wait returns when the log is beyond the reader's position: with its head, and with the commits behind the position if
// the log still has them in memory.
func (r *Reader) wait(ctx context.Context) (head Position, recent []*recentCommit, err error) {
	for {
		r.log.mu.Lock()
		head, recent, grown := r.log.last, r.log.recent.from(r.pos.Seq+1), r.log.grown
		r.log.mu.Unlock()
		if head.Seq > r.pos.Seq {
			return head, recent, nil
		}
		select {
		case <-grown:
		case <-r.log.closed:
			return Position{}, nil, ErrClosed
		case <-ctx.Done():
			return Position{}, nil, ctx.Err()
		}
	}
}

// Close ends the reader.
func (r *Reader) Close() { r.fetcher.close() }
