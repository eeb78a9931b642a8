package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errNoMessage says that the stream has no message at a sequence, or that it is damaged.
var errNoMessage = errors.New("no such message")

// get returns the message at seq, or errNoMessage.
func (s *stream) get(ctx context.Context, seq uint64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	msg, err := s.handle.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, errNoMessage
	}
	if err != nil {
		return nil, fmt.Errorf("read message %d of stream %s: %w", seq, streamName, err)
	}
	return msg.Data, nil
}

// fetcher reads runs of messages by batched direct gets (NATS ADR-31). Unlike a consumer, it has no state in the server,
// no timers, and an answer, or the end of one, for every question: a message that should be there and is not shows
// at once.
type fetcher struct {
	conn    *nats.Conn
	sub     *nats.Subscription
	inbox   string
	request int // the answer to request n arrives at inbox.n
}

func (s *stream) newFetcher() (*fetcher, error) {
	inbox := nats.NewInbox()
	sub, err := s.conn.SubscribeSync(inbox + ".*")
	if err != nil {
		return nil, fmt.Errorf("subscribe to messages of stream %s: %w", streamName, err)
	}
	return &fetcher{conn: s.conn, sub: sub, inbox: inbox}, nil
}

func (f *fetcher) close() { _ = f.sub.Unsubscribe() } // fails only when the connection is closed

// directGet is the part of the request that is used here.
type directGet struct {
	Seq       uint64 `json:"seq"`
	Batch     int    `json:"batch"`
	MaxBytes  int    `json:"max_bytes"`
	NoHeaders bool   `json:"no_hdr"` // a commit says its own sequence, and headers cost more than half of the time
}

// fetch passes up to n messages, beginning with the one at seq, to each. There are fewer than n when they exceed
// maxBytes, or when the stream ends or is damaged; messages that are damaged are left out.
func (f *fetcher) fetch(ctx context.Context, seq uint64, n, maxBytes int, each func(data []byte) error) error {
	request, err := json.Marshal(&directGet{Seq: seq, Batch: n, MaxBytes: maxBytes, NoHeaders: true})
	if err != nil {
		return err
	}
	f.request++
	reply := f.inbox + "." + strconv.Itoa(f.request)
	if err := f.conn.PublishRequest("$JS.API.DIRECT.GET."+streamName, reply, request); err != nil {
		return fmt.Errorf("ask for messages of stream %s: %w", streamName, err)
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(readTimeout, func() { cancel(fmt.Errorf("no message in %v", readTimeout)) })
	defer silence.Stop()
	for got := 0; got < n; {
		silence.Reset(readTimeout)
		msg, err := f.sub.NextMsgWithContext(ctx)
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return fmt.Errorf("read messages of stream %s from %d on: %w", streamName, seq, err)
		}
		if msg.Subject != reply {
			continue // the end of an earlier answer, which was complete without it
		}
		switch status := msg.Header.Get("Status"); status {
		case "":
		case "204", "404": // the end, or nothing at all
			return nil
		default:
			return fmt.Errorf("read messages of stream %s from %d on: %s %s", streamName, seq, status, msg.Header.Get("Description"))
		}
		if err := each(msg.Data); err != nil {
			return err
		}
		got++
	}
	return nil
}
