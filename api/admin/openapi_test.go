package admin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api/openapi"
	"github.com/bleepstore/bleepstore/api/openapi/openapitest"
	"github.com/bleepstore/bleepstore/api/sigv4"
)

// Who adds a page or a route adds its description.
func TestEveryPageAndRouteIsDescribed(t *testing.T) {
	c := Config{S3: new(openapi.Document)}
	served := slices.Concat(slices.Collect(maps.Keys(c.administration())), slices.Collect(maps.Keys(profiles())))
	for path := range c.pages() {
		if !strings.HasPrefix(path, "/docs/") {
			served = append(served, "GET "+path)
		}
	}
	for _, pattern := range served {
		if _, found := descriptions[pattern]; !found {
			t.Errorf("%s is not described", pattern)
		}
	}
	for pattern := range descriptions {
		if !slices.Contains(served, pattern) {
			t.Errorf("%s is described, but not served", pattern)
		}
	}
}

func TestAnswersAreAsTheDocumentHasThem(t *testing.T) {
	valid := openapitest.Valid(t, document())
	well := func(context.Context) error { return nil }
	fails := func(context.Context) error { return errors.New("the disk is gone") }
	keys := func(string) (string, bool) { return "secret", true }
	c := Config{
		S3:     new(openapi.Document),
		Ready:  func() error { return nil },
		Checks: Checks{Metadata: well, Storage: well, Log: well, Archive: well},
		Projections: func(context.Context) []Projection {
			return []Projection{
				{Engine: "pebble", Place: "/data/pebble", Serving: true, Position: 1 << 60, CaughtUp: true},
				{Engine: "sqlite", Behind: 3, Err: errors.New("it is broken")},
			}
		},
		TakeOver: func(_ context.Context, engine string) error {
			switch engine {
			case "pebble":
				return nil
			case "sqlite":
				return &ConflictError{Reason: "it is broken"}
			}
			return ErrNoProjection
		},
		Metrics: http.NotFoundHandler(),
		Credentials: Credentials{
			Verifier:      sigv4.NewVerifier("us-east-1", keys),
			Secrets:       keys,
			Administrator: func(accessKey string) bool { return accessKey == "root" },
		},
	}
	sick := c
	sick.Checks.Log = fails
	sick.Ready = func() error { return errors.New("not yet") }
	for _, test := range []struct {
		config Config
		key    string
		method string
		path   string
		status int
	}{
		{c, "", "GET", "/healthz", 200},
		{c, "", "GET", "/readyz", 200},
		{sick, "", "GET", "/readyz", 503},
		{c, "", "GET", "/health", 200},
		{sick, "", "GET", "/health", 503},
		{c, "", "GET", "/docs", 200},
		{c, "", "GET", "/openapi.json", 200},
		{c, "", "GET", "/_/v1/openapi.json", 200},
		{c, "root", "GET", "/_/v1/projections", 200},
		{c, "stranger", "GET", "/_/v1/projections", 403},
		{c, "", "GET", "/_/v1/projections", 401},
		{c, "root", "GET", "/_/v1/events", 503},
		{c, "root", "POST", "/_/v1/projections/pebble/serve", 200},
		{c, "root", "POST", "/_/v1/projections/sqlite/serve", 409},
		{c, "root", "POST", "/_/v1/projections/jsonl/serve", 404},
		{c, "stranger", "POST", "/_/v1/projections/pebble/serve", 403},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(test.method, test.path, nil)
		r.RemoteAddr = "127.0.0.1:1"
		if test.key != "" {
			r.SetBasicAuth(test.key, "secret")
		}
		New(test.config, http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s %s: status %d, want %d", test.method, test.path, w.Code, test.status)
		}
		valid.Answer(t, r, w.Result())
	}
}
