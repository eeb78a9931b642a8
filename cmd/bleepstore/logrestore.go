package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
)

// restoreFromMetadata begins a new log with what the metadata is, for when the log is lost and the archive does not have
// it either. What is in the metadata goes into a snapshot of the new log, and the metadata goes on with that.
func restoreFromMetadata(ctx context.Context, c *config.Config, yes bool, stdout io.Writer) (err error) {
	if !c.HasArchive() {
		return errNoArchive
	}
	if c.Metadata.Engine == config.EngineMemory {
		return fmt.Errorf("metadata in %s does not survive: there is nothing to begin a log with", c.Metadata.Engine)
	}
	engine := engineOf(c, c.Metadata.Engine, func(err error) { fmt.Fprintf(stdout, "To be tried again: %v\n", err) })
	if config.IsFolder(engine.name) && engine.isNew() {
		return fmt.Errorf("there is no metadata to begin a log with: there is no %s", engine)
	}
	store, err := engine.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	from, err := store.Position(ctx)
	if err != nil {
		return err
	}
	if from.IsZero() {
		return errors.New("the metadata is empty: there is nothing to begin a log with")
	}
	archives, blobs, err := openArchives(ctx, c)
	if err != nil {
		return err
	}
	if blobs != nil {
		defer func() { err = errors.Join(err, blobs.Close()) }()
	}
	fmt.Fprintf(stdout, "The metadata is as of %v. What the log had behind that is lost.\n", from)
	dir := c.LogDir() + ".repaired"
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	replaced := idOfRemains(c.LogDir())
	id, pos, err := beginLog(ctx, dir, from)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	if err := replaceLog(c, dir, yes, stdout); err != nil {
		return err
	}
	if err := handOver(ctx, c, blobs, id, from.Log, replaced); err != nil {
		fmt.Fprintf(stdout, "WARNING: the storage does not say yet that its blobs belong to the new log: %v. Start the server, which says it, "+
			"before anything is repaired again.\n", err)
	}
	if err := store.Apply(ctx, pos, nil); err != nil {
		return err
	}
	if _, err := archives.snapshots(id).Take(ctx, store, keptSnapshots); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Done. The new log is %s; start the server.\n", id)
	return nil
}

// idOfRemains returns the id of the log that is in a folder, or was; empty if nothing tells.
func idOfRemains(dir string) string {
	remains, err := eventlog.OpenRemains(dir)
	if err != nil {
		return ""
	}
	defer remains.Close()
	return remains.Log()
}

// beginLog makes a log in a folder, durably, whose first event tells what it goes on from.
func beginLog(ctx context.Context, dir string, from eventlog.Position) (id string, pos eventlog.Position, err error) {
	log, err := eventlog.Open(ctx, eventlog.Config{Dir: dir})
	if err != nil {
		return "", pos, err
	}
	pos, err = log.Append(ctx, eventlog.Event{
		Time: time.Now().UTC().Truncate(time.Millisecond), Data: &eventlog.LogRestored{From: from},
	})
	if err = errors.Join(err, log.Close()); err != nil {
		return "", pos, err
	}
	return log.ID(), pos, durable.SyncTree(dir)
}
