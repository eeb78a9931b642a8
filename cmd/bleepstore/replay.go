package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/control"
	"github.com/bleepstore/bleepstore/projections"
)

// The arguments of the tasks that replay the log.
const (
	argEngine = "engine"
	argPlace  = "place" // of the engine
	argUntil  = "until"
)

// maxDifferences is how many differences between two stores are told.
const maxDifferences = 100

func runReplay(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newConfigFlags("replay")
	to := flags.String("to", "", "apply the log to the metadata in `ENGINE[:PLACE]`, such as sqlite, jsonl:/srv/metadata or dynamodb:table; "+
		"without a place, in the one that the configuration gives the engine")
	until := flags.String("until", "", "only up to `COMMIT|TIME`: a number as in \"log info\", or a time such as 2026-11-25T12:00:00Z")
	verify := flags.Bool("verify", false, "compare the result with the metadata that the server has, record by record")
	c, err := flags.load(args, stderr)
	if err != nil {
		return err
	}
	engine, place, _ := strings.Cut(*to, ":")
	kept := slices.DeleteFunc(slices.Clone(config.Engines), func(e string) bool { return e == config.EngineMemory })
	switch {
	case !slices.Contains(kept, engine):
		return fmt.Errorf("replay --to %q: must begin with one of %s", *to, strings.Join(kept, ", "))
	case *verify && *until != "":
		return errors.New("replay --verify compares with the metadata of now: it does not go with --until")
	}
	place = cmp.Or(place, c.EnginePlace(engine))
	if config.IsFolder(engine) {
		if place, err = filepath.Abs(place); err != nil { // the server may be in another folder
			return err
		}
	}
	name := "replay"
	if *verify {
		name = "replay and verify"
	}
	return runTask(ctx, c, name, map[string]string{argEngine: engine, argPlace: place, argUntil: *until}, stdout, stderr)
}

// parseUntil reads a commit's sequence or a time; empty for everything.
func parseUntil(text string) (until projections.Until, err error) {
	if text == "" {
		return until, nil
	}
	if until.Seq, err = strconv.ParseUint(text, 10, 64); err == nil && until.Seq > 0 {
		return until, nil
	}
	if until.Time, err = time.Parse(time.RFC3339, text); err != nil {
		return until, fmt.Errorf("replay --until %q: must be the number of a commit, or a time such as 2026-11-25T12:00:00Z", text)
	}
	return until, nil
}

// replay applies the log to the store of another engine.
func replay(ctx context.Context, w *work) error {
	until, err := parseUntil(w.args[argUntil])
	if err != nil {
		return err
	}
	store, _, err := w.replayTo(ctx, until)
	if err != nil {
		return err
	}
	return store.Close()
}

// replayAndVerify applies the log to the store of another engine as far as the server's own store is, and compares the two.
func replayAndVerify(ctx context.Context, w *work) (err error) {
	serving, err := w.store.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, serving.Close()) }()
	position, err := serving.Position(ctx)
	if err != nil {
		return err
	}
	store, replayed, err := w.replayTo(ctx, projections.Until{Seq: position.Seq})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if replayed != position {
		return fmt.Errorf("the metadata of the server is as of %v, and %s has it as of %v already: they cannot be compared",
			position, w.engine(), replayed)
	}
	differences := 0
	err = projections.Compare(ctx, serving, store, func(d projections.Difference) bool {
		fmt.Fprintln(w.out, d)
		differences++
		return differences < maxDifferences
	})
	switch {
	case err != nil:
		return err
	case differences > 0:
		return fmt.Errorf("the metadata of the server, the first, and that in %s, the second, differ: one of them is damaged; "+
			"remove it to have it made again from the log", w.engine())
	}
	fmt.Fprintln(w.out, "It is the same as the server's, record by record.")
	return nil
}

// engine is the engine that the arguments name.
func (w *work) engine() engine {
	return engine{name: w.args[argEngine], place: w.args[argPlace], settings: w.config.Metadata, report: func(err error) {
		fmt.Fprintf(w.out, "To be tried again: %v\n", err)
	}}
}

// replayTo opens the store that the arguments name, and applies the log to it.
func (w *work) replayTo(ctx context.Context, until projections.Until) (projections.MetadataStore, eventlog.Position, error) {
	engine := w.engine()
	if w.follows(engine) {
		return nil, eventlog.Position{}, fmt.Errorf("the server keeps %s up to date already", engine)
	}
	if err := engine.checkFolder(); err != nil {
		return nil, eventlog.Position{}, err
	}
	store, err := engine.openFilled(ctx, func(store projections.MetadataStore) (bool, error) { return w.fillUntil(ctx, store, until) })
	if err != nil {
		return nil, eventlog.Position{}, err
	}
	total := w.log.Head().Seq
	if until.Seq > 0 {
		total = min(total, until.Seq)
	}
	position, err := projections.Replay(ctx, w.source(), store, until, func(p eventlog.Position) {
		w.out.Progress(control.Progress{Done: p.Seq, Total: total, Unit: "commits"})
	})
	if err != nil {
		return nil, position, errors.Join(err, store.Close())
	}
	fmt.Fprintf(w.out, "%s has the metadata as of %v\n", engine, position)
	if until.Seq > 0 && position.Seq > until.Seq {
		return nil, position, errors.Join(fmt.Errorf("that is beyond commit %d: choose another place", until.Seq), store.Close())
	}
	return store, position, nil
}

// fillUntil fills a new store with the newest snapshot, if it has nothing beyond until, and tells whether it did.
func (w *work) fillUntil(ctx context.Context, store projections.MetadataStore, until projections.Until) (bool, error) {
	newest, err := w.newestSnapshot(ctx)
	if newest == nil || err != nil {
		return false, err
	}
	if until.Seq > 0 && newest.Position.Seq > until.Seq || !until.Time.IsZero() && newest.Taken.After(until.Time) {
		return false, nil
	}
	fmt.Fprintf(w.out, "Beginning with the snapshot as of %v\n", newest.Position)
	return true, newest.Load(ctx, store)
}
