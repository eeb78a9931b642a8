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

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/openapi"
	"github.com/bleepstore/bleepstore/api/openapi/openapitest"
)

// Who adds a page or a route adds its description.
func TestEveryPageAndRouteIsDescribed(t *testing.T) {
	c := Config{S3: new(openapi.Document)}
	served := slices.Collect(maps.Keys(c.routes()))
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
		Authorize: func(*http.Request) error { return nil },
	}
	sick := c
	sick.Checks.Log = fails
	sick.Ready = func() error { return errors.New("not yet") }
	stranger := c
	stranger.Authorize = func(*http.Request) error { return api.NewError(api.AccessDenied) }

	for _, test := range []struct {
		config Config
		method string
		path   string
		status int
	}{
		{c, "GET", "/healthz", 200},
		{c, "GET", "/readyz", 200},
		{sick, "GET", "/readyz", 503},
		{c, "GET", "/health", 200},
		{sick, "GET", "/health", 503},
		{c, "GET", "/docs", 200},
		{c, "GET", "/openapi.json", 200},
		{stranger, "GET", "/_/v1/openapi.json", 200},
		{c, "GET", "/_/v1/projections", 200},
		{stranger, "GET", "/_/v1/projections", 403},
		{c, "POST", "/_/v1/projections/pebble/serve", 200},
		{c, "POST", "/_/v1/projections/sqlite/serve", 409},
		{c, "POST", "/_/v1/projections/jsonl/serve", 404},
		{stranger, "POST", "/_/v1/projections/pebble/serve", 403},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(test.method, test.path, nil)
		New(test.config, http.NotFoundHandler()).ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s %s: status %d, want %d", test.method, test.path, w.Code, test.status)
		}
		valid.Answer(t, r, w.Result())
	}
}
