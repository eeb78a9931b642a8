package cosmos

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// hook stands between a table and the service. Each request for items goes to the functions in fault, in order, until one of
// them answers it; then to the service.
type hook struct {
	mu       sync.Mutex
	faults   []fault
	delay    time.Duration
	requests int // for items
}

// fault answers a request, or returns neither a response nor an error.
type fault func(*http.Request) (*http.Response, error)

var errCut = &cutError{}

// cutError is what a client sees of a connection that was cut.
type cutError struct{}

func (*cutError) Error() string { return "the connection was cut" }
func (*cutError) Unwrap() error { return io.ErrUnexpectedEOF }

func (h *hook) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isOfItems(r) {
		return http.DefaultTransport.RoundTrip(r)
	}
	h.mu.Lock()
	h.requests++
	faults, delay := slices.Clone(h.faults), h.delay
	h.mu.Unlock()
	time.Sleep(delay)
	for _, f := range faults {
		if response, err := f(r); response != nil || err != nil {
			return response, err
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (h *hook) set(faults ...fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = faults
}

// count returns how many requests for items came since the last count.
func (h *hook) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.requests = 0 }()
	return h.requests
}

// once answers the first request as f does, and no other.
func once(f fault) fault {
	var mu sync.Mutex
	done := false
	return func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return nil, nil
		}
		response, err := f(r)
		done = response != nil || err != nil
		return response, err
	}
}

// onWrites answers the requests that change rows as f does.
func onWrites(f fault) fault {
	return func(r *http.Request) (*http.Response, error) {
		if isRead(r) || strings.HasSuffix(r.URL.Path, "/"+absentID) {
			return nil, nil
		}
		return f(r)
	}
}

// answer answers with a status, a body and headers, "name: value".
func answer(status int, body string, headers ...string) fault {
	return func(r *http.Request) (*http.Response, error) {
		header := http.Header{}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			header.Set(name, value)
		}
		return &http.Response{
			StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Header: header,
			Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
}

// cutBefore cuts the connection before the request has come to the service.
func cutBefore(*http.Request) (*http.Response, error) { return nil, errCut }

// cutAfter cuts the connection when the service has done what was asked, before it says so.
func cutAfter(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return nil, errors.Join(errCut, response.Body.Close())
}

// late cuts the connection, and lets the request come to the service after a time.
func late(t *testing.T, after time.Duration) fault {
	return func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		delayed := r.Clone(t.Context())
		delayed.Body = io.NopCloser(bytes.NewReader(body))
		time.AfterFunc(after, func() {
			if response, err := http.DefaultTransport.RoundTrip(delayed); err == nil {
				response.Body.Close()
			}
		})
		return nil, errCut
	}
}

// unanswered keeps the client waiting.
func unanswered(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// openHooked returns a table in a new container with a hook before the service.
func openHooked(t *testing.T, account emulators.CosmosAccount) (*Table, *hook) {
	t.Helper()
	h := &hook{}
	table := mustOpen(t, newConfig(account), h)
	t.Cleanup(func() { table.Close() })
	return table, h
}
