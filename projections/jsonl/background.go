package jsonl

import (
	"context"
	"fmt"
	"time"
)

const (
	// syncBytes is after how many bytes what was appended is made durable, which bounds what has to be applied again after a
	// power cut.
	syncBytes = 32 << 20
	// minDead is how many lines that do not count any more are never worth a new generation.
	minDead = 1000
	// reserve is how many bytes stay free when a new generation is written: as many as a blob must leave. The log, which
	// may be on the same disk, stops if it is full.
	reserve = 64 << 20
	// retryAfter is when work in the background that failed is tried again.
	retryAfter = 10 * time.Second
)

// tellDue has the background see what there is to do.
func (s *Store) tellDue() {
	select {
	case s.due <- struct{}{}:
	default: // it is told already
	}
}

// keep does the work in the background until ctx ends.
func (s *Store) keep(ctx context.Context) {
	var retry <-chan time.Time
	for {
		due := s.due
		if retry != nil {
			due = nil // not before
		}
		select {
		case <-ctx.Done():
			return
		case <-due:
		case <-retry:
		}
		err := s.tidy(ctx)
		if ctx.Err() != nil {
			return
		}
		s.health.setBackground(err)
		retry = nil
		if err != nil {
			retry = time.After(retryAfter)
		}
	}
}

// tidy does what is due. What could not be made durable is written anew, as are files that are crowded.
func (s *Store) tidy(ctx context.Context) error {
	s.applying.Lock()
	crowded, unsynced, failure := s.crowded(), s.generation.unsyncedBytes() > syncBytes, s.generation.unsynced
	s.applying.Unlock()
	if unsynced && failure == nil {
		failure = s.sync()
	}
	if !crowded && failure == nil {
		return nil
	}
	roomy, err := s.roomy()
	switch {
	case err != nil:
		return err
	case roomy:
		return s.compact(ctx)
	case failure != nil:
		return fmt.Errorf("there is no space to write the metadata anew after: %w", failure)
	}
	return nil // until there is space
}

// crowded tells whether the lines that do not count any more outnumber the others.
func (s *Store) crowded() bool {
	live := int64(s.Len())
	return s.generation.end.lines()-live > max(live, minDead)
}

// roomy tells whether the disk has space for a new generation, which is not larger than this one.
func (s *Store) roomy() (bool, error) {
	usage, err := s.fs.GetDiskUsage(s.dir)
	if err != nil {
		return false, fmt.Errorf("free space of %s: %w", s.dir, err)
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	return usage.AvailBytes > uint64(s.generation.end.size())+reserve, nil
}

// sync makes durable what was applied before, and says so in the files.
//
// After a failure it fails for this generation: the kernel may have dropped what it could not write, and would call the next
// sync a success.
func (s *Store) sync() error {
	s.applying.Lock()
	g := s.generation
	end, err := g.end, g.unsynced
	s.applying.Unlock()
	if err == nil {
		err = g.sync()
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	if err != nil {
		g.unsynced = err
		return err
	}
	return g.mark(end)
}
