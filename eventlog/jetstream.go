package eventlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/bleepstore/bleepstore/internal/natslog"
)

// The names under which the log is kept.
const (
	streamName    = "BLEEPSTORE_LOG"
	streamSubject = "bleepstore.log.commits"
	logIDKey      = "bleepstore-log-id" // in the stream's metadata
)

const (
	// maxMessage bounds a commit; nats-server recommends no more.
	maxMessage = 8 << 20

	// An append is tried until it is acknowledged, ackAttempts times with ackTimeout each. The waits are for disks that
	// stall: in memory, an acknowledgement cannot get lost.
	ackTimeout  = 5 * time.Second
	ackAttempts = 6

	// duplicateWindow is how long the server knows message ids. It keeps them in memory and reads them back when it
	// starts, so it is short; storedAs recognizes older duplicates.
	duplicateWindow = 30 * time.Second

	// readTimeout is how long the server may take for the first message of an answer, and for each one behind it.
	readTimeout = 10 * time.Second
)

// API error codes of nats-server that have no name in nats.go; see its server/errors.json.
const (
	errAccountResourcesExceeded jetstream.ErrorCode = 10002
	errInsufficientResources    jetstream.ErrorCode = 10023
)

// stream is all that the log asks of JetStream: to append a message durably at a sequence, to read messages from a
// sequence on, and to tell the last sequence.
type stream struct {
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
	handle jetstream.Stream
	log    string // id of the log
	said   *serverErrors
}

// streamOptions say how to open a stream.
type streamOptions struct {
	mustExist bool // a missing stream is an error, rather than the beginning of a new log

	// What is for the rebuilding of a log alone, which makes a stream that does not exist.
	log   string // the id of the log; empty for a new one
	first uint64 // sequence of the first message; 0 is 1
	lazy  bool   // appends are not synced; Rebuild does that in the end
}

// streamState says which messages a stream has; last is below first if there is none.
type streamState struct{ first, last uint64 }

// openStream starts a server in this process, which listens nowhere, and opens the stream in dir, or makes one.
func openStream(ctx context.Context, dir string, o streamOptions) (_ *stream, state streamState, err error) {
	s := &stream{said: new(serverErrors)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	s.server, err = server.NewServer(&server.Options{
		ServerName: "bleepstore",
		DontListen: true,
		NoSigs:     true,

		JetStream:         true,
		StoreDir:          dir,
		SyncAlways:        !o.lazy,
		MaxPayload:        maxMessage,
		JetStreamMaxStore: 1 << 60, // instead of a part of what the disk has free now; see appendReserve

		PingInterval:     time.Hour, // there is no network to look after
		MaxClosedClients: 1,
	})
	if err != nil {
		return nil, state, fmt.Errorf("configure the embedded NATS server: %w", err)
	}
	s.server.SetLogger(s.said.logger(), false, false)
	s.server.Start()
	config := s.server.JetStreamConfig()
	if config == nil {
		return nil, state, fmt.Errorf("start JetStream in %s: %w", dir, s.said.err())
	}
	if !config.SyncAlways && !o.lazy {
		return nil, state, errors.New("JetStream does not sync every append to disk")
	}

	s.conn, err = nats.Connect("", nats.InProcessServer(s.server), nats.NoReconnect(), nats.PingInterval(time.Hour))
	if err != nil {
		return nil, state, fmt.Errorf("connect to the embedded NATS server: %w", err)
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return nil, state, fmt.Errorf("connect to JetStream: %w", err)
	}
	s.handle, err = s.js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if o.mustExist {
			return nil, state, &CorruptError{Seq: 1, Want: "stream " + streamName, Found: "none in " + dir + s.said.warning()}
		}
		s.handle, err = s.js.CreateStream(ctx, streamConfig(o))
	}
	if err != nil {
		return nil, state, fmt.Errorf("open stream %s: %w", streamName, err)
	}
	info := s.handle.CachedInfo()
	if s.log = info.Config.Metadata[logIDKey]; s.log == "" {
		return nil, state, fmt.Errorf("stream %s in %s has no log id: it is not an event log", streamName, dir)
	}
	if info.Config.PersistMode != jetstream.DefaultPersistMode {
		return nil, state, fmt.Errorf("stream %s does not sync every append to disk: persist mode %v", streamName, info.Config.PersistMode)
	}
	// Of an empty stream JetStream says that the first message is 0, or the one that will be.
	return s, streamState{max(info.State.FirstSeq, 1), info.State.LastSeq}, nil
}

// syncLastBlock makes durable what an earlier process wrote and, killed too early, did not sync: from now on, all that
// can be read counts as durable. Earlier blocks are synced, because each message is before the next one is written.
func syncLastBlock(dir string) error {
	list, err := blocks(dir)
	if err != nil || len(list) == 0 {
		return err
	}
	last := slices.MaxFunc(list, func(a, b block) int { return a.written.Compare(b.written) })
	f, err := os.Open(last.path)
	if err != nil {
		return fmt.Errorf("sync the end of the event log: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync the end of the event log: %w", err)
	}
	return nil
}

func streamConfig(o streamOptions) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        streamName,
		Description: "Commits of BleepStore's event log",
		Subjects:    []string{streamSubject},
		Storage:     jetstream.FileStorage,
		Replicas:    1,
		MaxMsgs:     -1,
		MaxBytes:    -1,
		MaxMsgSize:  -1,
		Discard:     jetstream.DiscardNew,
		Duplicates:  duplicateWindow,
		DenyDelete:  true,
		AllowDirect: true,
		Metadata:    map[string]string{logIDKey: cmp.Or(o.log, uuid.NewString())},
		FirstSeq:    o.first,
	}
}

// errUnknownOutcome says that it cannot be told whether a message was stored.
var errUnknownOutcome = errors.New("it is unknown whether the commit was stored")

// append stores a commit as the message with sequence seq and returns when it is on disk. The outcome is known, also
// when an error is returned, except for errUnknownOutcome:
//
//   - ErrNoSpace and other errors: it was not stored.
//   - ErrFenced: the stream has gone on without this writer.
func (s *stream) append(ctx context.Context, seq uint64, hash string, commit []byte) error {
	// The same id on every attempt makes the server store one of them; so does the expected sequence, on its own.
	msg := &nats.Msg{Subject: streamSubject, Data: commit, Header: nats.Header{
		jetstream.MsgIDHeader:           {fmt.Sprintf("%d.%.16s", seq, hash)},
		jetstream.ExpectedLastSeqHeader: {strconv.FormatUint(seq-1, 10)},
	}}
	logged := s.said.last.Load()
	var last error
	for range ackAttempts {
		ack, err := s.publish(ctx, msg)
		if err == nil {
			if ack.Sequence != seq {
				return fmt.Errorf("%w: commit %d was stored as message %d", ErrFenced, seq, ack.Sequence)
			}
			return nil
		}
		if rejected, ok := errors.AsType[*jetstream.APIError](err); ok {
			switch rejected.ErrorCode {
			case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
				return s.storedAs(ctx, seq, hash)
			case errInsufficientResources, errAccountResourcesExceeded:
				return fmt.Errorf("%w: %w", ErrNoSpace, err)
			}
			return err
		}
		last = err
		// A server that cannot write does not answer, now or ever again. It only logs.
		if !errors.Is(err, context.DeadlineExceeded) || s.said.last.Load() != logged {
			break
		}
	}
	return fmt.Errorf("%w: %w; %w", errUnknownOutcome, last, s.said.err())
}

func (s *stream) publish(ctx context.Context, msg *nats.Msg) (*jetstream.PubAck, error) {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	return s.js.PublishMsg(ctx, msg)
}

// storedAs tells whether the message at seq, which the server says exists, is the commit with that hash: then an earlier
// attempt was stored and its acknowledgement lost. nats-server looks at the expected sequence before the message id, so
// this is the answer that a retry gets.
func (s *stream) storedAs(ctx context.Context, seq uint64, want string) error {
	commit, err := s.get(ctx, seq)
	switch {
	case errors.Is(err, errNoMessage):
		return ErrFenced
	case err != nil:
		return fmt.Errorf("%w: %w", errUnknownOutcome, err)
	case hash(commit) != want:
		return ErrFenced
	}
	return nil
}

// trim removes the messages before seq.
func (s *stream) trim(ctx context.Context, seq uint64) error {
	if err := s.handle.Purge(ctx, jetstream.WithPurgeSequence(seq)); err != nil {
		return fmt.Errorf("remove the messages of stream %s before %d: %w", streamName, seq, err)
	}
	return nil
}

// bytes is how many bytes the messages take, with their headers.
func (s *stream) bytes(ctx context.Context) (uint64, error) {
	handle, err := s.js.Stream(ctx, streamName) // another one, because asking a handle for news changes it
	if err != nil {
		return 0, fmt.Errorf("ask for the size of stream %s: %w", streamName, err)
	}
	return handle.CachedInfo().State.Bytes, nil
}

// check tells whether the server works.
func (s *stream) check() error {
	if !s.server.JetStreamEnabled() || s.conn.Status() != nats.CONNECTED {
		return fmt.Errorf("the embedded NATS server has stopped: %w", s.said.err())
	}
	return nil
}

func (s *stream) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
}

// serverErrors keeps the last error and the last warning that the server logged, because it does not return some of them.
type serverErrors struct{ last, warned atomic.Pointer[string] }

func (s *serverErrors) err() error {
	if last := s.last.Load(); last != nil {
		return fmt.Errorf("the NATS server logged %q", *last)
	}
	return errors.New("the NATS server logged no error")
}

// warning is the last warning as the end of a sentence; empty if there is none. Why a stream is left out at the start is
// one.
func (s *serverErrors) warning() string {
	if warned := s.warned.Load(); warned != nil {
		return fmt.Sprintf(", about which the NATS server logged %q", strings.TrimSpace(*warned))
	}
	return ""
}

// logger is what the server logs to.
func (s *serverErrors) logger() natslog.Logger {
	return natslog.Logger{
		Error: func(text string) { s.last.Store(&text) },
		Warn:  func(text string) { s.warned.Store(&text) },
	}
}
