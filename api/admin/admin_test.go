package admin_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/api/openapi"
	"github.com/bleepstore/bleepstore/api/sigv4"
)

var errDown = errors.New("the disk is gone")

func works(context.Context) error { return nil }
func fails(context.Context) error { return errDown }

// s3 stands for the handler of all that is not a page; its status is unlike any of the pages'.
var s3 = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })

func well() admin.Config {
	return admin.Config{
		Ready:   func() error { return nil },
		Checks:  admin.Checks{Metadata: works, Storage: works, Log: works, Archive: works},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }),

		S3:          new(openapi.Document),
		Projections: func(context.Context) []admin.Projection { return nil },
		Credentials: admin.Credentials{
			Verifier:      sigv4.NewVerifier("us-east-1", secrets),
			Secrets:       secrets,
			Administrator: func(accessKey string) bool { return accessKey == "root" },
		},
	}
}

func secrets(accessKey string) (string, bool) {
	secret, ok := map[string]string{"root": "root-secret", "user": "user-secret"}[accessKey]
	return secret, ok
}

// ask asks for a page as an administrator on the same machine.
func ask(c admin.Config, method, url string) *http.Response {
	r := httptest.NewRequest(method, url, nil)
	r.RemoteAddr = "127.0.0.1:1234"
	r.SetBasicAuth("root", "root-secret")
	w := httptest.NewRecorder()
	admin.New(c, s3).ServeHTTP(w, r)
	return w.Result()
}

func TestPages(t *testing.T) {
	notReady := well()
	notReady.Ready = func() error { return errDown }
	sick := well()
	sick.Checks.Storage = fails
	virtual := well()
	virtual.Domain = "s3.example.com"

	tests := []struct {
		name   string
		config admin.Config
		method string
		url    string
		status int
	}{
		{"process is up", well(), "GET", "/healthz", 200},
		{"process is up, though not ready", notReady, "GET", "/healthz", 200},
		{"process is up, asked with HEAD", well(), "HEAD", "/healthz", 200},
		{"ready", well(), "GET", "/readyz", 200},
		{"not ready", notReady, "GET", "/readyz", 503},
		{"not ready, asked with HEAD", notReady, "HEAD", "/readyz", 503},
		{"well", well(), "GET", "/health", 200},
		{"sick", sick, "GET", "/health", 503},
		{"sick, asked with HEAD", sick, "HEAD", "/health", 503},
		{"query is no matter", well(), "GET", "/readyz?verbose", 200},

		{"administration", well(), "GET", "/_/anything", 404},
		{"root of administration", well(), "POST", "/_/", 404},
		{"administration without a slash", well(), "GET", "/_", 404},

		{"list of buckets", well(), "GET", "/", http.StatusTeapot},
		{"object", well(), "GET", "/bucket/healthz", http.StatusTeapot},
		{"bucket that begins like a page", well(), "GET", "/healthz-of-mine", http.StatusTeapot},
		{"metrics", well(), "GET", "/metrics", http.StatusAccepted},
		{"metrics, asked with HEAD", well(), "HEAD", "/metrics", http.StatusAccepted},
		{"metrics, asked with POST", well(), "POST", "/metrics", http.StatusTeapot},
		{"bucket with the name of a page", well(), "PUT", "/healthz", http.StatusTeapot},

		{"page on the domain", virtual, "GET", "http://s3.example.com/healthz", 200},
		{"page on an address", virtual, "GET", "http://127.0.0.1:9000/healthz", 200},
		{"key on a bucket's host", virtual, "GET", "http://bucket.s3.example.com/healthz", http.StatusTeapot},
		{"key on a bucket's host with a port", virtual, "GET", "http://Bucket.S3.Example.com:9000/_/x", http.StatusTeapot},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ask(test.config, test.method, test.url).StatusCode; got != test.status {
				t.Errorf("%s %s: status %d, want %d", test.method, test.url, got, test.status)
			}
		})
	}
}

// A bucket may be older than the page that has its name, and clients of S3 sign what they ask of it.
func TestSignedRequestsAreForBuckets(t *testing.T) {
	version4 := http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=root/20261128/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"}}
	version2 := http.Header{"Authorization": {"AWS root:c2lnbmF0dXJl"}}
	basic := http.Header{"Authorization": {"Basic cm9vdDpyb290LXNlY3JldA=="}}
	tests := []struct {
		name   string
		next   http.Handler
		url    string
		header http.Header
		status int
	}{
		{"list", s3, "/metrics", version4, http.StatusTeapot},
		{"list of the second version", s3, "/docs?list-type=2", version4, http.StatusTeapot},
		{"object with the name of a file of a page", s3, "/docs/docs.css", version4, http.StatusTeapot},
		{"Signature Version 2", s3, "/metrics", version2, http.StatusTeapot},
		{"presigned", s3, "/metrics?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", nil, http.StatusTeapot},
		{"presigned with Signature Version 2", s3, "/metrics?AWSAccessKeyId=root&Expires=1&Signature=00", nil, http.StatusTeapot},

		{"nobody", s3, "/metrics", nil, http.StatusAccepted},
		{"administrator", s3, "/metrics", basic, http.StatusAccepted},
		{"where there is no S3", nil, "/metrics", version4, http.StatusAccepted},
		{"administration", s3, "/_/v1/projections", version4, http.StatusForbidden},
		{"document of administration", s3, "/_/v1/openapi.json", version4, http.StatusOK},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				r := httptest.NewRequest(method, test.url, nil)
				maps.Copy(r.Header, test.header)
				w := httptest.NewRecorder()
				admin.New(well(), test.next).ServeHTTP(w, r)
				if w.Code != test.status {
					t.Errorf("%s %s: status %d, want %d", method, test.url, w.Code, test.status)
				}
			}
		})
	}
}

func TestPagesForMachinesAreEmpty(t *testing.T) {
	for _, url := range []string{"/healthz", "/readyz", "/_/x"} {
		if body := read(t, ask(well(), "GET", url)); body != "" {
			t.Errorf("%s has the body %q, want none", url, body)
		}
	}
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	sick := well()
	sick.Checks.Log = fails
	response := ask(sick, "GET", "/health")

	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type is %q, want application/json", got)
	}
	type part struct {
		Status    string   `json:"status"`
		LatencyMS *float64 `json:"latency_ms"`
		Error     string   `json:"error"`
	}
	var got struct {
		Status string          `json:"status"`
		Checks map[string]part `json:"checks"`
	}
	if err := json.UnmarshalRead(response.Body, &got); err != nil {
		t.Fatal(err)
	}
	if got.Status != "error" {
		t.Errorf("status is %q, want error", got.Status)
	}
	want := map[string]part{"metadata": {Status: "ok"}, "storage": {Status: "ok"}, "log": {Status: "error", Error: errDown.Error()}, "archive": {Status: "ok"}}
	if len(got.Checks) != len(want) {
		t.Errorf("%d checks, want %d", len(got.Checks), len(want))
	}
	for name, want := range want {
		check := got.Checks[name]
		if check.Status != want.Status || check.Error != want.Error {
			t.Errorf("check %s is %+v, want %+v", name, check, want)
		}
		if check.LatencyMS == nil || *check.LatencyMS < 0 {
			t.Errorf("check %s has no latency_ms", name)
		}
	}
}

func TestHealthLeavesErrorOutWhenAllIsWell(t *testing.T) {
	if body := read(t, ask(well(), "GET", "/health")); strings.Contains(body, `"error"`) {
		t.Errorf("body is %s, want no error in it", body)
	}
}

func TestChecksRunInTheTimeOfTheSlowest(t *testing.T) {
	// Each check waits for all others: one after the other, they would all end with their context.
	var arrived [4]chan struct{}
	for i := range arrived {
		arrived[i] = make(chan struct{})
	}
	meet := func(i int) func(context.Context) error {
		return func(ctx context.Context) error {
			close(arrived[i])
			for _, other := range arrived {
				select {
				case <-other:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		}
	}
	c := well()
	c.Checks = admin.Checks{Metadata: meet(0), Storage: meet(1), Log: meet(2), Archive: meet(3)}
	if got := ask(c, "GET", "/health").StatusCode; got != 200 {
		t.Errorf("status %d, want 200", got)
	}
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Another engine takes over above all when the one that serves hangs. Who has it do so is answered all the same.
func TestAnAnswerDoesNotWaitForAnEngineThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := well()
		c.TakeOver = func(context.Context, string) error { return nil }
		c.Projections = func(ctx context.Context) []admin.Projection {
			<-ctx.Done()
			return []admin.Projection{{Engine: "dynamodb", Err: errDown}}
		}
		for method, url := range map[string]string{"GET": "/_/v1/projections", "POST": "/_/v1/projections/pebble/serve"} {
			begun := time.Now()
			response := ask(c, method, url)
			if body := read(t, response); response.StatusCode != http.StatusOK || !strings.Contains(body, errDown.Error()) {
				t.Errorf("%s %s: status %d, %s", method, url, response.StatusCode, body)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("%s %s is answered after %v", method, url, took)
			}
		}
	})
}
