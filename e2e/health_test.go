package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/go-json-experiment/json"
)

func TestHealthPages(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	for _, path := range []string{"/healthz", "/readyz"} {
		page := s.page(t, path)
		want(t, "status of "+path, page.status, 200)
		want(t, "body of "+path, string(page.body), "")
	}
	page := s.page(t, "/health")
	want(t, "status of /health", page.status, 200)
	var health struct {
		Status string `json:"status"`
		Checks map[string]struct {
			Status  string   `json:"status"`
			Latency *float64 `json:"latency_ms"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(page.body, &health); err != nil {
		t.Fatalf("%v: %s", err, page.body)
	}
	want(t, "status", health.Status, "ok")
	for _, name := range []string{"metadata", "storage", "log"} {
		check := health.Checks[name]
		if check.Status != "ok" || check.Latency == nil || *check.Latency < 0 {
			t.Errorf("check of %s is %+v", name, check)
		}
	}
}

// Pages have paths that are those of buckets, too, and clients of S3 get S3's answers.
func TestPagesAreNotForClientsOfS3(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	for _, name := range []string{"health", "metrics", "docs"} {
		_, err := s.client().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &name})
		if _, ok := errors.AsType[*types.NoSuchBucket](err); !ok {
			t.Errorf("list of the bucket %s, which does not exist: %v", name, err)
		}
		_, err = s.client().HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &name})
		if _, ok := errors.AsType[*types.NotFound](err); !ok {
			t.Errorf("head of the bucket %s, which does not exist: %v", name, err)
		}
		want(t, "status of the page "+name, s.page(t, "/"+name).status, 200)
	}
}

// The pages may have an address of their own, which the command takes from the configuration, as the server does.
func TestHealthCommandAsksWhereThePagesAre(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: []string{"BLEEPSTORE_SERVER_ADMIN_LISTEN=127.0.0.1:0"}})
	run := exec.Command(binary, "health", "--listen", s.address())
	run.Env = append(cleanEnvironment(), "BLEEPSTORE_SERVER_ADMIN_LISTEN="+strings.TrimPrefix(s.admin, "http://"))
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("the server is ready, and the command says %v: %s", err, out)
	}
}

func TestHealthCommand(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{certs: newCertificates(t)})
	address := strings.TrimPrefix(s.endpoint, "https://")
	ask := func() (string, error) {
		run := exec.Command(binary, "health", "--listen", address)
		run.Env = append(cleanEnvironment(), "BLEEPSTORE_SERVER_TLS_CERT="+s.certs.certFile, "BLEEPSTORE_SERVER_TLS_KEY="+s.certs.keyFile)
		out, err := run.CombinedOutput()
		return string(out), err
	}
	if out, err := ask(); err != nil {
		t.Errorf("the server is ready, and the command says %v: %s", err, out)
	}
	s.stop(t)
	if out, err := ask(); err == nil || !strings.Contains(out, "ready") {
		t.Errorf("the server has stopped, and the command says %v: %s", err, out)
	}
}
