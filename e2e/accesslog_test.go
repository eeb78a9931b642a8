package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// fieldsOfS3 reads a line in Amazon's format.
var fieldsOfS3 = regexp.MustCompile(`\[[^]]*\]|"[^"]*"|[^ ]+`)

// Each request is a line in Amazon's format, in a file that can be rotated, and none has a URL in it that can be used.
func TestAccessLogOfS3(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	s := startServer(t, options{env: []string{"BLEEPSTORE_ACCESS_LOG_FORMAT=s3", "BLEEPSTORE_ACCESS_LOG_PATH=" + path}, certs: newCertificates(t)})
	bucket := newBucket(t, s.client())
	put(t, s.client(), bucket, "a b\n", []byte("hello"))
	target := s.presigned(t, "GET", "/"+bucket+"/a%20b%0A", time.Now(), time.Hour)
	a := s.fetch(t, "GET", target, nil)
	want(t, "status", a.status, 200)
	var text string
	eventually(t, "the line is written", func() error {
		data, err := os.ReadFile(path)
		text = string(data)
		if err == nil && !strings.Contains(text, "REST.GET.OBJECT") {
			err = fmt.Errorf("there is only %q", text)
		}
		return err
	})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	want(t, "lines", len(lines), 3)
	got := fieldsOfS3.FindAllString(lines[2], -1)
	want(t, "fields", len(got), 26)
	owner := fieldsOfS3.FindAllString(lines[1], -1)[4] // who stored the object, and made the bucket
	signature := regexp.MustCompile(`X-Amz-Signature=[0-9a-f]+`)
	uri := strings.TrimPrefix(signature.ReplaceAllString(target, "X-Amz-Signature=REDACTED"), s.endpoint)
	for i, value := range map[int]string{
		0: owner, 1: bucket, 3: "127.0.0.1", 4: owner, 5: a.header.Get("X-Amz-Request-Id"), 6: "REST.GET.OBJECT", 7: "a%2520b%250A",
		8: `"GET ` + uri + ` HTTP/1.1"`, 9: "200", 10: "-", 11: "5", 12: "5", 15: `"-"`, 18: a.header.Get("X-Amz-Id-2"), 19: "SigV4",
		21: "QueryString", 22: s.address(), 23: "TLSv1.3",
	} {
		want(t, fmt.Sprintf("field %d", i), got[i], value)
	}

	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := s.process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the file is there again", func() error { _, err := os.Stat(path); return err })
	want(t, "status", s.do(t, request{method: "DELETE", path: "/" + bucket + "/a%20b%0A"}).status, 204)
	s.stop(t)
	rotated, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "lines after the rotation", strings.Count(string(rotated), "REST.DELETE.OBJECT"), 1)
}

// Lines that cannot be written are counted, and requests are answered all the same.
func TestAccessLogThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	format := "BLEEPSTORE_ACCESS_LOG_FORMAT=json"
	for name, o := range map[string]options{
		"disk is full":    {env: []string{format, "BLEEPSTORE_ACCESS_LOG_PATH=/dev/full"}},
		"reader has gone": {env: []string{format}, under: []string{"sh", "-c", `"$@" | true`, "sh"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, o)
			newBucket(t, s.client())
			eventually(t, "the lost line is counted", func() error {
				if page := s.page(t, "/metrics"); !strings.Contains(string(page.body), "\nbleepstore_access_log_dropped_total 1\n") {
					return fmt.Errorf("the metrics are %s", page.body)
				}
				return nil
			})
		})
	}
}

// A supervisor that asks to reload has nothing reloaded, and no process that ends.
func TestHangupEndsNothing(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	if err := s.process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	want(t, "status of /readyz", s.page(t, "/readyz").status, 200)
	s.stop(t)
}

// Each request is a line of JSON on the standard output, also one that the server refuses. What is not S3's is not.
func TestAccessLogOfJSON(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	s := startServer(t, options{env: c.settings("s", "BLEEPSTORE_ACCESS_LOG_FORMAT=json")})
	const id = "44444444444444444444444444444444"
	a := s.do(t, request{method: "GET", path: "/absent/key", header: traced(id)})
	want(t, "status", a.status, 404)
	s.fetch(t, http.MethodGet, s.endpoint+"/absent/key", nil)
	s.page(t, "/health")
	s.stop(t)
	var first map[string]any
	lines := 0
	for line := range strings.Lines(s.log.tail()) {
		if !strings.Contains(line, `"uri":`) {
			continue // the process's own
		}
		if lines++; lines == 1 {
			if err := json.Unmarshal([]byte(line), &first); err != nil {
				t.Fatal(err)
			}
		}
	}
	want(t, "lines", lines, 2)
	for key, value := range map[string]any{
		"request": a.header.Get("X-Amz-Request-Id"), "trace": id, "operation": "GetObject", "bucket": "absent", "key": "key",
		"method": "GET", "uri": "/absent/key", "status": 404.0, "code": "NoSuchBucket", "access_key": accessKey, "signature": "SigV4",
		"authentication": "AuthHeader", "client": "127.0.0.1", "received": 0.0, "sent": float64(len(a.body)),
	} {
		want(t, key, fmt.Sprint(first[key]), fmt.Sprint(value))
	}
}
