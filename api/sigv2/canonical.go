package sigv2

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// oldSubresources are the parameters of the query that every client signs.
var oldSubresources = setOf(
	"accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location", "logging",
	"metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
	"response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
	"response-content-type", "response-expires", "restore", "select", "select-type", "storageClass", "tagging", "torrent",
	"uploadId", "uploads", "versionId", "versioning", "versions", "website",
)

// subresources are all that decide what a request is about.
var subresources = func() map[string]bool {
	all := setOf(
		"abac", "attributes", "encryption", "intelligent-tiering", "legal-hold", "ownershipControls", "policyStatus",
		"publicAccessBlock", "retention",
	)
	maps.Copy(all, oldSubresources)
	return all
}()

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// resource is the path of what a request is about, its bucket included.
func (v *Verifier) resource(r *http.Request) string {
	if bucket := api.HostBucket(r.Host, v.domain); bucket != "" {
		return "/" + bucket + r.URL.EscapedPath()
	}
	return r.URL.EscapedPath()
}

// isBucket tells whether a resource is a bucket, without a slash behind it.
func isBucket(resource string) bool {
	return len(resource) > 1 && strings.LastIndexByte(resource, '/') == 0
}

// stringToSign is what a request's signature is one of, where signed are the parameters of the query that belong to it.
func stringToSign(r *http.Request, c *claim, resource string, signed map[string]bool) string {
	var b strings.Builder
	for _, line := range []string{
		r.Method, strings.TrimSpace(r.Header.Get("Content-Md5")), strings.TrimSpace(r.Header.Get("Content-Type")), c.date,
	} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	amz := amzHeaders(r, c)
	for _, name := range slices.Sorted(maps.Keys(amz)) {
		b.WriteString(name + ":" + amz[name] + "\n")
	}
	b.WriteString(resource)
	separator := "?"
	for _, p := range signedParameters(r.URL.RawQuery, signed) {
		b.WriteString(separator + p.name)
		if p.hasValue {
			b.WriteString("=" + p.value)
		}
		separator = "&"
	}
	return b.String()
}

// amzHeaders returns the values of the x-amz-* headers, by their lower-case names. In a URL that is signed, parameters
// stand for those that the request does not have.
func amzHeaders(r *http.Request, c *claim) map[string]string {
	amz := make(map[string]string)
	add := func(name string, values []string) {
		name = strings.ToLower(name)
		if _, has := amz[name]; has || !strings.HasPrefix(name, "x-amz-") {
			return
		}
		trimmed := make([]string, len(values))
		for i, value := range values {
			trimmed[i] = strings.TrimSpace(value)
		}
		amz[name] = strings.Join(trimmed, ",")
	}
	for name, values := range r.Header {
		add(name, values)
	}
	if c.presigned {
		for name, values := range r.URL.Query() {
			add(name, values)
		}
	}
	return amz
}

// checkParameters returns InvalidArgument for parameters that stand for a header and could be taken for something else
// than what was signed: those that are there twice, in whatever spelling, and those with line ends.
func checkParameters(r *http.Request) error {
	seen := make(map[string]bool)
	for name, values := range r.URL.Query() {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, "x-amz-") {
			continue
		}
		isControl := func(r rune) bool { return r < ' ' || r == 0x7F }
		if seen[lower] || len(values) > 1 || strings.ContainsFunc(values[0], isControl) {
			return api.InvalidArgumentf(name, values[0], "A parameter that stands for a header must be there once, in one line.")
		}
		seen[lower] = true
	}
	return nil
}

// parameter is one of a query, its value decoded.
type parameter struct {
	name, value string
	hasValue    bool
}

// signedParameters returns the parameters of a query that are signed, ordered by name.
func signedParameters(query string, signed map[string]bool) []parameter {
	var parameters []parameter
	for pair := range strings.SplitSeq(query, "&") {
		name, value, hasValue := strings.Cut(pair, "=")
		if name, err := url.PathUnescape(name); err == nil && signed[name] {
			if decoded, err := url.PathUnescape(value); err == nil {
				value = decoded
			}
			parameters = append(parameters, parameter{name, value, hasValue})
		}
	}
	slices.SortStableFunc(parameters, func(a, b parameter) int { return cmp.Compare(a.name, b.name) })
	return parameters
}
