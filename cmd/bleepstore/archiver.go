package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// archiveRetry is how long after a failure archiving is tried again.
const archiveRetry = time.Minute

// archiver keeps the archive up to date with the log. Writes never wait for it, and go on when it fails.
type archiver struct {
	archives archives
	log      *eventlog.Log

	mu      sync.Mutex
	archive *archive.Archive // nil if there is none, or while it cannot be opened
	err     error            // why nothing is archived at the moment
}

// openArchiver opens the archive of a log. An archive that cannot be opened, or that ends before the log begins, is for run to
// report; one that has what the log has not is an error, because then the log has lost commits.
func openArchiver(ctx context.Context, archives archives, log *eventlog.Log) (*archiver, error) {
	a := &archiver{archives: archives, log: log}
	if !archives.exist() {
		return a, nil
	}
	if a.archive, a.err = archives.open(ctx, log.ID()); a.err != nil {
		return a, nil
	}
	if pos := a.archive.Position(); !pos.IsZero() {
		reader, err := log.Read(ctx, pos)
		if _, trimmed := errors.AsType[*eventlog.TrimmedError](err); trimmed {
			return a, nil
		}
		if err != nil {
			return a, fmt.Errorf("the archive of the event log and the log contradict each other: %w; "+
				"stop the server, keep the data folder as it is, and run \"bleepstore log repair\"", err)
		}
		reader.Close()
	}
	return a, nil
}

// current is the archive, nil if there is none.
func (a *archiver) current() *archive.Archive {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.archive
}

func (a *archiver) set(archive *archive.Archive, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.archive, a.err = archive, err
}

// check tells why nothing is archived, if nothing is that should be.
func (a *archiver) check(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// run archives until ctx ends. It reports failures, and begins again after each.
func (a *archiver) run(ctx context.Context, out output) {
	if !a.archives.exist() {
		return
	}
	retried := out.metrics.Retries(retryArchive)
	for {
		err := a.follow(ctx, out)
		if ctx.Err() != nil {
			return
		}
		a.set(a.current(), err)
		retried()
		out.Error().Err(err).Msg("the event log is not being archived; will be tried again")
		select {
		case <-ctx.Done():
			return
		case <-time.After(archiveRetry):
		}
	}
}

// follow archives until ctx ends or something fails, with an archive that it opens anew after a failure.
func (a *archiver) follow(ctx context.Context, out output) error {
	current := a.current()
	if a.check(ctx) != nil {
		var err error
		if current, err = a.archives.open(ctx, a.log.ID()); err != nil {
			return err
		}
		a.set(current, nil)
	}
	if current.Lost > 0 {
		out.Warn().Int64("bytes", current.Lost).Msg("the end of the archive was not whole, and is archived again")
	}
	return current.Follow(ctx, a.log)
}
