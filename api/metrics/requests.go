package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bleepstore/bleepstore/api/s3"
)

// other is the method, or the operation, of a request that has none that the server knows.
const other = "other"

// What comes of an operation.
const (
	success     = "success"
	clientError = "client_error"
	serverError = "server_error"
)

// requests are about requests of S3.
type requests struct {
	inFlight                         prometheus.Gauge
	total, operations                *prometheus.CounterVec
	seconds, requestSize, answerSize *prometheus.HistogramVec
	received, sent                   prometheus.Counter
	kinds                            kinds
}

func newRequests() *requests {
	ofPath := []string{"method", "path"}
	sizes := prometheus.ExponentialBuckets(256, 8, 9) // 256 bytes to 4 GiB
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, ofPath)
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return &requests{
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "bleepstore_http_requests_in_flight", Help: "S3 requests that are being answered.",
		}),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bleepstore_http_requests_total", Help: "S3 requests that were answered, by method, form of the path, and status.",
		}, []string{"method", "path", "status"}),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bleepstore_s3_operations_total",
			Help: "Operations, named as in S3's API reference, by what came of them: success, client_error or server_error.",
		}, []string{"operation", "status"}),
		seconds: histogram("bleepstore_http_request_duration_seconds", "Time from the header of a request to the end of its answer.",
			[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}),
		requestSize: histogram("bleepstore_http_request_size_bytes", "Bytes of the bodies of requests, as far as they were read.", sizes),
		answerSize:  histogram("bleepstore_http_response_size_bytes", "Bytes of the bodies of answers, as far as they were sent.", sizes),
		received: counter("bleepstore_bytes_received_total",
			"Bytes of the bodies of requests that were read, without the framing of aws-chunked."),
		sent: counter("bleepstore_bytes_sent_total", "Bytes of the bodies of answers that were sent."),
	}
}

func (r *requests) all() []prometheus.Collector {
	return []prometheus.Collector{
		r.inFlight, r.total, r.operations, r.seconds, r.requestSize, r.answerSize, r.received, r.sent,
	}
}

// InFlight counts the requests that next is answering.
func (m *Metrics) InFlight(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerInFlight(m.requests.inFlight, next)
}

// Request counts a request. It is an s3.Config's Observe. The values of labels are few, whatever clients send.
func (m *Metrics) Request(r s3.Request) {
	method, operation := methodOf(r.HTTP.Method), r.Operation
	if operation == "" {
		operation = other
	}
	of := m.requests.kinds.of(kind{method, r.Path, operation, outcome(&r), r.Status}, m.requests.of)
	of.total.Inc()
	of.operations.Inc()
	of.seconds.Observe(r.Duration.Seconds())
	of.requestSize.Observe(float64(r.Received))
	of.answerSize.Observe(float64(r.Sent))
	m.requests.received.Add(float64(r.Received))
	m.requests.sent.Add(float64(r.Sent))
}

func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodOptions:
		return method
	}
	return other
}

// outcome tells what came of an operation. An answer that broke off counts by why it did. To ask for what there is not in this
// server is an error of the client, though S3's status for that is 501.
func outcome(r *s3.Request) string {
	if r.Error == nil {
		return success
	}
	switch status := r.Error.Code.Status(); {
	case status < http.StatusBadRequest: // not modified
		return success
	case status < http.StatusInternalServerError || status == http.StatusNotImplemented:
		return clientError
	}
	return serverError
}
