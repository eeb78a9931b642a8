package main

import (
	"context"
	"time"

	"github.com/bleepstore/bleepstore/api/metrics"
	"github.com/bleepstore/bleepstore/backends/cache"
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
	retryCount     = "count"     // to count objects
)

// countRetry is how long after a failure it is tried again to count objects.
const countRetry = time.Minute

// count counts the objects, so that the service knows from then on how many there are.
func (n *node) count(ctx context.Context) {
	retry := n.out.retry(retryCount)
	for {
		err := n.service.Count(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		retry(err)
		select {
		case <-time.After(countRetry):
		case <-ctx.Done():
			return
		}
	}
}

// sources are what the metrics are asked of.
func (n *node) sources() metrics.Sources {
	return metrics.Sources{
		Ready: n.ready, Log: n.log, Followers: n.logFollowers, Totals: n.service.Totals, Archived: n.archived, Cache: n.cacheStats,
	}
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
