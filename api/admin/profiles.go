package admin

import (
	"net/http"
	"net/http/pprof"
)

// profiles are those of net/http/pprof, for `go tool pprof`. They tell much of what goes on inside, and cost time, so they are
// for administrators, and only where there is no S3. That package also registers them with http.DefaultServeMux, which
// nothing here serves.
func profiles() map[string]http.Handler {
	page := func(f http.HandlerFunc) http.Handler { return http.StripPrefix("/_", f) }
	return map[string]http.Handler{
		"GET /_/debug/pprof/":        page(pprof.Index), // and each profile, by its name
		"GET /_/debug/pprof/cmdline": page(pprof.Cmdline),
		"GET /_/debug/pprof/profile": page(pprof.Profile),
		"GET /_/debug/pprof/symbol":  page(pprof.Symbol),
		"POST /_/debug/pprof/symbol": page(pprof.Symbol),
		"GET /_/debug/pprof/trace":   page(pprof.Trace),
	}
}
