package e2e

import (
	"testing"

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
