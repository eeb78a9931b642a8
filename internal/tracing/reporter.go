package tracing

import (
	"sync"
	"time"
)

// reporter passes errors of the SDK on, at most one in each reportInterval. It implements otel.ErrorHandler.
type reporter struct {
	report func(error)

	mu   sync.Mutex
	last time.Time // of a report
}

// Handle implements otel.ErrorHandler.
func (r *reporter) Handle(err error) {
	if r.due() {
		r.report(err)
	}
}

func (r *reporter) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.last.IsZero() || now.Sub(r.last) >= reportInterval {
		r.last = now
		return true
	}
	return false
}
