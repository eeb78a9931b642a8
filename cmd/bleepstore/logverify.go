package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
)

// runLogVerify walks the chain through the archive and the log. What does not hold is an error, and the exit status says so.
func runLogVerify(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := newConfigFlags("log verify").load(args, stderr)
	if err != nil {
		return err
	}
	s, err := openStoppedLog(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	out := verification{stdout: stdout, progress: newProgress(stderr, "commits", s.log.Head().Seq)}
	defer out.progress.end()
	return s.verify(ctx, &out)
}

// verify reads all of the archive and of the log, and checks that they are of one history.
func (s *stoppedLog) verify(ctx context.Context, out *verification) error {
	if s.archive != nil {
		for _, segment := range s.archive.Segments() {
			if err := s.archive.Verify(ctx, segment); err != nil {
				return err
			}
		}
		for commit, err := range s.archive.Read(ctx, s.archive.Start()) {
			if err != nil {
				return err
			}
			out.add(commit)
		}
		out.print("the archive", s.archive.Position())
		if s.archive.Lost > 0 {
			fmt.Fprintf(out.stdout, "%d bytes at the end of the archive were not whole; the server archives them again\n", s.archive.Lost)
		}
	}
	start, err := s.log.Start(ctx)
	if err != nil {
		return err
	}
	if err := s.readLog(ctx, start, out.visit); err != nil {
		return err
	}
	out.print("the log", s.log.Head())
	if s.archive == nil || s.archive.Position().IsZero() {
		return nil
	}
	return s.readLog(ctx, s.archive.Position(), func(eventlog.Commit) error { return nil })
}

// verification counts what was found sound.
type verification struct {
	stdout   io.Writer
	progress *progress

	commits, events int
}

func (v *verification) add(commit eventlog.Commit) {
	v.commits++
	v.events += len(commit.Events)
	v.progress.to(commit.Position.Seq)
}

func (v *verification) visit(commit eventlog.Commit) error {
	v.add(commit)
	return nil
}

func (v *verification) print(where string, last eventlog.Position) {
	v.progress.end()
	fmt.Fprintf(v.stdout, "%d commits with %d events are sound in %s, up to %v\n", v.commits, v.events, where, last)
	v.commits, v.events = 0, 0
}

// readLog passes the commits of the log behind a position to visit.
func (s *stoppedLog) readLog(ctx context.Context, after eventlog.Position, visit func(eventlog.Commit) error) error {
	reader, err := s.log.Read(ctx, after)
	if err != nil {
		return err
	}
	defer reader.Close()
	for after.Seq < s.log.Head().Seq {
		commits, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		for _, commit := range commits {
			if err := visit(commit); err != nil {
				return err
			}
			after = commit.Position
		}
	}
	return nil
}

// runLogExport prints all events that the archive and the log have.
func runLogExport(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := newConfigFlags("log export").load(args, stderr)
	if err != nil {
		return err
	}
	s, err := openStoppedLog(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	print := func(commit eventlog.Commit) error {
		for i := range commit.Events {
			if err := json.MarshalWrite(stdout, &commit.Events[i]); err != nil {
				return err
			}
			if _, err := io.WriteString(stdout, "\n"); err != nil {
				return err
			}
		}
		return nil
	}
	var last eventlog.Position
	if s.archive != nil {
		for commit, err := range s.archive.Read(ctx, s.archive.Start()) {
			if err != nil {
				return err
			}
			if err := print(commit); err != nil {
				return err
			}
			last = commit.Position
		}
	}
	return s.readLog(ctx, last, print)
}
