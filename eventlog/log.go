package eventlog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/group"
	"github.com/bleepstore/bleepstore/internal/limit"
)

// Config says where a log is kept.
type Config struct {
	// Dir is the log's own folder. It is made if it does not exist, and belongs to one Log at a time.
	Dir string
	// Appended is told of each commit when it is durable, before the append returns. It must be quick. Nil to tell nobody.
	Appended func(Appended)
}

// Log is an append-only log of events. It is safe for concurrent use.
//
// It is kept by a NATS server in this process, which listens nowhere, in one JetStream stream: each commit is a message,
// and the sequence of the message is that of the commit.
type Log struct {
	dir      string
	free     func(dir string) (int64, error) // how many bytes are free on the disk; freeBytes but in tests
	lock     *os.File
	stream   *stream
	head     headFile
	appends  *group.Committer[*pending]
	queued   limit.Usage // bytes of the appends that wait or are being written
	closed   chan struct{}
	appended func(Appended) // nil to tell nobody

	mu      sync.Mutex
	first   uint64 // sequence of the first commit that is here: 1, unless the log was trimmed
	last    Position
	recent  recent
	counted counted
	grown   chan struct{} // closed, and replaced, when last moves
	stopped error         // why the log accepts no more appends; never unset
}

// Open opens the log in a folder, or makes one, and verifies its end. The folder is in use until Close; opening it a second
// time meanwhile is an error. A damaged log is a *CorruptError.
func Open(ctx context.Context, cfg Config) (_ *Log, err error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the event log: %w", err)
	}
	l := &Log{dir: cfg.Dir, free: freeBytes, closed: make(chan struct{}), grown: make(chan struct{}), appended: cfg.Appended}
	defer func() {
		if err != nil {
			l.release()
		}
	}()
	if l.lock, err = lockDir(cfg.Dir); err != nil {
		return nil, err
	}
	var acknowledged Position
	if l.head, acknowledged, err = openHeadFile(cfg.Dir); err != nil {
		return nil, err
	}
	if acknowledged.Log == "" {
		if err := clearUnfinished(cfg.Dir); err != nil {
			return nil, fmt.Errorf("begin the event log again, the making of which was cut off: %w", err)
		}
	}
	if err := checkBlocks(cfg.Dir); err != nil {
		return nil, err
	}
	if err := syncLastBlock(cfg.Dir); err != nil {
		return nil, err
	}
	var state streamState
	if l.stream, state, err = openStream(ctx, cfg.Dir, streamOptions{mustExist: acknowledged.Log != ""}); err != nil {
		return nil, err
	}
	if acknowledged.Log == "" { // a stream that was made just now, or that nothing has promised to keep yet
		if err := durable.SyncTree(cfg.Dir); err != nil {
			return nil, fmt.Errorf("sync the new event log: %w", err)
		}
	}
	l.first = state.first
	if err := l.verifyAcknowledged(ctx, acknowledged, state.last); err != nil {
		return nil, err
	}
	if l.last, err = l.verifyLast(ctx, state.last); err != nil {
		return nil, err
	}
	// An empty log has an id to remember too.
	if err := l.head.write(Position{Log: l.ID(), Seq: l.last.Seq, Hash: l.last.Hash}); err != nil {
		return nil, err
	}
	if err := l.head.sync(); err != nil {
		return nil, fmt.Errorf("sync the head of the event log: %w", err)
	}
	l.appends = group.New(l.flush)
	return l, nil
}

// verifyAcknowledged checks that the log, which ends at seq, still has what head.json says was acknowledged.
func (l *Log) verifyAcknowledged(ctx context.Context, acknowledged Position, seq uint64) error {
	corrupt := func(at uint64, want, found string) error {
		return &CorruptError{Log: l.ID(), Seq: at, Want: want, Found: found}
	}
	switch {
	case acknowledged.IsZero():
		return nil
	case acknowledged.Log != l.ID():
		return corrupt(acknowledged.Seq, "log "+acknowledged.Log+", which was here before", "log "+l.ID())
	case acknowledged.Seq > seq:
		return corrupt(seq+1, fmt.Sprintf("commits up to %d, which were acknowledged", acknowledged.Seq),
			fmt.Sprintf("the end of the log behind commit %d", seq))
	case acknowledged.Seq == 0:
		return nil
	}
	found, err := l.hashAt(ctx, acknowledged.Seq)
	if err != nil {
		return err
	}
	if found != acknowledged.Hash {
		return corrupt(acknowledged.Seq, "the commit that was acknowledged, with hash "+acknowledged.Hash, "hash "+found)
	}
	return nil
}

// verifyLast reads the last commit, which is the one at seq, and returns its position.
func (l *Log) verifyLast(ctx context.Context, seq uint64) (Position, error) {
	if seq == 0 {
		return Position{}, nil
	}
	data, err := l.commitAt(ctx, seq)
	if err != nil {
		return Position{}, err
	}
	prev, err := l.before(ctx, seq, data)
	if err != nil {
		return Position{}, err
	}
	commit, err := decodeCommit(data, l.ID(), prev)
	return commit.Position, err
}

// before returns the position before the commit at seq. Of the first commit that is here of a log that was trimmed, only
// the commit itself tells.
func (l *Log) before(ctx context.Context, seq uint64, data []byte) (Position, error) {
	if seq > l.First() {
		found, err := l.hashAt(ctx, seq-1)
		return Position{Log: l.ID(), Seq: seq - 1, Hash: found}, err
	}
	prev, err := prevOf(data)
	if err != nil {
		err = &CorruptError{Log: l.ID(), Seq: seq, Want: "a header", Found: err.Error()}
	}
	return prev, err
}

// commitAt returns the bytes of the commit at seq, which the log must have.
func (l *Log) commitAt(ctx context.Context, seq uint64) ([]byte, error) {
	data, err := l.stream.get(ctx, seq)
	if errors.Is(err, errNoMessage) {
		return nil, &CorruptError{Log: l.ID(), Seq: seq, Want: fmt.Sprintf("commit %d", seq), Found: "no commit, or a damaged one"}
	}
	return data, err
}

func (l *Log) hashAt(ctx context.Context, seq uint64) (string, error) {
	data, err := l.commitAt(ctx, seq)
	return hash(data), err
}

// ID returns the id of the log, which no other log has.
func (l *Log) ID() string { return l.stream.log }

// First returns the sequence of the first commit that the log still has, or will have if it is empty. Those before it were
// trimmed.
func (l *Log) First() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// Start returns the position before the first commit that the log still has.
func (l *Log) Start(ctx context.Context) (Position, error) {
	first := l.First()
	if first > l.Head().Seq || first == 1 {
		return Position{}, nil
	}
	data, err := l.commitAt(ctx, first)
	if err != nil {
		return Position{}, err
	}
	return l.before(ctx, first, data)
}

// Bytes returns how many bytes the commits take that the log still has.
func (l *Log) Bytes(ctx context.Context) (uint64, error) { return l.stream.bytes(ctx) }

// Head returns the position of the last commit; zero if there is none.
func (l *Log) Head() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Check tells whether the log accepts appends: nil, or why it has stopped. It is cheap enough to be asked every second.
func (l *Log) Check(context.Context) error {
	if l.isClosed() {
		return ErrClosed
	}
	l.mu.Lock()
	stopped := l.stopped
	l.mu.Unlock()
	if stopped != nil {
		return stopped
	}
	return l.stream.check()
}

func (l *Log) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Close ends the log after the appends under way. Readers end with ErrClosed. It is called once.
func (l *Log) Close() error {
	l.appends.Close()
	close(l.closed)
	l.release()
	return nil
}

// release gives back what Open took, as far as it came.
func (l *Log) release() {
	if l.stream != nil {
		l.stream.close()
	}
	if l.head.f != nil {
		l.head.close()
	}
	if l.lock != nil {
		l.lock.Close()
	}
}
