// Package notify tells targets, which are webhooks and subjects of NATS, what happens in buckets: S3's event notifications.
//
// Each target follows the log from a position of its own, which is kept, as is what it could not be sent yet. So it is told of
// everything that it is to be told of, whatever happens to it or to the server in between: at least once, and about each key in
// the order of the log. Nothing waits for a target but what it is to be told.
package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/feed"
	"github.com/bleepstore/bleepstore/projections"
)

// Target is where messages are sent to.
type Target struct {
	Name    string
	Type    string // names it in the ARN: webhook or nats
	Sender  Sender // nil while nothing is sent
	Timeout time.Duration
}

// ARN is how the configuration of a bucket names the target.
func (t *Target) ARN() string { return "arn:bleepstore:sqs::" + t.Name + ":" + t.Type }

// Config is what a Notifier works with.
type Config struct {
	Dir     string // where it keeps what it must know after a restart
	Targets []Target
	Region  string // of the server
	// GiveUpAfter is how long a message is tried before it goes to the dead letters.
	GiveUpAfter time.Duration
	Log         feed.History

	// Begin returns the buckets as of a position of the log, from which a target is told that was not there before.
	Begin func(ctx context.Context) (eventlog.Position, []*projections.Bucket, error)
	// Failed is told that something begins to go wrong for a target, Recovered that it takes messages again, and Died how many
	// messages went to the dead letters together, and why the last one did. They don't wait for anything.
	Failed    func(target string, err error)
	Recovered func(target string)
	Died      func(target string, messages int, reason string)
}

// ErrNoTarget says that the configuration has no target of a name.
var ErrNoTarget = errors.New("the configuration has no such target of notifications")

// ErrBusy says that so many messages wait already that no dead letter can join them.
var ErrBusy = errors.New("too many messages wait to be sent to the target: let them be sent first")

// testTimeout bounds how long a client waits who configures a bucket.
const testTimeout = 5 * time.Second

// maxReplay is how many dead letters are sent again at once.
const maxReplay = 1000

// Notifier tells targets. It is safe for concurrent use.
type Notifier struct {
	Config
	store   *store
	targets []*target
}

var _ api.Targets = (*Notifier)(nil)

// target is a Target at work.
type target struct {
	Target
	n    *Notifier
	wake chan struct{} // has an item when the store has messages that wait and run does not know of

	begun     chan struct{} // closed when position is known: the target is told of everything behind it
	position  atomic.Uint64 // sequence of the last commit that was read
	waiting   atomic.Int64  // messages that wait in memory
	delivered atomic.Uint64
	dead      atomic.Int64 // dead letters in the store

	changing sync.Mutex // held by who moves dead letters

	mu           sync.Mutex
	failingSince time.Time
	failure      string           // of the target
	broken       [troubles]string // what else keeps messages from being sent; empty where nothing does
}

// trouble is where something can go wrong that is not the target's fault. What works again does not hide what does not.
type trouble int

const (
	logTrouble   trouble = iota // the log cannot be read
	eventTrouble                // an event of it cannot be told
	storeTrouble                // it cannot be kept, or read, what has become of messages
	troubles
)

// Open opens what is kept in the folder, which is made if there is none.
func Open(c Config) (*Notifier, error) {
	store, err := openStore(c.Dir)
	if err != nil {
		return nil, err
	}
	n := &Notifier{Config: c, store: store}
	for i := range c.Targets {
		t := &target{Target: c.Targets[i], n: n, wake: make(chan struct{}, 1), begun: make(chan struct{})}
		n.targets = append(n.targets, t)
		if err := t.count(); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	return n, nil
}

// count reads how far the target is.
func (t *target) count() error {
	pos, begun, err := t.n.store.cursor(t.ARN())
	if err != nil {
		return err
	}
	waiting, err := t.n.store.count(t.ARN(), kindWaiting)
	if err != nil {
		return err
	}
	dead, err := t.n.store.count(t.ARN(), kindDead)
	if begun {
		t.begin(pos)
	}
	t.waiting.Store(int64(waiting))
	t.dead.Store(int64(dead))
	return err
}

// begin makes known from where on the target is told.
func (t *target) begin(pos eventlog.Position) {
	t.position.Store(pos.Seq)
	close(t.begun)
}

// hasBegun tells whether the position is known.
func (t *target) hasBegun() bool {
	select {
	case <-t.begun:
		return true
	default:
		return false
	}
}

// Run tells the targets until ctx ends. Messages under way then have a few seconds to arrive.
func (n *Notifier) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, t := range n.targets {
		all.Go(func() { t.run(ctx) })
	}
	all.Wait()
}

// Close closes what is open. Run has ended, and no call is under way or follows.
func (n *Notifier) Close() error {
	for _, t := range n.targets {
		if t.Sender != nil {
			t.Sender.Close()
		}
	}
	return n.store.close()
}

func (n *Notifier) target(name string) (*target, error) {
	for _, t := range n.targets {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNoTarget, name)
}

func (n *Notifier) byARN(arn string) *target {
	for _, t := range n.targets {
		if t.ARN() == arn {
			return t
		}
	}
	return nil
}

// Known implements api.Targets.
func (n *Notifier) Known(arn string) bool { return n.byARN(arn) != nil }

// Test implements api.Targets. A target that takes the event is told of all that happens after it.
func (n *Notifier) Test(ctx context.Context, arn, bucket, request string) error {
	t := n.byARN(arn)
	if t == nil {
		return ErrNoTarget
	}
	message, err := newTestMessage(bucket, request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, min(t.Timeout, testTimeout))
	defer cancel()
	select {
	case <-t.begun:
	case <-ctx.Done():
		return &Failure{Reason: "The server does not send to the target yet"}
	}
	if err := t.Sender.Send(ctx, message); err != nil {
		if f, ok := errors.AsType[*Failure](err); ok {
			return errors.New(f.Reason)
		}
		return &Failure{Reason: "The target did not take a test event"}
	}
	return nil
}

// Status is how a target is.
type Status struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	ARN      string `json:"arn"`
	Begun    bool   `json:"-"`        // Position is known
	Position uint64 `json:"position"` // sequence of the last commit of the log that was read for it
	Behind   uint64 `json:"behind"`   // how many commits were not
	Waiting  int64  `json:"waiting"`  // messages up to that position that it has not taken yet
	// Delivered is how many messages it has taken since the server began.
	Delivered uint64 `json:"delivered"`
	Dead      int64  `json:"dead_letters"`
	// FailingSince is when it failed to take a message after the last one that it took; zero if it did not.
	FailingSince time.Time `json:"failing_since,omitzero"`
	Error        string    `json:"error,omitzero"` // what is wrong at the moment
}

// Status tells how the targets are, in the order of the configuration.
func (n *Notifier) Status() []Status {
	head := n.Log.Head().Seq
	list := make([]Status, 0, len(n.targets))
	for _, t := range n.targets {
		s := Status{
			Name: t.Name, Type: t.Type, ARN: t.ARN(), Begun: t.hasBegun(), Position: t.position.Load(), Waiting: t.waiting.Load(),
			Delivered: t.delivered.Load(), Dead: t.dead.Load(),
		}
		s.Behind = head - min(s.Position, head)
		t.mu.Lock()
		s.FailingSince = t.failingSince
		s.Error = cmp.Or(cmp.Or(t.broken[:]...), t.failure)
		t.mu.Unlock()
		list = append(list, s)
	}
	return list
}

// Dead returns up to limit dead letters of a target behind the one with the id after, in the order of events. Errors: ErrNoTarget.
func (n *Notifier) Dead(target, after string, limit int) ([]Undelivered, error) {
	t, err := n.target(target)
	if err != nil {
		return nil, err
	}
	return n.store.undelivered(t.ARN(), kindDead, after, limit)
}

// Replay has dead letters of a target sent again, behind what waits already: the one with an id or, if that is empty, the first
// ones, as many as there is room for. It returns how many. Errors: ErrNoTarget, ErrBusy.
func (n *Notifier) Replay(target, id string) (int, error) {
	t, err := n.target(target)
	if err != nil {
		return 0, err
	}
	if t.waiting.Load() >= maxWaiting {
		return 0, ErrBusy
	}
	moved, err := t.takeDead(id, func(batch *pebble.Batch, u Undelivered) error {
		u.Since, u.Died, u.Tries, u.Error = time.Time{}, time.Time{}, 0, ""
		return put(batch, keyOf(t.ARN(), kindWaiting, u.ID), &u)
	})
	if moved > 0 {
		select {
		case t.wake <- struct{}{}:
		default: // it has an item
		}
	}
	return moved, err
}

// Discard forgets dead letters of a target: the one with an id or, if that is empty, all. It returns how many. Errors: ErrNoTarget.
func (n *Notifier) Discard(target, id string) (total int, err error) {
	t, err := n.target(target)
	if err != nil {
		return 0, err
	}
	for {
		gone, err := t.takeDead(id, func(*pebble.Batch, Undelivered) error { return nil })
		total += gone
		if gone < maxReplay || err != nil {
			return total, err
		}
	}
}

// takeDead takes dead letters away, the one with an id or the first maxReplay, with what also does about each.
func (t *target) takeDead(id string, also func(*pebble.Batch, Undelivered) error) (int, error) {
	t.changing.Lock()
	defer t.changing.Unlock()
	list, err := t.n.store.undelivered(t.ARN(), kindDead, "", maxReplay)
	if id != "" {
		var one Undelivered
		var found bool
		found, err = t.n.store.get(keyOf(t.ARN(), kindDead, id), &one)
		if list = nil; found {
			list = []Undelivered{one}
		}
	}
	if err != nil {
		return 0, err
	}
	err = t.n.store.write(true, func(batch *pebble.Batch) error {
		for _, u := range list {
			if err := errors.Join(batch.Delete(keyOf(t.ARN(), kindDead, u.ID), nil), also(batch, u)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("move dead letters of %s: %w", t.Name, err)
	}
	t.dead.Add(-int64(len(list)))
	return len(list), nil
}

// set tells, by Status and once by Failed, what keeps messages from being sent somewhere; nil if nothing does there.
func (t *target) set(where trouble, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	t.mu.Lock()
	told := t.broken[where] == text
	t.broken[where] = text
	t.mu.Unlock()
	if err != nil && !told {
		t.n.Failed(t.Name, err)
	}
}
