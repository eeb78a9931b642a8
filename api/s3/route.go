package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bleepstore/bleepstore/api"
	"github.com/julienschmidt/httprouter"
)

// newRouter makes the router of paths. It is only asked with Lookup, which redirects nothing and cleans nothing: the
// keys "a//b", "../c" and "d/" are what they are.
func newRouter(h *handler) *httprouter.Router {
	type route struct{ method, path string }
	router, known := httprouter.New(), make(map[route]bool)
	for _, op := range operations {
		for _, path := range op.level.paths() {
			if r := (route{op.method, path}); !known[r] {
				known[r] = true
				router.Handle(op.method, path, h.serve)
			}
		}
	}
	return router
}

// paths are the forms of the paths of a level. A bucket may have a slash behind it, which is an object's form without a
// key.
func (l level) paths() []string {
	switch l {
	case serviceLevel:
		return []string{"/"}
	case bucketLevel:
		return []string{"/:bucket", "/:bucket/*key"}
	default:
		return []string{"/:bucket/*key"}
	}
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if bucket := api.HostBucket(r.Host, h.Domain); bucket != "" {
		path = "/" + bucket + path
	}
	handle, params, _ := h.router.Lookup(r.Method, path)
	if handle == nil {
		handle = h.serve // which finds no operation
		_, params, _ = h.router.Lookup(http.MethodGet, path)
	}
	handle(w, r, params)
}

// name keeps what the path names.
func (c *call) name(params httprouter.Params) {
	if c.bucket = params.ByName("bucket"); len(params) > 0 {
		c.level = bucketLevel
	}
	if c.key = strings.TrimPrefix(params.ByName("key"), "/"); c.key != "" {
		c.level = objectLevel
	}
}

// route finds out what the request asks for.
func (c *call) route() (err error) {
	l := c.level
	if !utf8.ValidString(c.bucket) || !utf8.ValidString(c.key) {
		return api.NewError(api.InvalidURI)
	}
	if c.query, err = parseQuery(c.r.URL.RawQuery); err != nil {
		return err
	}
	resource := ""
	if c.r.Method != http.MethodOptions { // a preflight is about another request, to whatever sub-resource
		if resource, err = c.resource(l); err != nil {
			return err
		}
	}
	var allowed []string
	for i := range operations {
		op := &operations[i]
		switch {
		case op.level != l || op.resource != resource:
		case op.method != c.r.Method:
			allowed = append(allowed, op.method)
		case op.header == "" || len(c.r.Header[op.header]) > 0:
			c.op = op
			return nil
		}
	}
	if unimplemented[l][resource] {
		return api.NewError(api.NotImplemented, api.Detail{Name: "Resource", Value: resource})
	}
	if len(allowed) > 0 {
		slices.Sort(allowed)
		c.w.Header()["Allow"] = []string{strings.Join(slices.Compact(allowed), ", ")}
	}
	return api.NewError(api.MethodNotAllowed, api.Detail{Name: "Method", Value: c.r.Method})
}

// resource returns the sub-resource that the query names, empty if it names none. What is none on this level is ignored,
// as S3 does.
func (c *call) resource(l level) (string, error) {
	found := ""
	for name := range c.query {
		switch {
		case name == "partNumber" && l == objectLevel && c.r.Method == http.MethodPut:
			name = "uploadId" // a part without an upload must not become an object
		case !implemented[l][name] && !unimplemented[l][name]:
			continue
		}
		if found != "" && found != name {
			return "", api.InvalidArgumentf("ResourceType", name, "Conflicting query string parameters: %s, %s",
				min(found, name), max(found, name))
		}
		found = name
	}
	return found, nil
}

// parseQuery is strict: a parameter that could not be read may be the one that says what the request is about.
func parseQuery(raw string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &api.Error{Code: api.InvalidURI, Message: "Couldn't parse the specified URI.", Cause: err}
	}
	for _, values := range query {
		for _, value := range values {
			if !utf8.ValidString(value) {
				return nil, api.NewError(api.InvalidURI)
			}
		}
	}
	return query, nil
}
