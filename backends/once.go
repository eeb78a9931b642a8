package backends

import "context"

type onceKey struct{}

// Once returns a context of reads that go through all blobs and are about the bytes where they are kept: to check them, or to copy
// them. A cache neither answers them nor keeps what they read.
func Once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

// IsOnce tells whether a context is one of Once.
func IsOnce(ctx context.Context) bool { return ctx.Value(onceKey{}) != nil }
