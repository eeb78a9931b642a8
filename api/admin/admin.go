// Package admin answers what operators and load balancers ask a server: whether it is up, ready and well.
package admin

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/openapi"
)

// Config is what the pages are made from.
type Config struct {
	// Ready returns nil if the server answers S3 requests, and otherwise why it doesn't.
	Ready func() error
	// Checks are the parts of the server that /health reports on.
	Checks Checks
	// Domain is that of virtual-hosted-style addresses; empty if there are none. On a bucket's host every
	// path is a key, the paths of the pages included.
	Domain string
	// S3 describes the requests that are not for pages.
	S3 *openapi.Document

	// Projections tells how the engines are whose metadata is kept up to date with the log.
	Projections func(ctx context.Context) []Projection
	// TakeOver has an engine serve. Errors: ErrNoProjection, ConflictError.
	TakeOver func(ctx context.Context, engine string) error
	// Authorize returns nil if a request is an administrator's. It reads the body. Errors: *api.Error.
	Authorize func(r *http.Request) error
}

// Checks tell whether the parts of a server work: nil, or what is wrong. They end soon after their context.
type Checks struct {
	Metadata, Storage, Log, Archive func(ctx context.Context) error
}

// New returns a handler that answers these paths and hands every other request to next.
//
//   - /healthz: 200 if the process is up
//   - /readyz: 200 if the server answers S3 requests, else 503
//   - /health: how each part is, in JSON; 503 unless all is well
//   - /openapi.json: what requests of S3 there are, as an OpenAPI document
//   - /_/v1/openapi.json: the same for those of this package, also without credentials
//   - /docs: a page that shows both, with files below it
//   - /_/ and below: administration, for which requests are signed by an administrator's key; what is not there is 404
//
// The pages answer GET and HEAD; with another method their paths are those of buckets that can't exist, and next says so.
func New(c Config, next http.Handler) http.Handler {
	pages := c.pages()
	administration := c.administration()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		page, found := pages[path]
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case api.HostBucket(r.Host, c.Domain) != "":
			next.ServeHTTP(w, r)
		case found && read:
			page(w, r)
		case path == "/_" || strings.HasPrefix(path, "/_/"):
			administration.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// pages are those for everybody, by their paths. Each is described in descriptions.
func (c Config) pages() map[string]http.HandlerFunc {
	pages := map[string]http.HandlerFunc{
		"/" + api.LivePage: func(w http.ResponseWriter, _ *http.Request) { empty(w, http.StatusOK) },
		"/" + api.ReadyPage: func(w http.ResponseWriter, _ *http.Request) {
			if c.Ready() != nil {
				empty(w, http.StatusServiceUnavailable)
				return
			}
			empty(w, http.StatusOK)
		},
		"/" + api.HealthPage:  c.health,
		"/" + api.OpenAPIPage: openapi.Handler(c.S3),
		documentPath:          openapi.Handler(document()),
	}
	maps.Copy(pages, openapi.Pages())
	return pages
}

func empty(w http.ResponseWriter, status int) {
	header(w)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// header sets what all pages have in common: an answer is only true now.
func header(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }
