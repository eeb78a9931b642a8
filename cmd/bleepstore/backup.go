package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/backup"
	"github.com/bleepstore/bleepstore/internal/control"
)

// argDir is the argument of the task "backup" that says where to: an absolute path.
const argDir = "dir"

func runBackup(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, dir, err := newConfigFlags("backup").loadWith("DIR", args, stderr)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	return runTask(ctx, c, "backup", map[string]string{argDir: dir}, stdout, stderr)
}

// takeBackup backs up to a folder. That some blobs are damaged is an error, but not that of the backup, which has the rest.
func takeBackup(ctx context.Context, w *work) error {
	start, err := w.history().Start(ctx)
	if err != nil {
		return err
	}
	server := backup.Server{Service: w.service, Store: w.store, Log: w.source(), Start: start}
	copied, err := backup.Take(ctx, server, w.args[argDir], report{w.out})
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%s has a backup of all as of %v: %s; %d blobs with %d bytes were new\n",
		w.args[argDir], copied.Position, objectsOf(copied), copied.New.Number, copied.New.Bytes)
	tellElsewhere(w.out, copied)
	return damagedError(copied)
}

// tellElsewhere says what a backup does not have, though objects in it have those bytes.
func tellElsewhere(out io.Writer, copied backup.Copied) {
	if n := copied.Elsewhere; n.Number > 0 {
		fmt.Fprintf(out, "%d blobs with %d bytes are not in the backup: they are objects in other buckets, from which they were taken "+
			"over, and where they must stay\n", n.Number, n.Bytes)
	}
}

// report shows how a backup or its restoration goes on.
type report struct{ out control.Reporter }

func (r report) Damaged(damage api.Damage) { fmt.Fprintln(r.out, damage) }

func (r report) Commits(done, total uint64) {
	r.out.Progress(control.Progress{Done: done, Total: total, Unit: "commits"})
}

func (r report) Bytes(done, total int64) {
	r.out.Progress(control.Progress{Done: uint64(done), Total: uint64(total), Unit: "bytes"})
}

func objectsOf(copied backup.Copied) string {
	return fmt.Sprintf("%d objects with %d bytes", copied.Objects.Number, copied.Objects.Bytes)
}

func damagedError(copied backup.Copied) error {
	if copied.Damaged == 0 {
		return nil
	}
	return errors.New("some objects cannot be read, and all else was copied: restore them from another copy, or delete them")
}
