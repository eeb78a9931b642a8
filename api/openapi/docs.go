package openapi

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
)

// The page and what it is made of. swagger-ui holds files of the npm package swagger-ui-dist, large ones compressed, as
// the task swagger-ui in Taskfile.yml fetches them.
//
//go:embed docs.html docs.css docs.js swagger-ui
var files embed.FS

// policy lets the page use what comes from this server, and nothing else.
// See https://www.w3.org/TR/CSP3/
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// kinds are the media types of files, by the ends of their names. Licenses may have none.
var kinds = map[string]string{
	"": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".html": "text/html; charset=utf-8",
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
}

// Pages are the page at "/docs", which shows the documents at "/openapi.json" and "/_/v1/openapi.json", and the files
// below it that the page needs. They are for GET and HEAD.
func Pages() map[string]http.Handler {
	pages := map[string]http.Handler{
		"/docs":          embedded("docs.html"),
		"/docs/docs.css": embedded("docs.css"),
		"/docs/docs.js":  embedded("docs.js"),
	}
	entries, err := files.ReadDir("swagger-ui")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, entry := range entries {
		pages["/docs/"+strings.TrimSuffix(entry.Name(), ".gz")] = embedded("swagger-ui/" + entry.Name())
	}
	return pages
}

// embedded serves a file. One that is compressed is expanded for who does not want it so.
func embedded(name string) http.HandlerFunc {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	plain, compressed := strings.CutSuffix(name, ".gz")
	kind := kinds[path.Ext(plain)]
	return func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Type", kind)
		header.Set("Content-Security-Policy", policy)
		header.Set("Referrer-Policy", "no-referrer")
		body := content
		if compressed {
			header.Set("Vary", "Accept-Encoding")
			if acceptsGzip(r.Header.Values("Accept-Encoding")) {
				header.Set("Content-Encoding", "gzip")
			} else {
				body = expand(content)
			}
		}
		answer(w, r, body)
	}
}

// acceptsGzip tells whether an Accept-Encoding header has gzip in it, and not only to refuse it.
// See https://www.rfc-editor.org/rfc/rfc9110#field.accept-encoding
func acceptsGzip(header []string) bool {
	for coding := range strings.SplitSeq(strings.Join(header, ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			_, value, weighed := strings.Cut(weight, "=")
			return !weighed || strings.Trim(value, " 0.") != ""
		}
	}
	return false
}

func expand(compressed []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic(fmt.Errorf("embedded file: %w", err))
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		panic(fmt.Errorf("embedded file: %w", err))
	}
	return body
}
