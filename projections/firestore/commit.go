package firestore

import (
	"context"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// commit makes writes in one request, and repeats it while that may help. When it returns, no request of it is on its way,
// where it could undo what a later call writes:
//
// Each request has a deadline, which gRPC tells the server, and after which the server does not carry it out. A request that
// was answered is over. After one that was sent and not answered, because the connection was cut or the deadline passed,
// commit waits for that deadline, and a margin for the time that the request took to the server, also if a repetition has
// succeeded meanwhile. The end of ctx doesn't end a request, since it would leave its fate unknown; it is only not repeated.
func (t *Table) commit(ctx context.Context, writes []*firestorepb.Write) error {
	var settled time.Time // when no request is on its way any more
	defer func() { time.Sleep(time.Until(settled)) }()
	request := &firestorepb.CommitRequest{Database: t.name(), Writes: writes}
	return t.retry(ctx, func() (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		deadline := time.Now().Add(t.attempt)
		attempt, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
		defer cancel()
		var server peer.Peer // stays empty if there was no connection to send the request on
		_, err := t.client.Commit(t.headers(attempt), request, gax.WithGRPCOptions(grpc.Peer(&server)))
		if err != nil && server.Addr != nil && !answered(err) {
			settled = deadline.Add(t.margin)
		}
		return false, err
	})
}

// answered tells whether the error of a request says that the server is done with it. Those that don't may come from the
// client, or from something between it and the server.
func answered(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Internal, codes.Unknown:
		return false
	}
	return true
}
