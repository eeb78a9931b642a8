package remote

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// listAll yields all objects whose names begin with a prefix, as Bucket.List does, however long whoever gets them takes. The
// service may take a time-out for each page.
func listAll(ctx context.Context, bucket Bucket, prefix string, timeout time.Duration) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		timer := time.AfterFunc(timeout, func() { cancel(errSlow) })
		defer timer.Stop()
		for info, err := range bucket.List(ctx, prefix, "", listPage) {
			timer.Stop()
			if err != nil && errors.Is(context.Cause(ctx), errSlow) {
				err = fmt.Errorf("%w: %w", errSlow, err)
			}
			if !yield(info, err) {
				return
			}
			timer.Reset(timeout)
		}
	}
}
