package eventlog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/internal/durable"
)

// Remains is a log that may be damaged, open for what can still be read of it. It is read without the NATS server, which
// would cut off what it finds damaged.
type Remains struct {
	lock         *os.File
	blocks       []block
	log          string
	acknowledged Position
	damage       error
}

// OpenRemains opens the log in a folder for reading, whatever state it is in. Only a folder that is in use, or cannot be
// read at all, is an error.
func OpenRemains(dir string) (*Remains, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	r := &Remains{lock: lock}
	head, acknowledged, err := openHeadFile(dir)
	if err == nil {
		head.close()
		r.acknowledged, r.log = acknowledged, acknowledged.Log
	}
	r.damage = err
	if r.blocks, err = blocks(dir); err != nil {
		r.Close()
		return nil, fmt.Errorf("read the folder of the event log: %w", err)
	}
	r.log = cmp.Or(r.firstLog(), r.log)
	return r, nil
}

// firstLog is the log of the first commit that can be read, empty if none can.
func (r *Remains) firstLog() (log string) {
	errFound := errors.New("found")
	for _, b := range r.blocks {
		err := eachRecord(b, true, func(rec record) error {
			first, _, _ := bytes.Cut(rec.data, []byte("\n"))
			var header commitHeader
			if json.Unmarshal(first, &header) == nil && header.Log != "" {
				log = header.Log
				return errFound
			}
			return nil
		})
		if errors.Is(err, errFound) {
			return log
		}
	}
	return ""
}

// Log is the id of the log; empty if nothing tells it.
func (r *Remains) Log() string { return r.log }

// Acknowledged is the last position that is known to have been acknowledged; zero if nothing tells it.
func (r *Remains) Acknowledged() Position { return r.acknowledged }

// Damage is what is wrong with the file that tells what was acknowledged; nil if nothing is.
func (r *Remains) Damage() error { return r.damage }

// errEnough ends an iteration that nobody wants more of.
var errEnough = errors.New("enough")

// Commits yields the commits behind a position for as long as they are sound; the zero position is before the first one
// that is there. It ends with the error of the first that is not, if any is.
func (r *Remains) Commits(ctx context.Context, after Position) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		prev, begun := after, !after.IsZero()
		visit := func(rec record) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			before, err := prevOf(rec.data) // what the commit says of itself; the sequence of the message may be damaged
			switch {
			case err != nil:
				return &CorruptError{Log: r.log, Seq: prev.Seq + 1, Want: "a header", Found: err.Error()}
			case !begun:
				begun, prev = true, before
			case before.Seq < prev.Seq:
				return nil
			}
			commit, err := decodeCommit(rec.data, r.log, prev)
			if err != nil {
				return err
			}
			prev = commit.Position
			if !yield(commit, nil) {
				return errEnough
			}
			return nil
		}
		for _, b := range r.blocks {
			if err := eachRecord(b, true, visit); err != nil {
				if !errors.Is(err, errEnough) {
					yield(Commit{}, err)
				}
				return
			}
		}
	}
}

// Close gives the log back.
func (r *Remains) Close() { r.lock.Close() }

// Rebuild makes a log of commits, which follow each other, in a folder that it makes, and returns the last position. It is
// durable when Rebuild returns.
func Rebuild(ctx context.Context, dir string, commits iter.Seq2[Commit, error]) (last Position, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return last, fmt.Errorf("make the folder of the rebuilt log: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return last, err
	}
	defer lock.Close()
	if last, err = rebuildStream(ctx, dir, commits); err != nil {
		return last, fmt.Errorf("rebuild the event log in %s behind %v: %w", dir, last, err)
	}
	head, _, err := openHeadFile(dir)
	if err != nil {
		return last, err
	}
	defer head.close()
	if err := head.write(last); err != nil {
		return last, err
	}
	return last, durable.SyncTree(dir)
}

func rebuildStream(ctx context.Context, dir string, commits iter.Seq2[Commit, error]) (last Position, err error) {
	var s *stream
	defer func() {
		if s != nil {
			s.close()
		}
	}()
	for commit, err := range commits {
		if err != nil {
			return last, err
		}
		pos := commit.Position
		if s == nil {
			if s, _, err = openStream(ctx, dir, streamOptions{log: pos.Log, first: pos.Seq, lazy: true}); err != nil {
				return last, err
			}
		}
		if err := s.append(ctx, pos.Seq, pos.Hash, commit.Data); err != nil {
			return last, err
		}
		last = pos
	}
	if s == nil {
		return last, errors.New("there are no commits to build it of")
	}
	return last, nil
}
