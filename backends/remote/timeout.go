package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/backends"
)

// slowest is how many bytes a second a request must carry at least.
const slowest = 128 << 10

// sendTimeout is how long a request with a body may take.
func (b *Backend) sendTimeout(size int64) time.Duration {
	return b.timeout + time.Duration(size/slowest)*time.Second
}

// listTimeout is how long requests about so many objects may take.
func (b *Backend) listTimeout(objects int) time.Duration {
	return b.timeout * time.Duration(1+objects/1000)
}

// timedOut adds backends.ErrUnavailable to an error that came because a time-out of ours has ended ctx.
func timedOut(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(err, backends.ErrUnavailable) {
		return fmt.Errorf("%w: it did not answer in time: %w", backends.ErrUnavailable, err)
	}
	return err
}
