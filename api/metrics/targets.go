package metrics

import "github.com/prometheus/client_golang/prometheus"

// Target is a target of notifications.
type Target struct {
	Name          string
	Delivered     uint64 // messages that it has taken since the process began
	Waiting, Dead int64  // messages
}

var (
	delivered = desc("bleepstore_notifications_delivered_total", "Notifications that a target has taken.", "target")
	waiting   = desc("bleepstore_notifications_waiting", "Notifications that a target has not taken yet, of the commits that were read for it.", "target")
	dead      = desc("bleepstore_notifications_dead_letters", "Notifications that could not be delivered and wait for somebody to decide.", "target")
)

func (w watcher) targets(ch chan<- prometheus.Metric) {
	if w.Targets == nil {
		return
	}
	for _, t := range w.Targets() {
		ch <- prometheus.MustNewConstMetric(delivered, prometheus.CounterValue, float64(t.Delivered), t.Name)
		ch <- prometheus.MustNewConstMetric(waiting, prometheus.GaugeValue, float64(t.Waiting), t.Name)
		ch <- prometheus.MustNewConstMetric(dead, prometheus.GaugeValue, float64(t.Dead), t.Name)
	}
}
