package s3

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
	blobs "github.com/bleepstore/bleepstore/backends/memory"
)

// observed starts a server and returns what gives the next request that it tells of.
func observed(t *testing.T, change func(*Config)) (*testServer, func() Request) {
	t.Helper()
	told := make(chan Request, 1)
	logs := new(logBuffer)
	config := testConfig(newService(t, blobs.New(1<<30)), logs)
	config.Observe = func(r Request) { told <- r }
	change(&config)
	return serve(t, config, logs), func() Request { return <-told }
}

func TestEachRequestIsToldOf(t *testing.T) {
	s, next := observed(t, func(*Config) {})
	content := strings.Repeat("x", 1000)
	tests := []struct {
		method, target, body string
		want                 Request
	}{
		{"GET", "/", "", Request{Operation: "ListBuckets", Path: "/", Status: 200, ObjectSize: -1}},
		{"PUT", "/bucket", "", Request{Operation: "CreateBucket", Path: "/{bucket}", Bucket: "bucket", Status: 200, ObjectSize: -1}},
		{"GET", "/bucket/", "", Request{Operation: "ListObjects", Path: "/{bucket}", Bucket: "bucket", Status: 200, ObjectSize: -1}},
		{"PUT", "/bucket/a/b", content, Request{
			Operation: "PutObject", Path: "/{bucket}/{key}", Bucket: "bucket", Key: "a/b", Status: 200, Received: 1000, ObjectSize: 1000,
		}},
		{"GET", "/bucket/a/b", "", Request{
			Operation: "GetObject", Path: "/{bucket}/{key}", Bucket: "bucket", Key: "a/b", Status: 200, Sent: 1000, ObjectSize: 1000,
		}},
		{"HEAD", "/bucket/a/b", "", Request{
			Operation: "HeadObject", Path: "/{bucket}/{key}", Bucket: "bucket", Key: "a/b", Status: 200, ObjectSize: 1000,
		}},
		{"GET", "/bucket/a/b?versionId=none", "", Request{
			Operation: "GetObject", Path: "/{bucket}/{key}", Bucket: "bucket", Key: "a/b", Version: "none",
			Status: 400, Error: api.NewError(api.InvalidArgument), ObjectSize: -1,
		}},
		{"GET", "/bucket/c", "", Request{
			Operation: "GetObject", Path: "/{bucket}/{key}", Bucket: "bucket", Key: "c", Status: 404, Error: api.NewError(api.NoSuchKey), ObjectSize: -1,
		}},
		{"BREW", "/bucket/c", "", Request{
			Path: "/{bucket}/{key}", Bucket: "bucket", Key: "c", Status: 405, Error: api.NewError(api.MethodNotAllowed), ObjectSize: -1,
		}},
	}
	for _, test := range tests {
		answer := s.do(test.method, test.target, test.body)
		got, want := next(), test.want
		if got.HTTP.Method != test.method || got.HTTP.RequestURI != test.target {
			t.Errorf("%s %s is told as %s %s", test.method, test.target, got.HTTP.Method, got.HTTP.RequestURI)
		}
		if got.Operation != want.Operation || got.Path != want.Path || got.Bucket != want.Bucket || got.Key != want.Key ||
			got.Version != want.Version || got.Status != want.Status || got.Received != want.Received || got.ObjectSize != want.ObjectSize {
			t.Errorf("%s %s is told as %+v, want %+v", test.method, test.target, got, want)
		}
		if length := int64(len(answer.body)); got.Sent != length || want.Sent > 0 && length != want.Sent {
			t.Errorf("%s %s is told to have sent %d bytes, and did %d", test.method, test.target, got.Sent, length)
		}
		if (got.Error == nil) != (want.Error == nil) || want.Error != nil && got.Error.Code != want.Error.Code {
			t.Errorf("%s %s is told to end with %v, want %v", test.method, test.target, got.Error, want.Error)
		}
		if got.ID != answer.header.Get("X-Amz-Request-Id") || got.HostID != answer.header.Get("X-Amz-Id-2") {
			t.Errorf("%s %s is told with the ids %s and %s, want those of the answer", test.method, test.target, got.ID, got.HostID)
		}
		if got.Began.IsZero() || got.FirstByte <= 0 || got.Duration < got.FirstByte {
			t.Errorf("%s %s is told to have begun at %v, been answered after %v, and ended after %v",
				test.method, test.target, got.Began, got.FirstByte, got.Duration)
		}
		if want.Operation != "" && (got.Caller.AccessKey != testKey || got.Caller.Account != testAccounts[testKey]) {
			t.Errorf("%s %s is told to come from %+v", test.method, test.target, got.Caller)
		}
	}
}

func TestTheVersionThatWasMadeIsTold(t *testing.T) {
	s, next := observed(t, func(*Config) {})
	s.do("PUT", "/bucket", "").want(200, "")
	next()
	s.do("PUT", "/bucket?versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`).want(200, "")
	next()
	answer := s.do("PUT", "/bucket/a", "content").want(200, "")
	if got := next().Version; got == "" || got != answer.header.Get("X-Amz-Version-Id") {
		t.Errorf("version %q is told, want %q", got, answer.header.Get("X-Amz-Version-Id"))
	}
}

func TestARequestThatComesTooEarlyIsToldOf(t *testing.T) {
	s, next := observed(t, func(c *Config) { c.Ready = func() error { return http.ErrServerClosed } })
	s.do("GET", "/bucket/a", "").want(503, "ServiceUnavailable")
	if got := next(); got.Path != "/{bucket}/{key}" || got.Bucket != "bucket" || got.Operation != "" || got.Error.Code != api.ServiceUnavailable {
		t.Errorf("it is told as %+v", got)
	}
}
