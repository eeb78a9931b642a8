package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/api/metrics"
	"github.com/bleepstore/bleepstore/backends/cache"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
)

// The parts of the server that try again what failed; further engines are parts by their names.
const (
	retryMetadata  = "metadata"  // the engine that serves at the start
	retryCache     = "cache"     // the folder of storage.cache
	retryArchive   = "archive"   // to archive the log
	retrySnapshots = "snapshots" // to take a snapshot, or to trim the log
	retryExpiry    = "expiry"    // to abort uploads that are too old
	retryGarbage   = "garbage"   // to delete blobs that nothing names any more
	retrySweep     = "sweep"     // to delete blobs that nothing ever named
	retryCount     = "count"     // to count objects and garbage
)

// countRetry is how long after a failure it is tried again to count objects.
const countRetry = time.Minute

// notice tells one who waits for it that something has happened since.
type notice chan struct{}

func (n notice) tell() {
	select {
	case n <- struct{}{}:
	default: // it was told already
	}
}

// count counts, until ctx ends, what is not known yet: once the objects, and the garbage of each engine that comes to serve.
func (n *node) count(ctx context.Context) {
	retry := n.out.retry(retryCount)
	for {
		serving := n.serving()
		err := errors.Join(n.service.Count(ctx), serving.garbage.Count(ctx, serving.store.Snapshot, projections.CountGarbage))
		var again <-chan time.Time
		if err != nil && ctx.Err() == nil {
			retry(err)
			again = time.After(countRetry)
		}
		select {
		case <-again:
		case <-n.tookOver:
		case <-ctx.Done():
			return
		}
	}
}

// resumeTotals goes on with the numbers of objects that the last process kept. Where it could not, they are counted.
func (n *node) resumeTotals(ctx context.Context) {
	folder, err := files.OpenDir(n.config.TotalsDir())
	if err != nil {
		n.out.Warn().Err(err).Msg("objects are counted again")
		return
	}
	totals, found, err := projections.Kept(ctx, folder, n.log.Head())
	switch {
	case err != nil:
		n.out.Warn().Err(err).Msg("objects are counted again")
	case found:
		n.service.ResumeTotals(totals)
	}
}

// keepTotals keeps the numbers of objects for the next process, so that it need not read all of them. No command is under way
// any more.
func (n *node) keepTotals() error {
	totals, known := n.service.Totals()
	if !known {
		return nil
	}
	folder, err := files.OpenDir(n.config.TotalsDir())
	if err != nil {
		return fmt.Errorf("keep the numbers of objects: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return projections.Keep(ctx, folder, n.log.Head(), totals)
}

// garbage is what waits to be deleted, as the engine that serves has it.
func (n *node) garbage() (projections.Totals, bool) { return n.serving().garbage.Totals() }

// sources are what the metrics are asked of.
func (n *node) sources() metrics.Sources {
	s := metrics.Sources{
		Ready: n.ready, Log: n.log, Followers: n.logFollowers, Totals: n.service.Totals, Garbage: n.garbage, Archived: n.archived, Cache: n.cacheStats,
	}
	if n.notifier != nil {
		s.Targets = n.notifyTargets
	}
	if access := n.out.watch.access; access != nil {
		s.AccessLogDropped = access.Dropped
	}
	return s
}

// notifyTargets are the targets of notifications.
func (n *node) notifyTargets() []metrics.Target {
	var list []metrics.Target
	for _, s := range n.notifier.Status() {
		list = append(list, metrics.Target{Name: s.Name, Delivered: s.Delivered, Waiting: s.Waiting, Dead: s.Dead})
	}
	return list
}

// logFollowers are those who follow the log.
func (n *node) logFollowers() []metrics.Follower {
	first := n.first.projector.Status()
	list := []metrics.Follower{{
		Name: n.first.name, Known: first.Known(), Position: first.Position.Seq, Failed: first.Err != nil,
	}}
	for _, f := range n.followers {
		following := f.Following()
		list = append(list, metrics.Follower{
			Name: f.name, Known: following.Known, Position: following.Position.Seq, Failed: following.Err != nil,
		})
	}
	if n.public != nil {
		list = append(list, metrics.Follower{
			Name: eventsName, Known: true, Position: n.public.Position().Seq, Failed: n.public.Err() != nil,
		})
	}
	if n.notifier != nil {
		for _, s := range n.notifier.Status() {
			list = append(list, metrics.Follower{Name: targetPrefix + s.Name, Known: s.Begun, Position: s.Position, Failed: s.Error != ""})
		}
	}
	return list
}

func (n *node) archived() (seq uint64, known bool) {
	archive := n.archiver.current()
	if archive == nil {
		return 0, false
	}
	return archive.Position().Seq, true
}

func (n *node) cacheStats() (cache.Stats, bool) {
	cached, is := n.blobs.InUse().(*cache.Backend)
	if !is {
		return cache.Stats{}, false
	}
	return cached.Stats(), true
}
