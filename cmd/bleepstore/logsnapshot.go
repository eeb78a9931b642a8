package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/projections"
)

// errNoArchive is the answer where snapshots have no place.
var errNoArchive = errors.New("there is no archive: see archive.enabled in the configuration")

// openCaughtUp opens the parts of a server that is stopped, and applies to the metadata what the log has beyond it.
func openCaughtUp(ctx context.Context, c *config.Config, stderr io.Writer) (*parts, error) {
	p, err := openParts(ctx, c, newOutput(c.Logging, stderr))
	if err != nil {
		return nil, err
	}
	projector := projections.NewProjector(source{p.log, p.archiver}, p.store)
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(running) }()
	err = projector.Wait(ctx, p.log.Head())
	stop()
	if err = errors.Join(err, <-ended); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func runLogSnapshot(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := newConfigFlags("log snapshot").load(args, stderr)
	if err != nil {
		return err
	}
	p, err := openCaughtUp(ctx, c, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if p.snapshots == nil {
		return errNoArchive
	}
	s, err := p.snapshots.Take(ctx, p.store, keptSnapshots)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s has the metadata as of %v, in %d bytes\n", s.Where(), s.Position, s.Size)
	return nil
}

func runLogTrim(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := newConfigFlags("log trim")
	flags.key("age", "log.retention.age", "keep events that are not older than a `DURATION`, such as 720h")
	flags.key("bytes", "log.retention.bytes", "keep a `SIZE` of archived commits, such as 10GiB")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	p, err := openCaughtUp(ctx, c, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if p.snapshots == nil {
		return errNoArchive
	}
	archived := p.archiver.current()
	if archived == nil {
		return p.archiver.check(ctx)
	}
	snapshot, err := p.newestSnapshot(ctx)
	if err != nil {
		return err
	}
	if snapshot == nil {
		return errors.New("there is no snapshot, which must have what is trimmed: take one with \"bleepstore log snapshot\"")
	}
	if err := archived.Seal(ctx); err != nil { // only sealed segments are trimmed
		return err
	}
	retention := archive.Retention{Age: c.Log.Retention.Age, Bytes: int64(c.Log.Retention.Bytes)}
	trimmed, err := archived.Trim(ctx, p.log, retention, snapshot.Position, time.Now())
	if err != nil {
		return err
	}
	if trimmed.IsZero() {
		fmt.Fprintf(stdout, "Nothing was trimmed: the log begins with commit %d\n", p.log.First())
		return nil
	}
	fmt.Fprintf(stdout, "The log begins with commit %d now\n", p.log.First())
	return nil
}
