package gcs

import (
	"context"
	"time"
)

// OpenBrisk opens a bucket that repeats a request twice, almost without a pause.
func OpenBrisk(ctx context.Context, c Config) (*Bucket, error) {
	return open(ctx, c, retries{attempts: 3, first: time.Millisecond, longest: time.Millisecond})
}
