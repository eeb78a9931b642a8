package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/snapshot"
)

const (
	// keptSnapshots is how many snapshots are kept. One is enough, because each is verified before the one before it goes;
	// more would keep the blobs of what was deleted since for longer.
	keptSnapshots = 1

	// It is looked whether a snapshot is due, or something is to be trimmed, at a tenth of their interval, within these
	// bounds.
	minMaintenance = time.Second
	maxMaintenance = time.Minute
)

// newestSnapshot returns the newest snapshot that is of the log; nil if there is none.
func (p *parts) newestSnapshot(ctx context.Context) (*snapshot.Snapshot, error) {
	if p.snapshots == nil {
		return nil, nil
	}
	list, err := p.snapshots.List(ctx)
	if err != nil {
		return nil, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		reader, err := p.log.Read(ctx, list[i].Position)
		if err == nil {
			reader.Close()
			return &list[i], nil
		}
		// The log may have been repaired up to an earlier commit.
		if _, other := errors.AsType[*eventlog.PositionError](err); !other {
			return nil, err
		}
	}
	return nil, nil
}

// maintain takes snapshots and trims the log, from time to time, until ctx ends.
func (n *node) maintain(ctx context.Context) {
	tick := time.NewTicker(min(max(n.config.Snapshot.Interval/10, minMaintenance), maxMaintenance))
	defer tick.Stop()
	retry := n.out.retry(retrySnapshots)
	for {
		if err := n.maintainOnce(ctx); err != nil && ctx.Err() == nil {
			retry(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (n *node) maintainOnce(ctx context.Context) error {
	if n.snapshots == nil {
		return nil
	}
	newest, err := n.takeIfDue(ctx)
	if err != nil || newest == nil {
		return err
	}
	position, err := n.serving().store.Position(ctx)
	if err != nil {
		return err
	}
	archived := n.archiver.current()
	retention := archive.Retention{Age: n.config.Log.Retention.Age, Bytes: int64(n.config.Log.Retention.Bytes)}
	if archived == nil || retention == (archive.Retention{}) {
		return nil
	}
	limit := newest.Position
	if position.Seq < limit.Seq {
		limit = position
	}
	trimmed, err := archived.Trim(ctx, n.log, retention, limit, time.Now())
	if !trimmed.IsZero() {
		n.out.Info().Uint64("commit", trimmed.Seq).Msg("trimmed the event log up to a commit")
	}
	return err
}

// takeIfDue takes a snapshot if the newest is old enough and the store has changed since. It returns the newest then, nil
// if there is none.
func (n *node) takeIfDue(ctx context.Context) (*snapshot.Snapshot, error) {
	newest, err := n.newestSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	position, err := n.serving().store.Position(ctx)
	interval := n.config.Snapshot.Interval
	switch {
	case err != nil:
		return newest, err
	case interval == 0 || position.IsZero():
		return newest, nil
	case newest != nil && (newest.Position == position || time.Since(newest.Taken) < interval):
		return newest, nil
	}
	taken, err := n.snapshots.Take(ctx, n.serving().store, keptSnapshots)
	return &taken, err
}

// restorable tells when the oldest snapshot was taken, zero if there is none.
func (p *parts) restorable(ctx context.Context) (time.Time, error) {
	if p.snapshots == nil {
		return time.Time{}, nil
	}
	list, err := p.snapshots.List(ctx)
	if err != nil || len(list) == 0 {
		return time.Time{}, err
	}
	return list[0].Taken, nil
}

// fill fills a new store from the newest snapshot, if there is one, and tells whether it did. What it lacks comes from the
// log.
func (p *parts) fill(ctx context.Context, store projections.MetadataStore, out output) (bool, error) {
	newest, err := p.newestSnapshot(ctx)
	if newest == nil || err != nil {
		return false, err
	}
	out.Info().Uint64("commit", newest.Position.Seq).Msg("filling the metadata from a snapshot")
	if err := newest.Load(ctx, store); err != nil {
		return false, fmt.Errorf("fill the metadata: %w", err)
	}
	return true, nil
}
