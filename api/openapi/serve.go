package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Handler serves a document as JSON. Its server is the one that was asked, so that what is sent to it comes here.
func Handler(d *Document) http.HandlerFunc {
	body, err := json.Marshal(d, json.Deterministic(true))
	if err != nil {
		panic(err) // a Document has nothing that JSON has no form for
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer(w, r, append(servers(r), body[1:]...))
	}
}

// servers begins a document with the server that a request was sent to.
func servers(r *http.Request) []byte {
	b, err := jsontext.AppendQuote([]byte(`{"servers":[{"url":`), server(r))
	if err != nil {
		panic(err) // ASCII has a form
	}
	return append(b, "}],"...)
}

// host is what a Host header may be: a name or an address, and a port.
// See https://www.rfc-editor.org/rfc/rfc9110#name-host-and-authority
var host = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// server is the URL that a request was sent to, without its path. A Host that is none makes it relative to where the
// document is.
func server(r *http.Request) string {
	switch {
	case len(r.Host) > 261 || !host.MatchString(r.Host): // 255 for a name, 6 for a port
		return "/"
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// answer answers with what browsers may keep, but use only after they have asked whether it is still so.
func answer(w http.ResponseWriter, r *http.Request, body []byte) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Set("Etag", etag(body))
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}
