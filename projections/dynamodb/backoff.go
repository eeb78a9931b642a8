package dynamodb

import (
	"context"
	"math/rand/v2"
	"time"
)

// Before a request is repeated, it waits. The time doubles from firstDelay on, up to maxDelay, and half of it is random, so
// that requests that failed together are not repeated together.
const (
	firstDelay = 50 * time.Millisecond
	maxDelay   = 4 * time.Second
)

// backoff returns the time to wait after a number of attempts, at least one, that have failed.
func backoff(failed int) time.Duration {
	delay := min(firstDelay<<min(failed-1, 10), maxDelay)
	return delay/2 + rand.N(delay/2)
}

// sleep waits for a time, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// persist calls request until nothing is left of a batch. DynamoDB leaves what it has no capacity for now, or what is too
// much for one answer. It gives up when the attempts in a row that did nothing are as many as those of a request.
func persist(ctx context.Context, size int, request func() (left int, err error)) error {
	for failed := 0; size > 0; {
		left, err := request()
		if err != nil || left == 0 {
			return err
		}
		if failed++; left < size {
			failed = 1
		}
		if failed == attempts {
			return errUnprocessed
		}
		if err := sleep(ctx, backoff(failed)); err != nil {
			return err
		}
		size = left
	}
	return nil
}
