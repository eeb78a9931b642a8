package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bleepstore/bleepstore/backends/cache"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// askTimeout is how long a scrape waits for the log.
const askTimeout = 2 * time.Second

// Sources are what is asked at each scrape. A function that is nil, or that tells that it does not know, has its metrics left
// out. None of them waits for what is behind a network.
type Sources struct {
	Ready     func() error // nil while requests are answered
	Log       Log
	Followers func() []Follower // of the log, each with a name of its own
	Totals    func() (t projections.Totals, known bool)
	Garbage   func() (t projections.Totals, known bool)
	Archived  func() (seq uint64, known bool) // the last commit that is archived
	Cache     func() (s cache.Stats, exists bool)
	Targets   func() []Target // of notifications, each with a name of its own
	// AccessLogDropped counts the lines that the access log has lost; nil if there is none.
	AccessLogDropped func() uint64
}

// Log is an eventlog.Log.
type Log interface {
	First() uint64
	Head() eventlog.Position
	Bytes(ctx context.Context) (uint64, error)
	Behind(ctx context.Context, seq uint64) (eventlog.Behind, error)
}

// Follower is somebody who follows the log: an engine of metadata, or whoever tells others of events.
type Follower struct {
	Name     string
	Known    bool   // Position is known
	Position uint64 // the last commit that it has applied
	Failed   bool   // it does not follow the log at the moment
}

// Watch exposes what sources tell from now on. It is called once.
func (m *Metrics) Watch(s Sources) { m.registry.MustRegister(watcher{s}) }

// watcher asks sources at each scrape.
type watcher struct{ Sources }

var (
	ready = desc("bleepstore_ready", "1 while S3 requests are answered, else 0.")

	buckets     = desc("bleepstore_buckets_total", "Buckets that there are.")
	objects     = desc("bleepstore_objects_total", "Current objects that there are: delete markers and older versions do not count.")
	objectBytes = desc("bleepstore_object_bytes", "Bytes of all current objects together.")

	garbage = desc("bleepstore_garbage_blobs",
		"Blobs that nothing names any more and that wait to be deleted; a manifest and the blobs that it lists are one.")
	garbageBytes = desc("bleepstore_garbage_bytes",
		"Bytes of these blobs, without those that manifests list, and without those that an earlier version of the program freed.")

	logHead  = desc("bleepstore_log_head_position", "Sequence of the last commit of the event log.")
	logFirst = desc("bleepstore_log_first_position", "Sequence of the first commit that the event log still has.")
	logBytes = desc("bleepstore_log_bytes", "Bytes of the commits that the event log still has.")

	position   = desc("bleepstore_projection_position", "Sequence of the last commit that a projection has applied.", "projection")
	lagCommits = desc("bleepstore_projection_lag_commits", "Commits that a projection has not applied.", "projection")
	lagEvents  = desc("bleepstore_projection_lag_events", "Events that a projection has not applied; of one that is more than 16384 "+
		"commits behind, or has commits of an earlier process to apply, at least so many.", "projection")
	lagSeconds = desc("bleepstore_projection_lag_seconds", "Age of the oldest event that a projection has not applied, 0 if there is none.",
		"projection")
	up = desc("bleepstore_projection_up", "1 while a projection follows the event log, 0 while it cannot and tries again, or has given up.",
		"projection")

	archived = desc("bleepstore_archive_position", "Sequence of the last commit that is archived.")

	cacheHits   = desc("bleepstore_cache_hits_total", "Pieces of blobs of which the cache had all that was asked for.")
	cacheMisses = desc("bleepstore_cache_misses_total", "Pieces of blobs that were fetched from the storage behind the cache, wholly or in part.")
	cacheBytes  = desc("bleepstore_cache_bytes", "Bytes that the pieces in the cache count for.")

	accessLogDropped = desc("bleepstore_access_log_dropped_total",
		"Lines of the access log that are lost, because they could not be written, or not as fast as requests came.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe implements prometheus.Collector.
func (w watcher) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		ready, buckets, objects, objectBytes, garbage, garbageBytes, logHead, logFirst, logBytes, position, lagCommits, lagEvents, lagSeconds, up, archived,
		cacheHits, cacheMisses, cacheBytes, delivered, waiting, dead, accessLogDropped,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (w watcher) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value)
	}
	if w.Ready != nil {
		gauge(ready, bit(w.Ready() == nil))
	}
	if w.Totals != nil {
		if t, known := w.Totals(); known {
			gauge(buckets, float64(t.Buckets))
			gauge(objects, float64(t.Objects))
			gauge(objectBytes, float64(t.Bytes))
		}
	}
	if w.Garbage != nil {
		if t, known := w.Garbage(); known {
			gauge(garbage, float64(t.Garbage))
			gauge(garbageBytes, float64(t.GarbageBytes))
		}
	}
	if w.Log != nil {
		gauge(logHead, float64(w.Log.Head().Seq))
		gauge(logFirst, float64(w.Log.First()))
		if n, err := w.Log.Bytes(ctx); err == nil {
			gauge(logBytes, float64(n))
		}
		w.followers(ctx, gauge)
	}
	if w.Archived != nil {
		if seq, known := w.Archived(); known {
			gauge(archived, float64(seq))
		}
	}
	if w.Cache != nil {
		if s, exists := w.Cache(); exists {
			counter(cacheHits, float64(s.Hits))
			counter(cacheMisses, float64(s.Misses))
			gauge(cacheBytes, float64(s.Bytes))
		}
	}
	w.targets(ch)
	if w.AccessLogDropped != nil {
		counter(accessLogDropped, float64(w.AccessLogDropped()))
	}
}

func (w watcher) followers(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) {
	if w.Followers == nil {
		return
	}
	for _, f := range w.Followers() {
		gauge(up, bit(!f.Failed), f.Name)
		if !f.Known {
			continue
		}
		gauge(position, float64(f.Position), f.Name)
		behind, err := w.Log.Behind(ctx, f.Position)
		if err != nil {
			continue
		}
		age := 0.0
		if !behind.Since.IsZero() {
			age = max(time.Since(behind.Since).Seconds(), 0)
		}
		gauge(lagCommits, float64(behind.Commits), f.Name)
		gauge(lagEvents, float64(behind.Events), f.Name)
		gauge(lagSeconds, age, f.Name)
	}
}

func bit(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
