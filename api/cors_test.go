package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
)

func TestAllowCORS(t *testing.T) {
	rule := func(id, origins, methods, headers string) eventlog.CORSRule {
		return eventlog.CORSRule{
			ID: id, AllowedOrigins: strings.Fields(origins), AllowedMethods: strings.Fields(methods),
			AllowedHeaders: strings.Fields(headers),
		}
	}
	rules := []eventlog.CORSRule{
		rule("exact", "https://a.test http://a.test:80", "GET PUT", "Content-Type x-amz-META-*"),
		rule("between", "https://*.b.test", "GET", ""),
		rule("before", "*suffix", "GET", "*-end"),
		rule("behind", "prefix*", "GET", ""),
		rule("inside", "start*end", "GET", ""),
		rule("second", "https://a.test", "GET DELETE", "*"),
		rule("all", "*", "HEAD", "*"),
		rule("nothing", "", "POST", ""),
	}
	for _, test := range []struct{ origin, method, headers, want string }{
		{"https://a.test", "GET", "", "exact"},
		{"http://a.test:80", "PUT", "", "exact"},
		{"https://a.test", "GET", "content-type x-amz-meta-a x-amz-meta-", "exact"},
		{"https://a.test", "GET", "content-type range", "second"},
		{"https://a.test", "PUT", "range", ""},
		{"https://a.test", "DELETE", "anything", "second"},
		{"https://A.test", "GET", "", ""},
		{"https://a.test.evil", "GET", "", ""},
		{"https://x.y.b.test", "GET", "", "between"},
		{"https://.b.test", "GET", "", "between"},
		{"https://b.test", "GET", "", ""},
		{"https://x.b.test", "GET", "range", ""},
		{"suffix", "GET", "", "before"},
		{"a suffix", "GET", "the-end", "before"},
		{"a suffix", "GET", "the-end-of", ""},
		{"suffix.", "GET", "", ""},
		{"prefix.", "GET", "", "behind"},
		{"startend", "GET", "", "inside"},
		{"start-end", "GET", "", "inside"},
		{"starend", "GET", "", ""},
		{"null", "HEAD", "x y", "all"},
		{"null", "get", "", ""},
		{"null", "POST", "", ""},
	} {
		got := ""
		if rule := AllowCORS(rules, CORSRequest{test.origin, test.method, strings.Fields(test.headers)}); rule != nil {
			got = rule.ID
		}
		if got != test.want {
			t.Errorf("%s from %s with %q: rule %q, want %q", test.method, test.origin, test.headers, got, test.want)
		}
	}
	// The two sides of a wildcard do not share text.
	if AllowCORS([]eventlog.CORSRule{rule("", "ab*ba", "GET", "")}, CORSRequest{Origin: "aba", Method: "GET"}) != nil {
		t.Error(`"aba" is taken for "ab*ba"`)
	}
}

func TestCORSRulesAreChecked(t *testing.T) {
	good := eventlog.CORSRule{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}}
	with := func(change func(*eventlog.CORSRule)) []eventlog.CORSRule {
		bad := good
		change(&bad)
		return []eventlog.CORSRule{good, bad}
	}
	for name, test := range map[string]struct {
		rules   []eventlog.CORSRule
		code    Code
		message string
	}{
		"one":          {[]eventlog.CORSRule{good}, "", ""},
		"as many":      {slices.Repeat([]eventlog.CORSRule{good}, 100), "", ""},
		"none":         {nil, MalformedXML, ""},
		"too many":     {slices.Repeat([]eventlog.CORSRule{good}, 101), MalformedXML, ""},
		"no origin":    {with(func(r *eventlog.CORSRule) { r.AllowedOrigins = nil }), MalformedXML, ""},
		"no method":    {with(func(r *eventlog.CORSRule) { r.AllowedMethods = nil }), MalformedXML, ""},
		"long id":      {with(func(r *eventlog.CORSRule) { r.ID = strings.Repeat("ä", 255) }), "", ""},
		"too long id":  {with(func(r *eventlog.CORSRule) { r.ID = strings.Repeat("ä", 256) }), MalformedXML, ""},
		"at once":      {with(func(r *eventlog.CORSRule) { r.MaxAge = new(int64(0)) }), "", ""},
		"before":       {with(func(r *eventlog.CORSRule) { r.MaxAge = new(int64(-1)) }), MalformedXML, ""},
		"odd method":   {with(func(r *eventlog.CORSRule) { r.AllowedMethods = []string{"GET", "PATCH"} }), InvalidRequest, "Unsupported method is PATCH"},
		"lower case":   {with(func(r *eventlog.CORSRule) { r.AllowedMethods = []string{"get"} }), InvalidRequest, "Unsupported method is get"},
		"two in one":   {with(func(r *eventlog.CORSRule) { r.AllowedOrigins = []string{"http://*.*"} }), InvalidRequest, `AllowedOrigin "http://*.*"`},
		"two headers":  {with(func(r *eventlog.CORSRule) { r.AllowedHeaders = []string{"x", "**"} }), InvalidRequest, `AllowedHeader "**"`},
		"wild exposed": {with(func(r *eventlog.CORSRule) { r.ExposeHeaders = []string{"x-*"} }), InvalidRequest, `ExposeHeader "x-*" contains wildcard`},
	} {
		err := checkCORS(test.rules)
		if test.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || AsError(err).Code != test.code || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: got %v, want %s %s", name, err, test.code, test.message)
		}
	}
}
