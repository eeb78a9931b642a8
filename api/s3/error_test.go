package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	blobs "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/rs/zerolog"
)

func TestErrorsAreDocuments(t *testing.T) {
	s := newBucket(t, "bucket")
	a := s.do("GET", "/bucket/a&b", "").want(404, "NoSuchKey")
	id := a.header.Get("X-Amz-Request-Id")
	if len(id) != 16 || a.element("RequestId") != id || a.element("HostId") != a.header.Get("X-Amz-Id-2") || a.element("HostId") == "" {
		t.Errorf("headers %v, body %s", a.header, a.body)
	}
	if a.element("Resource") != "/bucket/a&b" || a.element("Key") != "a&b" || a.element("Message") == "" {
		t.Errorf("body %s", a.body)
	}
	if a.header.Get("Content-Type") != "application/xml" || a.header.Get("Server") != "BleepStore" {
		t.Errorf("headers %v", a.header)
	}
	if again := s.do("GET", "/bucket/a&b", ""); again.header.Get("X-Amz-Request-Id") == id {
		t.Error("two requests have the same id")
	}
	if head := s.do("HEAD", "/bucket/missing", ""); head.status != 404 || head.body != "" {
		t.Errorf("HEAD: got %d %q", head.status, head.body)
	}
}

func TestAPanicIsAnInternalError(t *testing.T) {
	logs := new(logBuffer)
	s := serve(t, testConfig(nil, logs), logs) // without a Service, every operation panics
	for range 2 {
		a := s.do("GET", "/", "").want(500, "InternalError")
		if strings.Contains(a.body, "nil pointer") {
			t.Errorf("the client sees the cause: %s", a.body)
		}
		line := logs.take()
		if !strings.Contains(line, `"level":"error"`) || !strings.Contains(line, "nil pointer") || !strings.Contains(line, "call.go") {
			t.Errorf("logged %s", line)
		}
	}
}

func TestNothingIsServedBeforeTheServerIsReady(t *testing.T) {
	logs := new(logBuffer)
	config := testConfig(nil, logs)
	config.Ready = func() error { return errors.New("the projection is behind") }
	s := serve(t, config, logs)
	a := s.do("GET", "/", "").want(503, "ServiceUnavailable")
	if strings.Contains(a.body, "behind") || !strings.Contains(logs.take(), "behind") {
		t.Errorf("the cause is for the log alone: %s", a.body)
	}
}

func TestEachRequestIsOneLine(t *testing.T) {
	s := newBucket(t, "bucket")
	s.logs.take()
	a := s.do("PUT", "/bucket/key", "content").want(200, "")
	lines := s.logs.take()
	for _, want := range []string{
		`"level":"debug"`, `"operation":"PutObject"`, `"method":"PUT"`, `"bucket":"bucket"`, `"key":"key"`, `"status":200`,
		`"received":7`, `"sent":0`, `"duration":`, `"access_key":"test"`, `"request":"` + a.header.Get("X-Amz-Request-Id") + `"`,
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %s in %s", want, lines)
		}
	}
	s.do("GET", "/bucket/key", "").want(200, "")
	s.do("GET", "/bucket/missing", "").want(404, "")
	lines = s.logs.take()
	if strings.Count(lines, "\n") != 2 || !strings.Contains(lines, `"sent":7`) || !strings.Contains(lines, `"code":"NoSuchKey"`) {
		t.Errorf("logged %s", lines)
	}
}

func TestNothingIsLoggedForNothing(t *testing.T) {
	logs := new(logBuffer)
	config := testConfig(newService(t, blobs.New(1<<20)), logs)
	config.Log = zerolog.New(logs).Level(zerolog.InfoLevel)
	s := serve(t, config, logs)
	s.do("GET", "/", "").want(200, "")
	s.do("GET", "/missing", "").want(404, "")
	s.do("PUT", "/bucket/key?retention", "").want(501, "")
	if lines := logs.take(); lines != "" {
		t.Errorf("logged %s", lines)
	}
}

// rotten is a backend whose blobs break off.
type rotten struct{ backends.Backend }

func (r rotten) Get(context.Context, backends.ID, int64, int64) (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader("con"), iotest.ErrReader(errors.New("bit rot")))), nil
}

// TestABrokenAnswerIsNotTakenForAWholeOne is about errors that come when the header has long been sent.
func TestABrokenAnswerIsNotTakenForAWholeOne(t *testing.T) {
	logs := new(logBuffer)
	s := serve(t, testConfig(newService(t, rotten{blobs.New(1 << 20)}), logs), logs)
	s.do("PUT", "/bucket", "").want(200, "")
	s.do("PUT", "/bucket/key", strings.Repeat("content", 10_000)).want(200, "") // more than is read before the header is sent
	logs.take()
	r := s.request("GET", "/bucket/key", "")
	s.sign(r, "UNSIGNED-PAYLOAD")
	response, err := transport.RoundTrip(r)
	if err == nil {
		defer response.Body.Close()
		_, err = io.ReadAll(response.Body)
	}
	if err == nil {
		t.Error("the client saw no error")
	}
	line := logs.take()
	for _, want := range []string{`"level":"error"`, "bit rot", `"status":200`, `"code":"InternalError"`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
}

// readerFrom is a response whose body can be filled without copying.
type readerFrom struct {
	*httptest.ResponseRecorder
	called bool
}

func (r *readerFrom) ReadFrom(from io.Reader) (int64, error) {
	r.called = true
	return io.Copy(r.ResponseRecorder, from)
}

func TestResponsesHandFilesOn(t *testing.T) {
	inner := &readerFrom{ResponseRecorder: httptest.NewRecorder()}
	w := newResponse(inner, httptest.NewRequest("GET", "/", nil), time.Minute)
	n, err := io.Copy(&w, struct{ io.Reader }{bytes.NewReader([]byte("content"))})
	if n != 7 || err != nil || !inner.called || w.bytes != 7 {
		t.Errorf("copied %d, %v; handed on: %v; counted %d", n, err, inner.called, w.bytes)
	}
	if http.NewResponseController(&w).Flush() != nil || !inner.Flushed {
		t.Error("the response is not unwrapped")
	}
}

// TestAClientThatLeavesIsNoFaultOfTheServer is about one that has seen enough of a large object.
func TestAClientThatLeavesIsNoFaultOfTheServer(t *testing.T) {
	logs := new(logBuffer)
	s := serve(t, testConfig(newService(t, blobs.New(1<<30)), logs), logs)
	s.do("PUT", "/bucket", "").want(200, "")
	s.do("PUT", "/bucket/key", strings.Repeat("x", 64<<20)).want(200, "")
	logs.take()
	r := s.request("GET", "/bucket/key", "")
	s.sign(r, "UNSIGNED-PAYLOAD")
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	line := ""
	for deadline := time.Now().Add(time.Minute); line == "" && time.Now().Before(deadline); runtime.Gosched() {
		line = logs.take()
	}
	if !strings.Contains(line, `"level":"debug"`) || !strings.Contains(line, `"code":"RequestTimeout"`) {
		t.Errorf("logged %q", line)
	}
}

func TestAWrongRegionIsToldAlsoWithoutABody(t *testing.T) {
	s := newServer(t)
	r := s.request("HEAD", "/bucket", "")
	s.sign(r, "UNSIGNED-PAYLOAD")
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), testRegion, "eu-west-1", 1))
	a := s.send(r).want(400, "")
	if got := a.header.Get("X-Amz-Bucket-Region"); got != testRegion {
		t.Errorf("x-amz-bucket-region is %q", got)
	}
}
