package admin_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api/admin"
)

func TestBasicAuthentication(t *testing.T) {
	const here, there = "127.0.0.1:1234", "192.0.2.1:1234"
	for _, test := range []struct {
		name           string
		method         string // GET if empty
		from           string
		tls            bool
		access, secret string
		header         map[string]string
		status         int
		says           string
	}{
		{name: "from here", from: here, access: "root", secret: "root-secret", status: 200},
		{name: "from here over IPv6", from: "[::1]:1234", access: "root", secret: "root-secret", status: 200},
		{name: "over TLS", from: there, tls: true, access: "root", secret: "root-secret", status: 200},
		{name: "in the clear", from: there, access: "root", secret: "root-secret", status: 403, says: "over TLS only"},
		{name: "in the clear, wrong", from: there, access: "root", secret: "wrong", status: 403, says: "over TLS only"},
		{name: "wrong secret", from: here, access: "root", secret: "root-secret2", status: 401, says: "secret is not"},
		{name: "no secret", from: here, access: "root", status: 401},
		{name: "no such key", from: here, access: "nobody", secret: "root-secret", status: 401},
		{name: "no such key and no secret", from: here, access: "nobody", status: 401},
		{name: "no administrator", from: here, access: "user", secret: "user-secret", status: 403, says: "admin: true"},
		{name: "nobody", from: here, status: 401, says: "credentials"},
		{name: "nobody over TLS", from: there, tls: true, status: 401, says: "credentials"},
		{name: "nobody in the clear", from: there, status: 403, says: "over TLS only"},
		{name: "a tool changes something", method: "POST", from: here, access: "root", secret: "root-secret", status: 200},
		{
			name: "a page of the server changes something", method: "POST", from: here, access: "root", secret: "root-secret", status: 200,
			header: map[string]string{"Origin": "http://example.com", "Sec-Fetch-Site": "same-origin"},
		},
		{
			name: "a page of another site changes something", method: "POST", from: here, access: "root", secret: "root-secret",
			header: map[string]string{"Origin": "http://example.org", "Sec-Fetch-Site": "cross-site"}, status: 403, says: "another site",
		},
		{
			name: "a page of another site changes something, in an old browser", method: "POST", from: here, access: "root",
			secret: "root-secret", header: map[string]string{"Origin": "http://example.org"}, status: 403, says: "another site",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			served := false
			c := well()
			c.TakeOver = func(context.Context, string) error { served = true; return nil }
			url := "/_/v1/projections"
			if test.method == "POST" {
				url += "/pebble/serve"
			}
			r := httptest.NewRequest(test.method, url, nil)
			r.RemoteAddr = test.from
			if test.tls {
				r.TLS = new(tls.ConnectionState)
			}
			if test.access != "" {
				r.SetBasicAuth(test.access, test.secret)
			}
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			admin.New(c, s3).ServeHTTP(w, r)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("status %d, want %d: %s", w.Code, test.status, w.Body)
			}
			if asked := strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic "); asked != (test.status == http.StatusUnauthorized) {
				t.Errorf("WWW-Authenticate is %q with status %d", w.Header().Get("WWW-Authenticate"), w.Code)
			}
			if want := test.method == "POST" && test.status == 200; served != want {
				t.Errorf("something was changed: %t, want %t", served, want)
			}
		})
	}
}

func TestAnAddressOfItsOwn(t *testing.T) {
	virtual := well()
	virtual.Domain = "s3.example.com"
	for _, test := range []struct {
		name        string
		method, url string
		status      int
	}{
		{"page", "GET", "/healthz", 200},
		{"page on what is a bucket's host elsewhere", "GET", "http://bucket.s3.example.com/healthz", 200},
		{"page with another method", "PUT", "/healthz", 404},
		{"administration", "GET", "/_/v1/projections", 200},
		{"list of buckets", "GET", "/", 404},
		{"object", "GET", "/bucket/key", 404},
		{"profiles", "GET", "/_/debug/pprof/", 200},
		{"profile", "GET", "/_/debug/pprof/goroutine", 200},
		{"no such profile", "GET", "/_/debug/pprof/nothing", 404},
		{"profiles without credentials", "GET", "/debug/pprof/", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.url, nil)
			r.RemoteAddr = "127.0.0.1:1234"
			r.SetBasicAuth("root", "root-secret")
			w := httptest.NewRecorder()
			admin.New(virtual, nil).ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("status %d, want %d: %s", w.Code, test.status, w.Body)
			}
		})
	}
	if got := ask(well(), "GET", "/_/debug/pprof/").StatusCode; got != 404 {
		t.Errorf("profiles beside S3: status %d, want 404", got)
	}
}

func TestProfilesNeedCredentials(t *testing.T) {
	for _, path := range []string{"", "goroutine", "cmdline", "profile", "symbol", "trace"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/_/debug/pprof/"+path, nil)
		r.RemoteAddr = "127.0.0.1:1234"
		admin.New(well(), nil).ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%q: status %d, want 401", path, w.Code)
		}
	}
}
