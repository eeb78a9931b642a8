// Package metrics counts what a server does, and shows it to Prometheus. README.md says what there is, what it means, and what
// to be woken up for.
//
// Packages below know nothing of Prometheus. What happens often is told to the methods of Metrics as it happens; what can be
// asked for is asked for at each scrape, of Sources.
package metrics

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bleepstore/bleepstore/eventlog"
)

// maxScrapes is how many scrapes may be under way. Further ones are answered with 503.
const maxScrapes = 4

// Metrics are the metrics of a server. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *requests
	log      logMetrics
	retries  *prometheus.CounterVec
}

// New makes the metrics of a server that has done nothing yet. Version is that of the program.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: newRequests(),
		log:      newLogMetrics(),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bleepstore_retries_total",
			Help: "What failed for a reason that may pass and is tried again, by the part of the server.",
		}, []string{"part"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "bleepstore_build_info",
		Help:        "1, with the version of the program and of Go as labels.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build, m.retries,
	)
	m.registry.MustRegister(m.requests.all()...)
	m.registry.MustRegister(m.log.commits, m.log.events, m.log.seconds)
	return m
}

// Handler is the page of the metrics, in the text format of Prometheus or, if the client prefers it, OpenMetrics. What cannot
// be asked for at the moment is missing from it.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true, MaxRequestsInFlight: maxScrapes,
	})
}

// Retries returns what counts that something is tried again by a part of the server, whose name is one of few.
func (m *Metrics) Retries(part string) (retried func()) { return m.retries.WithLabelValues(part).Inc }

// logMetrics are about appends to the log.
type logMetrics struct {
	commits         prometheus.Counter
	events, seconds prometheus.Histogram
}

func newLogMetrics() logMetrics {
	return logMetrics{
		commits: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bleepstore_log_commits_total",
			Help: "Commits that this process has appended to the event log.",
		}),
		events: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "bleepstore_log_events_per_commit",
			Help:    "Events in each commit: how many of those who wait for the disk share one fsync.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11), // up to eventlog.MaxCommitEvents
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "bleepstore_log_append_seconds",
			Help:    "Time of one durable append to the event log, which is one write and one fsync.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16), // 0.1 ms to 3.3 s
		}),
	}
}

// Appended counts a commit. It is an eventlog.Config's Appended.
func (m *Metrics) Appended(a eventlog.Appended) {
	m.log.commits.Inc()
	m.log.events.Observe(float64(a.Events))
	m.log.seconds.Observe(a.Took.Seconds())
}
