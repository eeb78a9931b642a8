package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/metrics"
	"github.com/bleepstore/bleepstore/api/s3"
	"github.com/bleepstore/bleepstore/backends/cache"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// scrape returns the page of metrics, as text and read by the parser of Prometheus.
func scrape(t *testing.T, m *metrics.Metrics) (string, map[string]*dto.MetricFamily) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	text := w.Body.String()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return text, families
}

// log is one with 10 commits, of two events each.
type log struct{ fails error }

func (log) First() uint64                           { return 3 }
func (log) Head() eventlog.Position                 { return eventlog.Position{Log: "log", Seq: 10} }
func (l log) Bytes(context.Context) (uint64, error) { return 1234, l.fails }
func (l log) Behind(_ context.Context, seq uint64) (eventlog.Behind, error) {
	if seq == 10 || l.fails != nil {
		return eventlog.Behind{}, l.fails
	}
	return eventlog.Behind{Commits: 10 - seq, Events: 2 * (10 - seq), Since: time.Now().Add(-time.Minute)}, nil
}

// sources are those of a server that has all parts.
func sources() metrics.Sources {
	return metrics.Sources{
		Ready: func() error { return nil },
		Log:   log{},
		Followers: func() []metrics.Follower {
			return []metrics.Follower{
				{Name: "pebble", Known: true, Position: 10},
				{Name: "sqlite", Known: true, Position: 7, Failed: true},
				{Name: "dynamodb", Failed: true},
			}
		},
		Totals:   func() (projections.Totals, bool) { return projections.Totals{Buckets: 2, Objects: 3, Bytes: 400}, true },
		Garbage:  func() (projections.Totals, bool) { return projections.Totals{Garbage: 8, GarbageBytes: 900}, true },
		Archived: func() (uint64, bool) { return 9, true },
		Cache:    func() (cache.Stats, bool) { return cache.Stats{Hits: 5, Misses: 6, Bytes: 700}, true },
		Targets:  func() []metrics.Target { return []metrics.Target{{Name: "hook", Delivered: 13, Waiting: 14, Dead: 15}} },

		AccessLogDropped: func() uint64 { return 12 },
	}
}

// request is a request that has ended.
func request(method, path, operation string, status int, failure *api.Error) s3.Request {
	return s3.Request{
		HTTP: httptest.NewRequest(method, "/", nil), Operation: operation, Path: path, Status: status, Error: failure,
		Received: 100, Sent: 1000, Duration: 20 * time.Millisecond,
	}
}

// busy are the metrics of a server that has done something of everything.
func busy() *metrics.Metrics {
	m := metrics.New("1.2.3")
	m.Watch(sources())
	m.Request(request("GET", "/{bucket}/{key}", "GetObject", 200, nil))
	m.Request(request("GET", "/{bucket}/{key}", "GetObject", 304, api.NewError(api.NotModified)))
	m.Request(request("GET", "/{bucket}/{key}", "GetObject", 404, api.NewError(api.NoSuchKey)))
	m.Request(request("GET", "/{bucket}/{key}", "GetObject", 200, api.NewError(api.InternalError)))
	m.Request(request("GET", "/{bucket}", "", 501, api.NewError(api.NotImplemented)))
	m.Request(request("BREW", "/{bucket}", "", 405, api.NewError(api.MethodNotAllowed)))
	m.Appended(eventlog.Appended{Events: 3, Bytes: 1000, Took: 3 * time.Millisecond})
	m.Retries("archive")()
	return m
}

func TestValues(t *testing.T) {
	text, _ := scrape(t, busy())
	for _, line := range []string{
		`bleepstore_build_info{goversion="go`,
		`version="1.2.3"} 1`,
		`bleepstore_http_requests_total{method="GET",path="/{bucket}/{key}",status="200"} 2`,
		`bleepstore_http_requests_total{method="GET",path="/{bucket}/{key}",status="304"} 1`,
		`bleepstore_http_requests_total{method="other",path="/{bucket}",status="405"} 1`,
		`bleepstore_http_request_duration_seconds_count{method="GET",path="/{bucket}/{key}"} 4`,
		`bleepstore_http_request_duration_seconds_bucket{method="GET",path="/{bucket}/{key}",le="0.01"} 0`,
		`bleepstore_http_request_duration_seconds_bucket{method="GET",path="/{bucket}/{key}",le="0.025"} 4`,
		`bleepstore_http_request_size_bytes_sum{method="GET",path="/{bucket}"} 100`,
		`bleepstore_http_response_size_bytes_sum{method="GET",path="/{bucket}"} 1000`,
		`bleepstore_http_requests_in_flight 0`,
		`bleepstore_s3_operations_total{operation="GetObject",status="success"} 2`,
		`bleepstore_s3_operations_total{operation="GetObject",status="client_error"} 1`,
		`bleepstore_s3_operations_total{operation="GetObject",status="server_error"} 1`,
		`bleepstore_s3_operations_total{operation="other",status="client_error"} 2`,
		`bleepstore_bytes_received_total 600`,
		`bleepstore_bytes_sent_total 6000`,
		`bleepstore_buckets_total 2`,
		`bleepstore_objects_total 3`,
		`bleepstore_object_bytes 400`,
		`bleepstore_garbage_blobs 8`,
		`bleepstore_garbage_bytes 900`,
		`bleepstore_log_commits_total 1`,
		`bleepstore_log_events_per_commit_sum 3`,
		`bleepstore_log_append_seconds_sum 0.003`,
		`bleepstore_log_head_position 10`,
		`bleepstore_log_first_position 3`,
		`bleepstore_log_bytes 1234`,
		`bleepstore_projection_position{projection="sqlite"} 7`,
		`bleepstore_projection_lag_commits{projection="sqlite"} 3`,
		`bleepstore_projection_lag_events{projection="sqlite"} 6`,
		`bleepstore_projection_lag_seconds{projection="sqlite"} 60.`,
		`bleepstore_projection_lag_seconds{projection="pebble"} 0`,
		`bleepstore_projection_up{projection="pebble"} 1`,
		`bleepstore_projection_up{projection="dynamodb"} 0`,
		`bleepstore_notifications_delivered_total{target="hook"} 13`,
		`bleepstore_notifications_waiting{target="hook"} 14`,
		`bleepstore_notifications_dead_letters{target="hook"} 15`,
		`bleepstore_archive_position 9`,
		`bleepstore_cache_hits_total 5`,
		`bleepstore_cache_misses_total 6`,
		`bleepstore_cache_bytes 700`,
		`bleepstore_access_log_dropped_total 12`,
		`bleepstore_retries_total{part="archive"} 1`,
		`bleepstore_ready 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("there is no %s in\n%s", line, text)
		}
	}
}

// What is not known is missing: nobody may take it for 0.
func TestWhatIsNotKnownIsMissing(t *testing.T) {
	s := sources()
	s.Ready = func() error { return errors.New("starting") }
	s.Log = log{fails: context.DeadlineExceeded}
	s.Totals = func() (projections.Totals, bool) { return projections.Totals{}, false }
	s.Garbage = s.Totals
	s.Archived = func() (uint64, bool) { return 0, false }
	s.Cache = func() (cache.Stats, bool) { return cache.Stats{}, false }
	m := metrics.New("1.2.3")
	m.Watch(s)
	text, _ := scrape(t, m)
	for _, name := range []string{"objects_total", "buckets_total", "object_bytes", "garbage", "log_bytes", "lag", "archive", "cache", `position{projection="dynamodb"`} {
		if strings.Contains(text, "bleepstore_"+name) || strings.Contains(text, "bleepstore_projection_"+name) {
			t.Errorf("%s is told:\n%s", name, text)
		}
	}
	for _, line := range []string{"bleepstore_ready 0", "bleepstore_log_head_position 10", `bleepstore_projection_position{projection="sqlite"} 7`} {
		if !strings.Contains(text, line) {
			t.Errorf("there is no %s in\n%s", line, text)
		}
	}
}

func TestRequestsInFlight(t *testing.T) {
	m := metrics.New("1.2.3")
	during := ""
	handler := m.InFlight(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { during, _ = scrape(t, m) }))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	after, _ := scrape(t, m)
	if !strings.Contains(during, "bleepstore_http_requests_in_flight 1") || !strings.Contains(after, "bleepstore_http_requests_in_flight 0") {
		t.Errorf("during the request:\n%s\nafter it:\n%s", during, after)
	}
}

// oddNames are gauges whose names end like those of counters, because BleepStore has promised them so.
var oddNames = []string{"bleepstore_buckets_total", "bleepstore_objects_total"}

func TestLint(t *testing.T) {
	text, _ := scrape(t, busy())
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	var odd []string
	for _, p := range problems {
		if slices.Contains(oddNames, p.Metric) && strings.Contains(p.Text, `"_total" suffix`) {
			odd = append(odd, p.Metric)
			continue
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if !slices.Equal(odd, oddNames) {
		t.Errorf("of %v only %v need an exception", oddNames, odd)
	}
}

func TestOpenMetrics(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	busy().Handler().ServeHTTP(w, r)
	if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/openmetrics-text") || !strings.HasSuffix(w.Body.String(), "# EOF\n") {
		t.Errorf("%s:\n%s", kind, w.Body)
	}
}

// row is one of the table of README.md: name, type and labels.
var row = regexp.MustCompile("(?m)^\\| `(bleepstore_\\w+)` \\| (\\w+) \\|([^|]*)\\|")

func TestReadmeHasAllMetrics(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, families := scrape(t, busy())
	inReadme := make(map[string]bool)
	for _, m := range row.FindAllStringSubmatch(string(readme), -1) {
		name, kind, labels := m[1], m[2], strings.ReplaceAll(m[3], "`", "")
		inReadme[name] = true
		family := families[name]
		if family == nil {
			t.Errorf("README.md has %s, which is not exposed", name)
			continue
		}
		if got := strings.ToLower(family.GetType().String()); got != kind {
			t.Errorf("README.md has %s as %s, and it is a %s", name, kind, got)
		}
		var names []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			names = append(names, label.GetName())
		}
		want := strings.FieldsFunc(labels, func(r rune) bool { return r == ',' || r == ' ' })
		slices.Sort(want)
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("README.md has %s with the labels %v, and it has %v", name, want, names)
		}
	}
	for name := range families {
		if strings.HasPrefix(name, "bleepstore_") && !inReadme[name] {
			t.Errorf("%s is not in README.md", name)
		}
	}
	if len(inReadme) == 0 {
		t.Error("README.md has no table")
	}
}
