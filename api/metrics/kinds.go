package metrics

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// kind is what requests have in common that are counted by the same metrics.
type kind struct {
	method, path, operation, outcome string
	status                           int
}

// kindMetrics are the metrics of requests of a kind.
type kindMetrics struct {
	total, operations                prometheus.Counter
	seconds, requestSize, answerSize prometheus.Observer
}

// kinds has the metrics of each kind that there was. To find them anew takes longer for each request than to count it.
type kinds struct {
	found  atomic.Pointer[map[kind]*kindMetrics] // replaced, never changed; nil at the beginning
	adding sync.Mutex
}

// of returns the metrics of a kind, which find finds where there is no other of its kind yet.
func (k *kinds) of(of kind, find func(kind) *kindMetrics) *kindMetrics {
	if found := k.found.Load(); found != nil && (*found)[of] != nil {
		return (*found)[of]
	}
	k.adding.Lock()
	defer k.adding.Unlock()
	next := make(map[kind]*kindMetrics)
	if found := k.found.Load(); found != nil {
		maps.Copy(next, *found)
	}
	if next[of] == nil {
		next[of] = find(of)
	}
	k.found.Store(&next)
	return next[of]
}

// of finds the metrics of a kind.
func (r *requests) of(k kind) *kindMetrics {
	return &kindMetrics{
		total:       r.total.WithLabelValues(k.method, k.path, strconv.Itoa(k.status)),
		operations:  r.operations.WithLabelValues(k.operation, k.outcome),
		seconds:     r.seconds.WithLabelValues(k.method, k.path),
		requestSize: r.requestSize.WithLabelValues(k.method, k.path),
		answerSize:  r.answerSize.WithLabelValues(k.method, k.path),
	}
}
