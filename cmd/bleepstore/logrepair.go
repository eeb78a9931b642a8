package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/internal/control"
	"github.com/bleepstore/bleepstore/internal/durable"
)

// runLogRepair makes a log that can be used of a damaged one: of what the archive has and what is sound of the log, or of
// the metadata.
func runLogRepair(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := newConfigFlags("log repair")
	yes := flags.Bool("yes", false, "do not ask before the log is replaced")
	fromMetadata := flags.Bool("from-metadata", false, "begin a new log with what the metadata is, where neither log nor archive have it")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	folder, err := openFolder(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.close()) }()
	if *fromMetadata {
		return restoreFromMetadata(ctx, c, *yes, stdout)
	}
	if isSound(ctx, c, stdout) {
		fmt.Fprintln(stdout, "The log is sound, and needs no repair.")
		return nil
	}
	rebuilt, err := rebuild(ctx, c, stdout, stderr)
	if err != nil {
		return err
	}
	if err := replaceLog(c, rebuilt, *yes, stdout); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Done. Start the server; if it says that the metadata does not belong to the log, do as it says.")
	return nil
}

// replaceLog puts a log in the place of the one there is, which is kept beside it, if that is confirmed.
func replaceLog(c *config.Config, by string, yes bool, stdout io.Writer) error {
	aside := c.LogDir() + ".damaged-" + time.Now().UTC().Format("20060102T150405Z")
	fmt.Fprintf(stdout, "The new log takes the place of %s, which is kept as %s.\n", c.LogDir(), aside)
	if !yes && !confirm(stdout, os.Stdin) {
		return errors.Join(errors.New("nothing was changed"), os.RemoveAll(by))
	}
	if err := durable.Rename(c.LogDir(), aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return durable.Rename(by, c.LogDir())
}

// confirm asks whether to go on.
func confirm(w io.Writer, r io.Reader) bool {
	fmt.Fprint(w, "Go on? [y/N] ")
	answer, _ := bufio.NewReader(r).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(answer), "y")
}

// rebuild makes a log of what the archive has and, behind that, of what is sound of the log itself, beside it. It says what
// it found, and returns the folder.
func rebuild(ctx context.Context, c *config.Config, stdout, stderr io.Writer) (dir string, err error) {
	remains, err := eventlog.OpenRemains(c.LogDir())
	if err != nil {
		return "", err
	}
	defer remains.Close()
	id := remains.Log()
	if id == "" {
		return "", errors.New("nothing in the folder of the log tells its id: restore the folder from a copy")
	}
	archives, blobs, err := openArchives(ctx, c)
	if err != nil {
		return "", err
	}
	if blobs != nil {
		defer func() { err = errors.Join(err, blobs.Close()) }()
	}
	archived, err := archives.open(ctx, id)
	if err != nil {
		return "", err
	}
	if damage := remains.Damage(); damage != nil {
		fmt.Fprintln(stdout, damage)
	}
	dir = c.LogDir() + ".repaired"
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	acknowledged := remains.Acknowledged()
	out := newConsole(stdout, stderr)
	last, err := eventlog.Rebuild(ctx, dir, sound(ctx, archived, remains, out))
	out.end()
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintf(stdout, "The repaired log ends with %v.\n", last)
	if acknowledged.Seq > last.Seq {
		tellLost(c, last.Seq+1, acknowledged.Seq, stdout)
	}
	return dir, nil
}

// tellLost says that commits are lost. Tables in a cloud may have rows of them although their position is before them, because
// they write it last; where that is in a folder, a position tells.
func tellLost(c *config.Config, from, to uint64, stdout io.Writer) {
	fmt.Fprintf(stdout, "WARNING: commits %d to %d were acknowledged, and are neither in the log nor in the archive: they are lost.\n",
		from, to)
	for _, name := range append([]string{c.Metadata.Engine}, c.Projections...) {
		if !config.IsFolder(name) && name != config.EngineMemory {
			e := engineOf(c, name, nil)
			fmt.Fprintf(stdout, "WARNING: %s may have what they wrote, and nothing notices: %s.\n", e, e.discard())
		}
	}
}

// isSound tells whether the log can be opened and holds what it should, and if not says why.
func isSound(ctx context.Context, c *config.Config, stdout io.Writer) bool {
	p := &parts{}
	err := p.openLog(ctx, c)
	if err == nil {
		err = p.verify(ctx, newConsole(io.Discard, io.Discard))
	}
	if err = errors.Join(err, p.close()); err != nil {
		fmt.Fprintln(stdout, err)
	}
	return err == nil
}

// sound yields the commits of the archive, and behind them those of the log up to the first that is damaged.
func sound(ctx context.Context, archived *archive.Archive, remains *eventlog.Remains, out control.Reporter) iter.Seq2[eventlog.Commit, error] {
	return func(yield func(eventlog.Commit, error) bool) {
		var last eventlog.Position
		if archived != nil && !archived.Position().IsZero() {
			for commit, err := range archived.Read(ctx, archived.Start()) {
				if !yield(commit, err) || err != nil {
					return
				}
				last = commit.Position
				out.Progress(control.Progress{Done: last.Seq, Total: remains.Acknowledged().Seq, Unit: "commits"})
			}
			fmt.Fprintf(out, "The archive has all commits up to %v.\n", last)
		}
		for commit, err := range remains.Commits(ctx, last) {
			if err != nil {
				fmt.Fprintf(out, "Behind %v: %v\n", last, err)
				return
			}
			if !yield(commit, nil) {
				return
			}
			last = commit.Position
			out.Progress(control.Progress{Done: last.Seq, Total: remains.Acknowledged().Seq, Unit: "commits"})
		}
	}
}
