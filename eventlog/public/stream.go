package public

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/bleepstore/bleepstore/eventlog/feed"
)

const (
	// maxUnacknowledged is how many messages are on their way to a stream at most.
	maxUnacknowledged = 2000
	// ackTimeout is how long the server may take to store one.
	ackTimeout = 10 * time.Second
	// duplicateWindow is the least that makes sense. It is not needed: each message says which one it follows.
	duplicateWindow = 100 * time.Millisecond
)

// stream is the stream of an account. Its messages are a run of the events of the log that are for it, in their order and
// without a gap: each is stored only if it follows the last one that this process knows of.
type stream struct {
	js     jetstream.JetStream
	config jetstream.StreamConfig

	seq     uint64    // of the last message; 0 if there was none ever
	last    published // the event that is the last message; zero if there is no message
	pending []jetstream.PubAckFuture
}

// openStream opens the stream, or makes it. Limits that have changed are set.
func openStream(ctx context.Context, js jetstream.JetStream, c Config) (*stream, error) {
	s := &stream{js: js, config: jetstream.StreamConfig{
		Name:        StreamName,
		Description: "Events of BleepStore, one per message",
		Subjects:    []string{eventSubjects},
		Storage:     jetstream.FileStorage,
		Replicas:    1,
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxAge:      c.MaxAge,
		MaxBytes:    cmp.Or(c.MaxBytes, -1),
		MaxMsgs:     -1,
		MaxMsgSize:  -1,
		Duplicates:  duplicateWindow,
		DenyDelete:  true,
		DenyPurge:   true,
		AllowDirect: true,
	}}
	if _, err := js.CreateOrUpdateStream(ctx, s.config); err != nil {
		return nil, fmt.Errorf("open stream %s: %w", StreamName, err)
	}
	return s, nil
}

// errUnsound says that a stream is not what was written to it.
var errUnsound = errors.New("it is not what was written to it")

// load finds out what is in the stream. Errors: errUnsound, if there are messages that are no run of events.
func (s *stream) load(ctx context.Context) error {
	s.pending, s.seq, s.last = nil, 0, published{}
	handle, err := s.js.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return errUnsound
	}
	if err != nil {
		return err
	}
	state := handle.CachedInfo().State
	s.seq = state.LastSeq
	if state.Msgs == 0 {
		return nil
	}
	if state.NumDeleted > 0 || state.Msgs != state.LastSeq-state.FirstSeq+1 {
		return fmt.Errorf("%w: messages are missing between %d and %d", errUnsound, state.FirstSeq, state.LastSeq)
	}
	message, err := handle.GetMsg(ctx, state.LastSeq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("%w: message %d is missing", errUnsound, state.LastSeq)
	}
	if err != nil {
		return err
	}
	if s.last, err = publishedOf(message.Header); err != nil {
		return fmt.Errorf("%w: message %d: %w", errUnsound, state.LastSeq, err)
	}
	return nil
}

// renew makes the stream again, with nothing in it. The consumers go with it: they are positions in what it was.
func (s *stream) renew(ctx context.Context) error {
	if err := s.js.DeleteStream(ctx, StreamName); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("remove stream %s: %w", StreamName, err)
	}
	if _, err := s.js.CreateStream(ctx, s.config); err != nil {
		return fmt.Errorf("make stream %s: %w", StreamName, err)
	}
	s.pending, s.seq, s.last = nil, 0, published{}
	return nil
}

// has tells whether the stream has an event, or had.
func (s *stream) has(id feed.ID) bool { return id.Compare(s.last.ID) <= 0 }

// publish sends an event on its way, unless the stream has it; see flush.
func (s *stream) publish(ctx context.Context, e *feed.Event) error {
	if s.has(e.ID()) {
		return nil
	}
	if len(s.pending) == maxUnacknowledged {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	m, err := message(e)
	if err != nil {
		return err
	}
	m.Header.Set(jetstream.ExpectedLastSeqHeader, strconv.FormatUint(s.seq, 10))
	future, err := s.js.PublishMsgAsync(m)
	if err != nil {
		return fmt.Errorf("publish event %v: %w", e.ID(), err)
	}
	s.pending, s.seq, s.last = append(s.pending, future), s.seq+1, published{e.ID(), e.Commit}
	return nil
}

// flush waits until the stream has all that was added. After an error, the stream must be loaded.
func (s *stream) flush(ctx context.Context) error {
	for _, future := range s.pending {
		select {
		case <-future.Ok():
		case err := <-future.Err():
			return fmt.Errorf("publish event %s: %w", future.Msg().Header.Get(idHeader), err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	clear(s.pending) // so that the messages can go
	s.pending = s.pending[:0]
	return nil
}
