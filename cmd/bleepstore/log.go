package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bleepstore/bleepstore/backends/moving"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
)

// logCommands are the subcommands of "log".
func logCommands() []command {
	return []command{
		{"info", "say what the log and its archive hold", runLogTask("log info")},
		{"verify", "read all of the log and its archive, and check every commit", runLogTask("log verify")},
		{"export", "print the events as lines of JSON", runLogTask("log export")},
		{"snapshot", "write the metadata as of now into the archive", runLogTask("log snapshot")},
		{"trim", "remove the front of the log, as far as it is archived and in a snapshot", runLogTrim},
		{"repair", "build a damaged log again, of the archive and what is sound of it, of a stopped server", runLogRepair},
	}
}

// openLog opens the log of a stopped server and its archive, and nothing else, so that they can be looked at whatever has
// become of the rest. A damaged log is an error.
func openLog(ctx context.Context, c *config.Config, _ output) (*parts, error) {
	folder, err := openFolder(c)
	if err != nil {
		return nil, err
	}
	p := &parts{folder: folder}
	if err := p.openLog(ctx, c); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// openLog opens the log, and the archive as it is.
func (p *parts) openLog(ctx context.Context, c *config.Config) (err error) {
	if p.log, err = eventlog.Open(ctx, eventlog.Config{Dir: c.LogDir()}); err != nil {
		return err
	}
	archives, blobs, err := openArchives(ctx, c)
	if blobs != nil {
		p.blobs = moving.New(moving.Storage{Backend: blobs, Name: c.StoragePlace()})
	}
	p.archiver = &archiver{archives: archives, log: p.log}
	if err != nil {
		return err
	}
	p.snapshots = archives.snapshots(p.log.ID())
	p.archiver.archive, err = archives.open(ctx, p.log.ID())
	return err
}

// runLogTask runs a command of the log that has no flags of its own.
func runLogTask(name string) func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
		c, err := newConfigFlags(name).load(args, stderr)
		if err != nil {
			return err
		}
		return runTask(ctx, c, name, nil, stdout, stderr)
	}
}

func logInfo(_ context.Context, w *work) error {
	fmt.Fprintf(w.out, "Log       %s\nCommits   %d to %d\nHead      %v\n", w.log.ID(), w.log.First(), w.log.Head().Seq, w.log.Head())
	archived := w.archiver.current()
	if archived == nil {
		fmt.Fprintln(w.out, "Archive   none")
		return nil
	}
	fmt.Fprintf(w.out, "Archive   %s\nArchived  up to %v\n", archived.Where(), archived.Position())
	for _, segment := range archived.Segments() {
		fmt.Fprintf(w.out, "Segment   commits %d to %d, %d events from %s to %s, %d bytes in %d\n", segment.First, segment.Last.Seq,
			segment.Events, segment.From.Format(timeFormat), segment.To.Format(timeFormat), segment.Bytes, segment.Size)
	}
	return nil
}

// timeFormat is how people are told a time.
const timeFormat = "2006-01-02 15:04:05Z"
