package admin

import (
	"context"
	"net/http"
	"sync"
	"time"
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
	// Projections are the engines of the metadata. One that does not serve may be behind or broken, and the whole is well.
	Projections []projection `json:"projections"`
}

type check struct {
	Status    string  `json:"status"`
	LatencyMS float64 `json:"latency_ms"`
	Error     string  `json:"error,omitzero"`
}

func (c Config) live(w http.ResponseWriter, _ *http.Request) { empty(w, http.StatusOK) }

func (c Config) ready(w http.ResponseWriter, _ *http.Request) {
	if c.Ready() != nil {
		empty(w, http.StatusServiceUnavailable)
		return
	}
	empty(w, http.StatusOK)
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
	checks.Go(func() {
		for _, p := range c.projections(ctx) {
			p.Place = ""
			h.Projections = append(h.Projections, p)
		}
	})
	checks.Wait()

	status := http.StatusOK
	h.Status = statusOK
	for _, part := range []check{h.Checks.Metadata, h.Checks.Storage, h.Checks.Log, h.Checks.Archive} {
		if part.Status != statusOK {
			status, h.Status = http.StatusServiceUnavailable, statusError
		}
	}

	answer(w, status, h)
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
