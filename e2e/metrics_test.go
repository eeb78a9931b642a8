package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics are what a server tells Prometheus.
type metrics map[string]*dto.MetricFamily

func (s *server) metrics(t testing.TB) metrics {
	t.Helper()
	page := s.page(t, "/metrics")
	want(t, "status of /metrics", page.status, 200)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page.body))
	if err != nil {
		t.Fatalf("%v in\n%s", err, page.body)
	}
	return families
}

// sum adds up the values, or the counts, of a metric where labels, "name=value", are those, and tells whether there are any.
func (m metrics) sum(name string, labels ...string) (float64, bool) {
	sum, found := 0.0, false
	for _, metric := range m[name].GetMetric() {
		has := make(map[string]bool)
		for _, label := range metric.GetLabel() {
			has[label.GetName()+"="+label.GetValue()] = true
		}
		matches := true
		for _, label := range labels {
			matches = matches && has[label]
		}
		if matches {
			found = true
			sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	return sum, found
}

func (m metrics) want(t testing.TB, value float64, name string, labels ...string) {
	t.Helper()
	if got, found := m.sum(name, labels...); !found || got != value {
		t.Errorf("%s %v is %v (there: %t), want %v", name, labels, got, found, value)
	}
}

// wantTotals checks what a server says that there is.
func wantTotals(t testing.TB, s *server, buckets, objects, size int) {
	t.Helper()
	m := s.metrics(t)
	m.want(t, float64(buckets), "bleepstore_buckets_total")
	m.want(t, float64(objects), "bleepstore_objects_total")
	m.want(t, float64(size), "bleepstore_object_bytes")
}

// wantGarbage checks what a server says that waits to be deleted.
func wantGarbage(t testing.TB, s *server, blobs, size int) {
	t.Helper()
	m := s.metrics(t)
	m.want(t, float64(blobs), "bleepstore_garbage_blobs")
	m.want(t, float64(size), "bleepstore_garbage_bytes")
}

// eventuallyCounted waits until a server that has started has counted what there is.
func eventuallyCounted(t testing.TB, s *server) {
	t.Helper()
	eventually(t, "objects and garbage are counted", func() error {
		m := s.metrics(t)
		for _, name := range []string{"bleepstore_objects_total", "bleepstore_garbage_blobs"} {
			if _, known := m.sum(name); !known {
				return fmt.Errorf("%s is not known", name)
			}
		}
		return nil
	})
}

// What is counted of objects is exact after each change, after stops and crashes, and whichever engine serves.
func TestMetricsOfObjects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, dynamodb := countRequests(t)
	o := options{dir: dir, env: append(dynamodb.at(dir), "BLEEPSTORE_PROJECTIONS=sqlite,dynamodb")}
	s := startServer(t, o)
	c := s.client()
	eventuallyCounted(t, s)
	wantTotals(t, s, 0, 0, 0)

	plain, kept := newBucket(t, c), newBucket(t, c)
	wantTotals(t, s, 2, 0, 0)
	put(t, c, plain, "a", make([]byte, 100))
	put(t, c, plain, "b", nil)
	wantTotals(t, s, 2, 2, 100)
	put(t, c, plain, "a", make([]byte, 30)) // instead of the one before
	wantTotals(t, s, 2, 2, 30)
	wantGarbage(t, s, 1, 100)
	if _, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &plain, Key: aws.String("c"), CopySource: copySource(plain, "a")}); err != nil {
		t.Fatal(err)
	}
	u := newUpload(t, c, plain, "b")
	part, err := u.part(1, make([]byte, 1000))
	if err != nil {
		t.Fatal(err)
	}
	wantTotals(t, s, 2, 3, 60) // an upload is no object
	if _, err := u.complete(part); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, s, 2, 3, 1060)

	setVersioning(t, c, kept, types.BucketVersioningStatusEnabled)
	put(t, c, kept, "v", make([]byte, 7))
	put(t, c, kept, "v", make([]byte, 8))
	wantTotals(t, s, 2, 4, 1068)
	marker, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &kept, Key: aws.String("v")})
	if err != nil {
		t.Fatal(err)
	}
	wantTotals(t, s, 2, 3, 1060)
	if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &kept, Key: aws.String("v"), VersionId: marker.VersionId}); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, s, 2, 4, 1068)

	s.stop(t)
	s = startServer(t, o)
	c = s.client()
	eventuallyCounted(t, s)
	wantTotals(t, s, 2, 4, 1068)
	for i, engine := range []string{"sqlite", "dynamodb"} {
		s.takeOver(t, engine)
		wantTotals(t, s, 2, 4+i, 1068+i)
		put(t, c, plain, engine, make([]byte, 1))
	}
	wantTotals(t, s, 2, 6, 1070)
	eventuallyCounted(t, s)
	wantGarbage(t, s, 2, 100) // an empty object has a blob too
	if _, err := deleteKeys(t, c, plain, []string{"a", "b", "none", "sqlite"}, true); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, s, 2, 3, 39)
	wantGarbage(t, s, 4, 1101) // the blob of a is that of c too
	s.kill()
	s = startServer(t, o)
	eventuallyCounted(t, s)
	wantTotals(t, s, 2, 3, 39)
	wantGarbage(t, s, 4, 1101)
	s.stop(t)
}

func TestMetricsOfRequests(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "key", make([]byte, 1000))
	for range 3 {
		get(t, c, bucket, "key")
	}
	_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("none")})
	wantError(t, err, 404, "NoSuchKey")
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/health", "/_/v1/projections"} {
		s.page(t, path) // which does not count
	}
	want(t, "status of HEAD /metrics", s.exchange(t, mustRequest(t, http.MethodHead, s.endpoint+"/metrics")).status, 200)
	want(t, "status of BREW", s.roundTrip(t, mustRequest(t, "BREW", s.endpoint+"/"+bucket)).status, 405)

	m := s.metrics(t)
	m.want(t, 3, "bleepstore_http_requests_total", "method=GET", "path=/{bucket}/{key}", "status=200")
	m.want(t, 1, "bleepstore_http_requests_total", "method=GET", "path=/{bucket}/{key}", "status=404")
	m.want(t, 1, "bleepstore_http_requests_total", "method=other", "path=/{bucket}", "status=405")
	m.want(t, 7, "bleepstore_http_requests_total")
	m.want(t, 7, "bleepstore_http_request_duration_seconds")
	m.want(t, 3, "bleepstore_s3_operations_total", "operation=GetObject", "status=success")
	m.want(t, 1, "bleepstore_s3_operations_total", "operation=GetObject", "status=client_error")
	m.want(t, 1, "bleepstore_s3_operations_total", "operation=PutObject")
	m.want(t, 1000, "bleepstore_bytes_received_total")
	if sent, _ := m.sum("bleepstore_bytes_sent_total"); sent < 3000 || sent > 5000 {
		t.Errorf("%v bytes were sent", sent)
	}
	m.want(t, 0, "bleepstore_http_requests_in_flight")
	m.want(t, 2, "bleepstore_log_commits_total") // of the bucket and the object
	m.want(t, 2, "bleepstore_log_append_seconds")
	m.want(t, 2, "bleepstore_log_events_per_commit")
	m.want(t, 2, "bleepstore_log_head_position")
	m.want(t, 1, "bleepstore_log_first_position")
	m.want(t, 1, "bleepstore_ready")
	if page := s.page(t, "/metrics").body; bytes.Contains(page, []byte(bucket)) {
		t.Errorf("a bucket is named:\n%s", page)
	}
	eventually(t, "the log is archived", func() error {
		if at, _ := s.metrics(t).sum("bleepstore_archive_position"); at != 2 {
			return fmt.Errorf("up to %v", at)
		}
		return nil
	})
	s.stop(t)
}

// An engine that cannot be reached is behind, and grows older, while another one is up to date.
func TestMetricsOfProjections(t *testing.T) {
	t.Parallel()
	cloud, dynamodb := countRequests(t)
	dir := t.TempDir()
	s := startServer(t, options{dir: dir, env: append(dynamodb.at(dir), "BLEEPSTORE_PROJECTIONS=dynamodb")})
	c := s.client()
	bucket := newBucket(t, c)
	lag := func(what, engine string) float64 {
		value, _ := s.metrics(t).sum("bleepstore_projection_lag_"+what, "projection="+engine)
		return value
	}
	eventually(t, "dynamodb is up to date", func() error {
		if at, known := s.metrics(t).sum("bleepstore_projection_position", "projection=dynamodb"); !known || at != 1 {
			return fmt.Errorf("it is at %v", at)
		}
		return nil
	})
	m := s.metrics(t)
	for _, what := range []string{"commits", "events", "seconds"} {
		m.want(t, 0, "bleepstore_projection_lag_"+what, "projection=dynamodb")
	}
	cloud.away.Store(true)
	for i := range 5 {
		put(t, c, bucket, fmt.Sprint(i), nil)
	}
	var keys []string
	for i := range 5 {
		keys = append(keys, fmt.Sprint(i))
	}
	if _, err := deleteKeys(t, c, bucket, keys, true); err != nil { // in one commit
		t.Fatal(err)
	}
	want(t, "commits that dynamodb lacks", lag("commits", "dynamodb"), 6)
	want(t, "events that dynamodb lacks", lag("events", "dynamodb"), 10)
	want(t, "commits that pebble lacks", lag("commits", "pebble"), 0)
	want(t, "seconds that pebble is behind", lag("seconds", "pebble"), 0)
	before := lag("seconds", "dynamodb")
	eventually(t, "the age grows", func() error {
		if now := lag("seconds", "dynamodb"); before == 0 || now <= before+0.5 {
			return fmt.Errorf("%v seconds, and %v before", now, before)
		}
		return nil
	})
	eventually(t, "retries are counted", func() error {
		if n, _ := s.metrics(t).sum("bleepstore_retries_total", "part=dynamodb"); n == 0 {
			return fmt.Errorf("there are none")
		}
		return nil
	})
	cloud.away.Store(false)
	eventually(t, "dynamodb catches up", func() error {
		if n := lag("commits", "dynamodb"); n != 0 {
			return fmt.Errorf("it lacks %v commits", n)
		}
		return nil
	})
	s.stop(t)
}

// A cache tells what it was good for.
func TestMetricsOfTheCache(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: append(startOurs(t).settings, "BLEEPSTORE_STORAGE_CACHE_SIZE=100MiB")})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "key", make([]byte, 1000))
	for range 4 {
		get(t, c, bucket, "key")
	}
	m := s.metrics(t)
	m.want(t, 1, "bleepstore_cache_misses_total")
	m.want(t, 3, "bleepstore_cache_hits_total")
	if size, _ := m.sum("bleepstore_cache_bytes"); size < 1000 {
		t.Errorf("the cache has %v bytes", size)
	}
	s.stop(t)
}

func mustRequest(t testing.TB, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
