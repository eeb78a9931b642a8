package openapi_test

import (
	"compress/gzip"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/api/openapi"
)

func ask(handle http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	handle.ServeHTTP(w, r)
	return w.Result()
}

func TestServerIsTheOneThatWasAsked(t *testing.T) {
	handle := openapi.Handler(&openapi.Document{OpenAPI: openapi.Version})
	for _, test := range []struct {
		host string
		tls  bool
		want string
	}{
		{"127.0.0.1:9000", false, "http://127.0.0.1:9000"},
		{"s3.example.com", true, "https://s3.example.com"},
		{"[::1]:9000", false, "http://[::1]:9000"},
		{"", false, "/"},
		{`x"}],"paths":{`, false, "/"},
		{"user@example.com", false, "/"},
		{"example.com/path", false, "/"},
		{"<script>", false, "/"},
		{"\xff", false, "/"},
		{strings.Repeat("a", 300), false, "/"},
	} {
		r := httptest.NewRequest("GET", "/openapi.json", nil)
		r.Host = test.host
		if test.tls {
			r.TLS = new(tls.ConnectionState)
		}
		var got struct {
			Servers []struct {
				URL string `json:"url"`
			} `json:"servers"`
			OpenAPI string `json:"openapi"`
		}
		if err := json.UnmarshalRead(ask(handle, r).Body, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Servers) != 1 || got.Servers[0].URL != test.want || got.OpenAPI != openapi.Version {
			t.Errorf("host %q: document is %+v, want the server %s", test.host, got, test.want)
		}
	}
}

func TestWhatIsKeptIsAskedForAgain(t *testing.T) {
	handle := openapi.Handler(&openapi.Document{})
	first := ask(handle, httptest.NewRequest("GET", "/openapi.json", nil))
	if got := first.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control is %q", got)
	}
	again := httptest.NewRequest("GET", "/openapi.json", nil)
	again.Header.Set("If-None-Match", first.Header.Get("Etag"))
	if got := ask(handle, again).StatusCode; got != http.StatusNotModified {
		t.Errorf("status %d of what has not changed", got)
	}
	again.Host = "elsewhere"
	if got := ask(handle, again).StatusCode; got != http.StatusOK {
		t.Errorf("status %d of what has changed", got)
	}
}

// The page loads nothing from elsewhere, and runs no script that is written into it.
func TestPageHasAllThatItLoads(t *testing.T) {
	pages := openapi.Pages()
	page := ask(pages["/docs"], httptest.NewRequest("GET", "/docs", nil))
	if got := page.Header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'; script-src 'self'; style-src 'self';") {
		t.Errorf("Content-Security-Policy is %q", got)
	}
	text := read(t, page.Body)
	loaded := regexp.MustCompile(`(?:src|<link rel="stylesheet" href)="([^"]*)"`).FindAllStringSubmatch(text, -1)
	if len(loaded) != 4 {
		t.Errorf("the page loads %v", loaded)
	}
	for _, url := range loaded {
		file := pages["/"+url[1]]
		if file == nil {
			t.Errorf("the page loads %s, which is not there", url[1])
			continue
		}
		plain := ask(file, httptest.NewRequest("GET", "/"+url[1], nil))
		if plain.StatusCode != http.StatusOK || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: status %d, Content-Encoding %q", url[1], plain.StatusCode, plain.Header.Get("Content-Encoding"))
		}
		want := "text/css; charset=utf-8"
		if strings.HasSuffix(url[1], ".js") {
			want = "text/javascript; charset=utf-8"
		}
		if got := plain.Header.Get("Content-Type"); got != want {
			t.Errorf("%s has the type %s, want %s", url[1], got, want)
		}
	}
	if regexp.MustCompile(`<script>|<style>|\son[a-z]+=`).MatchString(text) {
		t.Error("the page has scripts or styles in it")
	}
}

func TestLargeFilesAreCompressedForWhoWantsThat(t *testing.T) {
	handle := openapi.Pages()["/docs/swagger-ui.css"]
	plain := read(t, ask(handle, httptest.NewRequest("GET", "/docs/swagger-ui.css", nil)).Body)
	for accept, compressed := range map[string]bool{
		"gzip": true, "gzip, deflate, br": true, "br;q=1, GZIP ; q=0.5": true,
		"gzip;q=0": false, "br": false, "": false, "gzip; q=0.000": false,
	} {
		r := httptest.NewRequest("GET", "/docs/swagger-ui.css", nil)
		r.Header.Set("Accept-Encoding", accept)
		answer := ask(handle, r)
		if got := answer.Header.Get("Content-Encoding") == "gzip"; got != compressed {
			t.Errorf("Accept-Encoding %q: compressed is %v, want %v", accept, got, compressed)
			continue
		}
		body := io.Reader(answer.Body)
		if compressed {
			var err error
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, body); got != plain {
			t.Errorf("Accept-Encoding %q: other content", accept)
		}
		if answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary is %q", accept, answer.Header.Get("Vary"))
		}
	}
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
