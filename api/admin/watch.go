package admin

import (
	"net/http"
	"time"

	"github.com/bleepstore/bleepstore/internal/idle"
)

const (
	// idleTimeout is how long a client may take to receive what is written at once.
	idleTimeout = time.Minute
	// bodyTimeout and maxBody, in bytes, bound what comes with a request, which is little.
	bodyTimeout = 30 * time.Second
	maxBody     = 1 << 20
)

// watch returns a handler that ends requests of next whose clients are slow.
func watch(next http.Handler) http.Handler {
	return idle.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // there is none in tests
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		next.ServeHTTP(w, r)
	}), idleTimeout)
}
