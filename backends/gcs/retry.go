package gcs

import (
	"context"
	"time"

	"cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
)

// retries are how a request is repeated that failed for a passing reason, as storage.ShouldRetry tells one.
//
// All requests may be repeated. Those that create an object depend on that there is none, or replace one, which comes to the
// same; a deletion is of a name that gets no other content, or whose content is replaced by who cannot tell either.
type retries struct {
	attempts int           // in all
	first    time.Duration // the longest first pause; each next one may take twice as long
	longest  time.Duration // the longest pause
}

// defaultRetries take 2.5 seconds on average, and 5 at most, besides the requests.
var defaultRetries = retries{attempts: 6, first: 200 * time.Millisecond, longest: 2 * time.Second}

func (r retries) backoff() gax.Backoff {
	return gax.Backoff{Initial: r.first, Max: r.longest, Multiplier: 2}
}

// options are those of the client, for all but uploads.
func (r retries) options() []storage.RetryOption {
	return []storage.RetryOption{
		storage.WithPolicy(storage.RetryAlways), storage.WithBackoff(r.backoff()), storage.WithMaxAttempts(r.attempts),
	}
}

// uploadOptions are those of one upload in pieces, for which the client counts no attempts: it would go on until its context
// ends, and forget why.
func (r retries) uploadOptions() []storage.RetryOption {
	failures := 0 // in a row; the client asks after each request, also a successful one
	again := func(err error) bool {
		if err == nil {
			failures = 0
			return false
		}
		failures++
		return failures < r.attempts && storage.ShouldRetry(err)
	}
	return []storage.RetryOption{
		storage.WithPolicy(storage.RetryAlways), storage.WithBackoff(r.backoff()), storage.WithErrorFunc(again),
	}
}

// do makes a request that the client does not repeat.
func (r retries) do(ctx context.Context, request func() error) error {
	pause := r.backoff()
	for attempt := 1; ; attempt++ {
		err := request()
		if err == nil || attempt == r.attempts || !storage.ShouldRetry(err) || gax.Sleep(ctx, pause.Pause()) != nil {
			return err
		}
	}
}
