package firestore

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// retry calls try, and again after a pause for as long as it fails for a cause that may pass, until it has achieved nothing
// for the patience of the table. What try returns besides an error is whether it has achieved something.
func (t *Table) retry(ctx context.Context, try func() (progress bool, err error)) error {
	var pause gax.Backoff
	begin := func() time.Time {
		pause = gax.Backoff{Initial: 50 * time.Millisecond, Max: 2 * time.Second, Multiplier: 2}
		return time.Now().Add(t.patience)
	}
	for end := begin(); ; {
		progress, err := try()
		if progress {
			end = begin()
		}
		if err == nil || !mayPass(err) || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
		if gax.Sleep(ctx, pause.Pause()) != nil {
			return err
		}
	}
}

// mayPass tells whether a request may succeed when it is repeated. All requests may be repeated.
func mayPass(err error) bool {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Internal:
		return true
	}
	return false
}
