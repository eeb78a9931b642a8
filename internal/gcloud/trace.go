package gcloud

import (
	"context"

	"github.com/googleapis/gax-go/v2/callctx"

	"github.com/bleepstore/bleepstore/internal/tracing"
)

// Traced has requests over HTTP that are made with the context carry its trace, if it has one. The clients of Google make their
// transports themselves.
func Traced(ctx context.Context) context.Context {
	if headers := tracing.Headers(ctx); headers != nil {
		return callctx.SetHeaders(ctx, headers...)
	}
	return ctx
}
