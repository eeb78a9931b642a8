package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/eventlog/feed"
	"github.com/bleepstore/bleepstore/internal/control"
)

// argExpect is the hash of a commit that a range must have.
const argExpect = "expect"

func runEventsVerify(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newConfigFlags("events verify")
	query := newQueryFlags(flags)
	query.bounds()
	expect := flags.String(argExpect, "", "fail unless one of the commits has the hash `HASH`, which was kept elsewhere")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	err = query.check()
	if decoded, notHex := hex.DecodeString(*expect); *expect != "" && (notHex != nil || len(decoded) != sha256.Size) {
		err = errors.Join(err, fmt.Errorf("expect: %q is no hash of a commit, which has 64 hex digits", *expect))
	}
	if err != nil {
		fmt.Fprintf(stderr, "bleepstore events verify: %v\n", err)
		return errUsage
	}
	arguments := query.args()
	arguments[argExpect] = strings.ToLower(*expect)
	return runTask(ctx, c, "events verify", arguments, stdout, stderr)
}

// verifyEvents proves that whole commits are complete and unchanged: those with the events of a range.
func verifyEvents(ctx context.Context, w *work) error {
	query, err := parseQuery(w.args)
	if err != nil {
		return err
	}
	history := w.history()
	after, last, err := feed.Commits(ctx, history, query.From, query.To)
	if err != nil {
		return err
	}
	if last <= after.Seq {
		return fmt.Errorf("there are no commits in that range: the log ends with %v", history.Head())
	}
	found := proof{out: w.out, total: last, expect: w.args[argExpect]}
	if err := history.Verify(ctx, after, last, archive.Visitors{Archived: found.visit, Logged: found.visit}); err != nil {
		return err
	}
	return found.print(after)
}

// proof tells what was found of a range.
type proof struct {
	out    control.Reporter
	total  uint64 // sequence of the last commit of the range
	expect string // a hash; empty for none

	first, last     eventlog.Commit
	commits, events int
	expected        eventlog.Position // of the commit with the hash that is expected; zero if there was none
}

// visit gets the commits that the archive has, and then those that the log has: the second time that one comes it says nothing.
func (p *proof) visit(commit eventlog.Commit) error {
	p.out.Progress(control.Progress{Done: commit.Position.Seq, Total: p.total, Unit: "commits"})
	if p.commits > 0 && commit.Position.Seq <= p.last.Position.Seq {
		return nil
	}
	if p.commits == 0 {
		p.first = commit
	}
	p.last = commit
	p.commits++
	p.events += len(commit.Events)
	if commit.Position.Hash == p.expect {
		p.expected = commit.Position
	}
	return nil
}

// print tells what is proven. That the hash that is expected was not there is an error.
func (p *proof) print(after eventlog.Position) error {
	events := p.last.Events
	fmt.Fprintf(p.out, "Log       %s\n", p.last.Position.Log)
	fmt.Fprintf(p.out, "Range     commits %d to %d, from %s to %s\n", p.first.Position.Seq, p.last.Position.Seq,
		p.first.Events[0].Time.Format(timeFormat), events[len(events)-1].Time.Format(timeFormat))
	fmt.Fprintf(p.out, "Sound     %d commits with %d events, complete and unchanged\n", p.commits, p.events)
	if !after.IsZero() {
		fmt.Fprintf(p.out, "Behind    commit %d, with hash %s\n", after.Seq, after.Hash)
	}
	fmt.Fprintf(p.out, "Head      commit %d, with hash %s\n", p.last.Position.Seq, p.last.Position.Hash)
	switch {
	case p.expect == "":
		return nil
	case p.expected.IsZero():
		return fmt.Errorf("no commit of the range has the hash %s: it is of another range, or the log is not the one that it was", p.expect)
	}
	fmt.Fprintf(p.out, "Expected  commit %d has the hash\n", p.expected.Seq)
	return nil
}
