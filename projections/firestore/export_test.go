package firestore

import (
	"context"
	"time"

	"google.golang.org/api/option"
	"google.golang.org/grpc"
)

// Timing is how long calls take at most, in a test that doesn't want to wait.
type Timing struct{ Attempt, Patience, Margin time.Duration }

// OpenWith opens a table with other times and with options for its connection, such as interceptors.
func OpenWith(ctx context.Context, c Config, times Timing, dial ...grpc.DialOption) (*Table, error) {
	var options []option.ClientOption
	for _, o := range dial {
		options = append(options, option.WithGRPCDialOption(o))
	}
	return open(ctx, c, timing{times.Attempt, times.Patience, times.Margin}, options...)
}

// DefaultTiming are the times of a table that Open opens.
var DefaultTiming = Timing{defaultTiming.attempt, defaultTiming.patience, defaultTiming.margin}
