package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// The arguments of the task "log trim", which say what is kept.
const (
	argAge   = "age"   // a duration
	argBytes = "bytes" // a number
)

func runLogTrim(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newConfigFlags("log trim")
	flags.key("age", "log.retention.age", "keep events that are not older than a `DURATION`, such as 720h")
	flags.key("bytes", "log.retention.bytes", "keep a `SIZE` of archived commits, such as 10GiB")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	keep := map[string]string{
		argAge:   c.Log.Retention.Age.String(),
		argBytes: strconv.FormatInt(int64(c.Log.Retention.Bytes), 10),
	}
	return runTask(ctx, c, "log trim", keep, stdout, stderr)
}

func logTrim(ctx context.Context, w *work) error {
	age, err := time.ParseDuration(w.args[argAge])
	if err != nil {
		return err
	}
	bytes, err := strconv.ParseInt(w.args[argBytes], 10, 64)
	if err != nil {
		return err
	}
	if w.snapshots == nil {
		return errNoArchive
	}
	archived := w.archiver.current()
	if archived == nil {
		return w.archiver.check(ctx)
	}
	snapshot, err := w.newestSnapshot(ctx)
	if err != nil {
		return err
	}
	if snapshot == nil {
		return errors.New("there is no snapshot, which must have what is trimmed: take one with \"bleepstore log snapshot\"")
	}
	if err := archived.Seal(ctx); err != nil { // only sealed segments are trimmed
		return err
	}
	trimmed, err := archived.Trim(ctx, w.log, archive.Retention{Age: age, Bytes: bytes}, snapshot.Position, time.Now())
	if err != nil {
		return err
	}
	if trimmed.IsZero() {
		fmt.Fprintf(w.out, "Nothing was trimmed: the log begins with commit %d\n", w.log.First())
		return nil
	}
	fmt.Fprintf(w.out, "The log begins with commit %d now\n", w.log.First())
	return nil
}
