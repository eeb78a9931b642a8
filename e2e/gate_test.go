package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// gate passes requests on to a service. It counts some of them, and holds those that are too many.
type gate struct {
	url  string
	seen atomic.Int64
	most atomic.Int64 // 0 for any number
}

func newGate(t testing.TB, endpoint string, counts func(*http.Request) bool) *gate {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	g := new(gate)
	forward := httputil.NewSingleHostReverseProxy(target) // which keeps the Host that is signed
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if counts(r) {
			if n, most := g.seen.Add(1), g.most.Load(); most > 0 && n > most {
				<-r.Context().Done()
				return
			}
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	g.url = proxy.URL
	return g
}
