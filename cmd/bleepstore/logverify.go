package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/control"
)

// exportBuffer is how many bytes of events are written at once.
const exportBuffer = 64 << 10

// logVerify walks the chain through the archive and the log. What does not hold is an error, and the exit status says so.
func logVerify(ctx context.Context, w *work) error { return w.verify(ctx, w.out) }

// verify reads all of the archive and of the log, and checks that they are of one history.
func (p *parts) verify(ctx context.Context, out control.Reporter) error {
	history := p.history()
	start, err := history.Start(ctx)
	if err != nil {
		return err
	}
	head := p.log.Head()
	archived, logged := newVerification(out, head.Seq), newVerification(out, head.Seq)
	err = history.Verify(ctx, start, head.Seq, archive.Visitors{Archived: archived.visit, Logged: logged.visit})
	if current := p.archiver.current(); current != nil {
		archived.print("the archive")
		if current.Lost > 0 {
			fmt.Fprintf(out, "%d bytes at the end of the archive were not whole; the server archives them again\n", current.Lost)
		}
	}
	if err == nil {
		logged.print("the log")
	}
	return err
}

// verification counts what was found sound.
type verification struct {
	out   control.Reporter
	total uint64 // sequence of the last commit

	commits, events int
	last            eventlog.Position
}

func newVerification(out control.Reporter, total uint64) *verification {
	return &verification{out: out, total: total}
}

func (v *verification) visit(commit eventlog.Commit) error {
	v.commits++
	v.events += len(commit.Events)
	v.last = commit.Position
	v.out.Progress(control.Progress{Done: commit.Position.Seq, Total: v.total, Unit: "commits"})
	return nil
}

func (v *verification) print(where string) {
	fmt.Fprintf(v.out, "%d commits with %d events are sound in %s, up to %v\n", v.commits, v.events, where, v.last)
}

// readLog passes the commits of the log behind a position, up to the last of now, to visit. It returns the position of the
// last.
func (p *parts) readLog(ctx context.Context, after eventlog.Position, visit func(eventlog.Commit) error) (eventlog.Position, error) {
	reader, err := p.log.Read(ctx, after)
	if err != nil {
		return after, err
	}
	defer reader.Close()
	for head := p.log.Head(); after.Seq < head.Seq; {
		commits, err := reader.Next(ctx)
		if err != nil {
			return after, err
		}
		for _, commit := range commits {
			if err := visit(commit); err != nil {
				return after, err
			}
			after = commit.Position
		}
	}
	return after, nil
}

// logExport prints all events that the archive and the log have.
func logExport(ctx context.Context, w *work) error {
	out := bufio.NewWriterSize(w.out, exportBuffer)
	print := func(commit eventlog.Commit) error {
		for i := range commit.Events {
			if err := json.MarshalWrite(out, &commit.Events[i]); err != nil {
				return err
			}
			if err := out.WriteByte('\n'); err != nil {
				return err
			}
		}
		return nil
	}
	var last eventlog.Position
	if archived := w.archiver.current(); archived != nil {
		for commit, err := range archived.Read(ctx, archived.Start()) {
			if err != nil {
				return err
			}
			if err := print(commit); err != nil {
				return err
			}
			last = commit.Position
		}
	}
	if _, err := w.readLog(ctx, last, print); err != nil {
		return errors.Join(err, out.Flush()) // what came before it is sound
	}
	return out.Flush()
}
