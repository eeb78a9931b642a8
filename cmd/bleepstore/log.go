package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// logCommands are the subcommands of "log". They work on the data folder of a server that is stopped.
func logCommands() []command {
	return []command{
		{"info", "say what the log and its archive hold", runLogInfo},
		{"verify", "read all of the log and its archive, and check every commit", runLogVerify},
		{"export", "print the events as lines of JSON", runLogExport},
		{"snapshot", "write the metadata as of the end of the log into the archive", runLogSnapshot},
		{"trim", "remove the front of the log, as far as it is archived and in a snapshot", runLogTrim},
		{"repair", "build a damaged log again, of the archive and what is sound of it", runLogRepair},
	}
}

func runLog(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		for _, c := range logCommands() {
			if c.name == args[0] {
				return c.run(ctx, args[1:], stdout, stderr)
			}
		}
		fmt.Fprintf(stderr, "bleepstore log: no subcommand %q\n", args[0])
	}
	fmt.Fprint(stderr, "Usage: bleepstore log COMMAND [FLAGS], while no server runs on the data folder\n\n")
	for _, c := range logCommands() {
		fmt.Fprintf(stderr, "  %-10s%s\n", c.name, c.summary)
	}
	return errUsage
}

// stoppedLog is the log of a server that is stopped, and its archive.
type stoppedLog struct {
	folder  *folder
	log     *eventlog.Log
	archive *archive.Archive // nil if there is none
}

// openStoppedLog opens the log of a data folder. A damaged one is an error.
func openStoppedLog(ctx context.Context, c *config.Config) (*stoppedLog, error) {
	folder, err := openFolder(c)
	if err != nil {
		return nil, err
	}
	s := &stoppedLog{folder: folder}
	if err := s.open(ctx, c); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stoppedLog) open(ctx context.Context, c *config.Config) (err error) {
	if s.log, err = eventlog.Open(ctx, eventlog.Config{Dir: c.LogDir()}); err != nil {
		return err
	}
	if c.ArchiveDir() != "" {
		s.archive, err = archive.Open(c.ArchiveDir(), s.log.ID(), int64(c.Archive.SegmentSize))
	}
	return err
}

func (s *stoppedLog) close() error { return errors.Join(s.closeLog(), s.folder.close()) }

func (s *stoppedLog) closeLog() error {
	var errs []error
	if s.archive != nil {
		errs = append(errs, s.archive.Close())
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	return errors.Join(errs...)
}

func runLogInfo(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := newConfigFlags("log info").load(args, stderr)
	if err != nil {
		return err
	}
	s, err := openStoppedLog(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	fmt.Fprintf(stdout, "Log       %s\nCommits   %d to %d\nHead      %v\n", s.log.ID(), s.log.First(), s.log.Head().Seq, s.log.Head())
	if s.archive == nil {
		fmt.Fprintln(stdout, "Archive   none")
		return nil
	}
	fmt.Fprintf(stdout, "Archive   %s\nArchived  up to %v\n", archive.Dir(c.ArchiveDir(), s.log.ID()), s.archive.Position())
	for _, segment := range s.archive.Segments() {
		fmt.Fprintf(stdout, "Segment   commits %d to %d, %d events from %s to %s, %d bytes in %d\n", segment.First, segment.Last.Seq,
			segment.Events, segment.From.Format(timeFormat), segment.To.Format(timeFormat), segment.Bytes, segment.Size)
	}
	return nil
}

// timeFormat is how people are told a time.
const timeFormat = "2006-01-02 15:04:05Z"
