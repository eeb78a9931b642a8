package s3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// allowOrigin lets the page that a request comes from see the answer, whatever it will be, if a rule of the bucket allows
// that. Most requests come from no page, and cost nothing here.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
func (c *call) allowOrigin() {
	if c.bucket == "" || c.header("Origin") == "" || c.r.Method == http.MethodOptions {
		return
	}
	rules, err := c.h.Service.CORS(c.r.Context(), c.bucket)
	if err != nil {
		return // the operation itself tells what is wrong
	}
	request := c.corsRequest()
	if rule := api.AllowCORS(rules, request); rule != nil {
		c.setCORS(rule, request)
	}
}

// corsRequest reads what a page asks for. The headers of a preflight count on every request, as on S3.
func (c *call) corsRequest() api.CORSRequest {
	request := api.CORSRequest{Origin: c.header("Origin"), Method: c.r.Method}
	if method := c.header("Access-Control-Request-Method"); method != "" {
		request.Method = method
	}
	for header := range strings.SplitSeq(c.headerList("Access-Control-Request-Headers"), ",") {
		if header = strings.ToLower(strings.TrimSpace(header)); header != "" {
			request.Headers = append(request.Headers, header)
		}
	}
	return request
}

// setCORS sets the headers that tell a browser what a rule allows.
// See https://fetch.spec.whatwg.org/#http-responses
func (c *call) setCORS(rule *eventlog.CORSRule, request api.CORSRequest) {
	header := c.w.Header()
	header["Vary"] = variesByOrigin
	if slices.Contains(rule.AllowedOrigins, "*") {
		header["Access-Control-Allow-Origin"] = anyOrigin
	} else {
		header["Access-Control-Allow-Origin"] = []string{request.Origin}
		header["Access-Control-Allow-Credentials"] = []string{"true"}
	}
	header["Access-Control-Allow-Methods"] = []string{strings.Join(rule.AllowedMethods, ", ")}
	setIf(header, "Access-Control-Allow-Headers", strings.Join(request.Headers, ", "))
	setIf(header, "Access-Control-Expose-Headers", strings.Join(rule.ExposeHeaders, ", "))
	if rule.MaxAge != nil {
		header["Access-Control-Max-Age"] = []string{strconv.FormatInt(*rule.MaxAge, 10)}
	}
}

var (
	anyOrigin      = []string{"*"}
	variesByOrigin = []string{"Origin, Access-Control-Request-Headers, Access-Control-Request-Method"}
)

// preflight answers a browser that asks whether a page may send another request to this URL. Nobody signs such a request.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
func (c *call) preflight() error {
	request := c.corsRequest()
	if request.Origin == "" {
		return api.Errorf(api.BadRequest, "Insufficient information. Origin request header needed.")
	}
	rules, err := c.h.Service.CORS(c.r.Context(), c.bucket)
	switch {
	case err != nil && api.AsError(err).Code == api.NoSuchBucket:
		return c.forbidOrigin(request, "Bucket not found")
	case err != nil:
		return err
	case len(rules) == 0:
		return c.forbidOrigin(request, "CORS is not enabled for this bucket.")
	}
	switch method := c.header("Access-Control-Request-Method"); method {
	case http.MethodGet, http.MethodPut, http.MethodHead, http.MethodPost, http.MethodDelete:
	case "":
		return api.Errorf(api.BadRequest, "Invalid Access-Control-Request-Method: null")
	default:
		return api.Errorf(api.BadRequest, "Invalid Access-Control-Request-Method: %s", method)
	}
	rule := api.AllowCORS(rules, request)
	if rule == nil {
		return c.forbidOrigin(request, "This CORS request is not allowed. This is usually because the evalution of Origin, "+
			"request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "+
			"resource's CORS spec.")
	}
	c.setCORS(rule, request)
	return c.empty(http.StatusOK)
}

// forbidOrigin is the error for a preflight that nothing allows.
func (c *call) forbidOrigin(request api.CORSRequest, why string) error {
	resource := "BUCKET"
	if c.key != "" {
		resource = "OBJECT"
	}
	return &api.Error{
		Code: api.AccessForbidden, Message: "CORSResponse: " + why,
		Details: []api.Detail{{Name: "Method", Value: request.Method}, {Name: "ResourceType", Value: resource}},
	}
}
