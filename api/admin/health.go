package admin

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// checkTimeout is how long the checks of one /health may take.
const checkTimeout = 5 * time.Second

// The states of a part and of the whole.
const (
	statusOK    = "ok"
	statusError = "error"
)

type health struct {
	Status string `json:"status"`
	Checks struct {
		Metadata check `json:"metadata"`
		Storage  check `json:"storage"`
		Log      check `json:"log"`
		Archive  check `json:"archive"`
	} `json:"checks"`
}

type check struct {
	Status    string  `json:"status"`
	LatencyMS float64 `json:"latency_ms"`
	Error     string  `json:"error,omitzero"`
}

func (c Config) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()

	var h health
	var checks sync.WaitGroup
	checks.Go(func() { h.Checks.Metadata = run(ctx, c.Checks.Metadata) })
	checks.Go(func() { h.Checks.Storage = run(ctx, c.Checks.Storage) })
	checks.Go(func() { h.Checks.Log = run(ctx, c.Checks.Log) })
	checks.Go(func() { h.Checks.Archive = run(ctx, c.Checks.Archive) })
	checks.Wait()

	status := http.StatusOK
	h.Status = statusOK
	for _, part := range []check{h.Checks.Metadata, h.Checks.Storage, h.Checks.Log, h.Checks.Archive} {
		if part.Status != statusOK {
			status, h.Status = http.StatusServiceUnavailable, statusError
		}
	}

	body, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings and finite numbers always have a JSON form
	}
	header(w)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer; nothing is written for HEAD
}

// run asks one part how it is. Latency is told to the microsecond.
func run(ctx context.Context, ask func(context.Context) error) check {
	start := time.Now()
	err := ask(ctx)
	c := check{Status: statusOK, LatencyMS: float64(time.Since(start).Microseconds()) / 1000}
	if err != nil {
		c.Status, c.Error = statusError, err.Error()
	}
	return c
}
