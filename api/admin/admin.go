// Package admin answers all that is not S3: what operators and load balancers ask a server, and administration.
package admin

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/notify"
	"github.com/bleepstore/bleepstore/api/openapi"
	"github.com/bleepstore/bleepstore/api/sigv2"
	"github.com/bleepstore/bleepstore/api/sigv4"
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
	// S3 describes the requests that are not answered here.
	S3 *openapi.Document

	// Projections tells how the engines are whose metadata is kept up to date with the log.
	Projections func(ctx context.Context) []Projection
	// TakeOver has an engine serve. Errors: ErrNoProjection, ConflictError.
	TakeOver func(ctx context.Context, engine string) error
	// Notifications tells the targets of notifications; nil if there are none.
	Notifications *notify.Notifier
	// Metrics answers with the metrics of the server.
	Metrics http.Handler
	// Events are what happened to buckets and objects; nil while there is no log.
	Events *Events
	// Credentials tell who is an administrator.
	Credentials Credentials
}

// Checks tell whether the parts of a server work: nil, or what is wrong. They end soon after their context.
type Checks struct {
	Metadata, Storage, Log, Archive func(ctx context.Context) error
}

// pages are the pages that need no credentials, by their paths. They answer GET and HEAD. No new bucket can have the name of
// one: see api.LivePage and its neighbours.
//
//   - /healthz: 200 if the process is up
//   - /readyz: 200 if the server answers S3 requests, else 503
//   - /health: how each part is, in JSON; 503 unless all is well
//   - /metrics: what the server counts, for Prometheus
//   - /openapi.json: what requests of S3 there are, as an OpenAPI document
//   - /_/v1/openapi.json: the same for those that are answered here
//   - /docs: a page that shows both, with files below it
func (c Config) pages() map[string]http.Handler {
	pages := map[string]http.Handler{
		"/" + api.LivePage:    http.HandlerFunc(c.live),
		"/" + api.ReadyPage:   http.HandlerFunc(c.ready),
		"/" + api.HealthPage:  http.HandlerFunc(c.health),
		"/" + api.MetricsPage: fresh(c.Metrics),
		"/" + api.OpenAPIPage: openapi.Handler(c.S3),
		documentPath:          openapi.Handler(document()),
	}
	maps.Copy(pages, openapi.Pages())
	return pages
}

// administration is what administrators can do, by patterns of http.ServeMux below /_/. One whose handler is nil is not
// there.
//
//   - GET /_/v1/projections: how the engines are that are kept up to date
//   - POST /_/v1/projections/ENGINE/serve: have one of them serve; 404 if there is none of the name, 409 if it cannot now
//   - GET /_/v1/notifications: how the targets of notifications are
//   - GET /_/v1/notifications/TARGET/dead?after=ID&limit=100: dead letters of a target
//   - POST /_/v1/notifications/TARGET/dead/replay?id=ID: send dead letters again, one or the first 1,000; 409 if too many messages wait
//   - DELETE /_/v1/notifications/TARGET/dead?id=ID: forget dead letters, one or all
//   - GET /_/v1/events: what happens to buckets and objects, as server-sent events: see Events; 503 while there is no log
func (c Config) administration() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /_/v1/projections":                 http.HandlerFunc(c.listProjections),
		"POST /_/v1/projections/{engine}/serve": http.HandlerFunc(c.takeOver),

		"GET /_/v1/notifications":                       c.notifications(listTargets),
		"GET /_/v1/notifications/{target}/dead":         c.notifications(listDead),
		"POST /_/v1/notifications/{target}/dead/replay": c.notifications(replayDead),
		"DELETE /_/v1/notifications/{target}/dead":      c.notifications(discardDead),
		"GET /_/v1/events":                              http.HandlerFunc(c.streamEvents),
	}
}

// New returns a handler of all that is not S3, which hands every other request to next. With a nil next it answers them with
// 404: that is for an address that has no S3, which has the profiles too.
//
// The pages of pages answer everybody. What is below /_/ needs an administrator's credentials.
//
// A page can have the name of a bucket that was made before there was the page. So with another method than GET and HEAD, or
// with a signature, which nobody needs for a page, its path is that of a bucket or an object, and next answers.
func New(c Config, next http.Handler) http.Handler {
	administration := c.administration()
	beside := next != nil
	if !beside {
		next = http.HandlerFunc(nothing)
		c.Domain = ""
		maps.Copy(administration, profiles())
	}
	pages := c.pages()
	for path, page := range pages {
		pages[path] = watch(page)
	}
	administer := watch(c.Credentials.require(newMux(administration)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		page := pages[path]
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case api.HostBucket(r.Host, c.Domain) != "":
			next.ServeHTTP(w, r)
		case page != nil && read && (!beside || !isForBucket(r)):
			page.ServeHTTP(w, r)
		case isAdministration(path):
			administer.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isForBucket tells whether a request for the path of a page is one for a bucket, or for an object, of that path.
func isForBucket(r *http.Request) bool {
	return !isAdministration(r.URL.Path) && (sigv4.Signed(r) || sigv2.Signed(r))
}

// isAdministration tells whether a path is one that only administrators have, but for the document there. No bucket has ever
// had a name with an underscore.
func isAdministration(path string) bool { return path == "/_" || strings.HasPrefix(path, "/_/") }

// newMux makes a handler of patterns of http.ServeMux, which answers what none of them fits with 404.
func newMux(handlers map[string]http.Handler) http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range handlers {
		if handler != nil {
			mux.Handle(pattern, handler)
		}
	}
	mux.HandleFunc("/", nothing)
	return mux
}

func nothing(w http.ResponseWriter, _ *http.Request) { empty(w, http.StatusNotFound) }
