package notify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/eventlog/feed"
)

const (
	// maxInFlight is how many messages are on their way to a target at once.
	maxInFlight = 16
	// maxWaiting is how many messages wait in memory for a target, give or take those of a commit. With so many, the log is not
	// read on: there they wait as well.
	maxWaiting = 10_000
	// downAfter is how many failures without a success between them mean that the target itself does not work. From then on
	// one message after the other tries whether it does, with a pause between them, however many wait.
	downAfter = 5
	downPause = 250 * time.Millisecond

	// The delays between tries of a message double from the first to the last.
	firstDelay = 200 * time.Millisecond
	lastDelay  = time.Minute

	// refusedTries is how often a message is sent that the target refuses.
	refusedTries = 4
	// crowdedTries is how often a message is sent at least that makes room for others.
	crowdedTries = 5

	// saveInterval is how often it is made durable what was delivered, and so how much comes again after a crash.
	saveInterval = time.Second
	// stopPatience is how long messages under way may take when the server stops.
	stopPatience = 5 * time.Second
	// brokenRetry is how long after a failure the log, or what is kept, is read again.
	brokenRetry = 5 * time.Second
)

// runner sends the messages of one target. All of it is for the goroutine of run.
//
// Invariant: an event up to position that the target is to be told of was delivered, or is in lanes or in died. What of that
// the store does not know is in unsaved, gone and died, so save brings its invariant to a later position.
type runner struct {
	*target
	fold     fold
	lanes    *lanes
	position eventlog.Position // of the last commit that was read
	commits  chan []eventlog.Commit
	batch    []eventlog.Commit // that were not read yet
	done     chan result
	inFlight int

	failures    int // one after the other
	pausedUntil time.Time
	lastSuccess time.Time

	saved   eventlog.Position
	begun   bool // the store has a cursor
	news    bool // something was delivered
	unsaved map[*job]bool
	gone    []string // messages that were delivered and that the store has among those that wait
	died    []*job
	more    bool  // the store may have messages that wait and lanes do not have
	unkept  error // why it cannot be kept what was delivered: the log is not read on meanwhile
	stuck   error // what is wrong with an event: the log is not read on
}

// result is what became of the first message of a lane.
type result struct {
	lane *lane
	err  error
}

// run sends messages until ctx ends.
func (t *target) run(ctx context.Context) {
	for {
		r, err := t.load(ctx)
		if err == nil {
			t.set(storeTrouble, nil)
			r.run(ctx)
			return
		}
		if ctx.Err() != nil {
			return
		}
		t.set(storeTrouble, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(brokenRetry):
		}
	}
}

// load goes on where the store says or, for a target that was not there before, begins as of now.
func (t *target) load(ctx context.Context) (*runner, error) {
	r := &runner{
		target: t, lanes: newLanes(), commits: make(chan []eventlog.Commit), done: make(chan result), unsaved: make(map[*job]bool),
		fold: fold{arn: t.ARN(), region: t.n.Region, buckets: make(map[string]bucket), changed: make(map[string]bool)},
	}
	var err error
	if r.position, r.begun, err = t.n.store.cursor(t.ARN()); err != nil {
		return nil, err
	}
	if !r.begun {
		pos, buckets, err := t.n.Begin(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the buckets, to tell %s of what happens in them: %w", t.Name, err)
		}
		r.position = pos
		for _, b := range buckets {
			r.fold.begin(b)
		}
		if err := r.save(); err != nil {
			return nil, err
		}
		t.begin(pos)
		return r, nil
	}
	r.saved = r.position
	if r.fold.buckets, err = t.n.store.buckets(t.ARN()); err != nil {
		return nil, err
	}
	return r, r.join()
}

// join takes the messages that wait in the store and that it does not know of.
func (r *runner) join() error {
	known := make(map[string]bool)
	for _, at := range r.lanes.all {
		for _, j := range at.jobs {
			known[j.ID] = true
		}
	}
	list, err := r.n.store.undelivered(r.ARN(), kindWaiting, "", math.MaxInt)
	for _, u := range list {
		if !known[u.ID] {
			r.lanes.add(&job{Undelivered: u, stored: true})
		}
	}
	return err
}

func (r *runner) run(ctx context.Context) {
	following := make(chan struct{})
	go func() {
		defer close(following)
		r.follow(ctx, r.position)
	}()
	defer func() { <-following }()
	sending, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	saving := time.NewTicker(saveInterval)
	defer saving.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		r.read()
		limit := r.limit()
		for r.inFlight < limit && !time.Now().Before(r.pausedUntil) && r.send(sending) {
		}
		due.Stop()
		if at, waits := r.lanes.due(); waits && r.inFlight < limit {
			due.Reset(max(time.Until(at), time.Until(r.pausedUntil)))
		}
		r.target.position.Store(r.position.Seq)
		r.waiting.Store(int64(r.lanes.jobs))

		commits := r.commits
		if len(r.batch) > 0 {
			commits = nil
		}
		select {
		case r.batch = <-commits:
		case result := <-r.done:
			r.settle(result)
		case <-due.C:
		case <-saving.C:
			r.keep()
		case <-r.wake:
			r.more = true
			r.keep()
		case <-ctx.Done():
			r.stop(cutOff)
			return
		}
	}
}

// limit is how many messages may be on their way.
func (r *runner) limit() int {
	if r.failures >= downAfter {
		return 1
	}
	return maxInFlight
}

// follow reads the log from behind a position, until ctx ends. It begins again after a failure.
func (r *runner) follow(ctx context.Context, after eventlog.Position) {
	for {
		err := r.followFrom(ctx, &after)
		if ctx.Err() != nil {
			return
		}
		r.set(logTrouble, explain(err, r.n.Dir))
		select {
		case <-ctx.Done():
			return
		case <-time.After(brokenRetry):
		}
	}
}

func (r *runner) followFrom(ctx context.Context, after *eventlog.Position) error {
	reader, err := r.n.Log.Reader(ctx, *after)
	if err != nil {
		return err
	}
	defer reader.Close()
	r.set(logTrouble, nil)
	for {
		commits, err := reader.Next(ctx)
		if err != nil {
			return err
		}
		select {
		case r.commits <- commits:
			*after = commits[len(commits)-1].Position
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// explain says what to do about an error of the log.
func explain(err error, dir string) error {
	_, lost := errors.AsType[*eventlog.PositionError](err)
	_, trimmed := errors.AsType[*eventlog.TrimmedError](err)
	goOn := "to go on with what happens from now on, stop the server, move the folder " + dir + " away, and start the server"
	switch {
	case lost:
		return fmt.Errorf("targets of notifications were told of events that this log does not have: %w; %s", err, goOn)
	case trimmed || errors.Is(err, archive.ErrNotArchived):
		return fmt.Errorf("neither the log nor its archive has the next event to tell: %w; configure the archive that has it or, %s", err, goOn)
	}
	return fmt.Errorf("read the log to tell of its events: %w", err)
}

// read reads the commits at hand, as far as there is room for their messages.
func (r *runner) read() {
	for len(r.batch) > 0 && r.lanes.jobs < maxWaiting && r.unkept == nil && r.stuck == nil {
		events := feed.Events(r.batch[0])
		for i := range events {
			u, err := r.fold.apply(&events[i])
			if err != nil {
				r.stuck = err
				r.set(eventTrouble, err)
				return
			}
			if u != nil {
				j := &job{Undelivered: *u}
				r.unsaved[j] = true
				r.lanes.add(j)
			}
		}
		r.position = r.batch[0].Position
		r.batch = r.batch[1:]
	}
}

// send begins to send a message, and tells whether there was one to send.
func (r *runner) send(ctx context.Context) bool {
	at := r.lanes.next(time.Now())
	if at == nil {
		return false
	}
	r.inFlight++
	message := Message{ID: at.jobs[0].ID, Body: at.jobs[0].Body}
	go func() { // run and stop wait for it
		ctx, cancel := context.WithTimeout(ctx, r.Timeout)
		defer cancel()
		r.done <- result{at, r.Sender.Send(ctx, message)}
	}()
	return true
}

// settle does what follows from a result.
func (r *runner) settle(s result) {
	r.inFlight--
	if s.err == nil {
		r.delivered.Add(1)
		r.news = true
		r.recover()
		r.end(s.lane, 1, func(j *job) {
			if j.stored {
				r.gone = append(r.gone, j.ID)
			}
		})
		return
	}
	now := time.Now()
	j := s.lane.jobs[0]
	j.Tries++
	j.Error = s.err.Error()
	if j.Since.IsZero() {
		j.Since = now
	}
	r.unsaved[j] = true
	if f, ok := errors.AsType[*Failure](s.err); ok && f.Refused {
		j.refused++ // by a target that works
	} else {
		r.countFailure(now, s.err)
	}
	r.fail(now, s.err)

	switch crowded := r.lanes.jobs >= maxWaiting && j.Tries >= crowdedTries && r.lastSuccess.After(j.Since); {
	case j.refused >= refusedTries:
		r.bury(s.lane, 1)
	case now.Sub(j.Since) >= r.n.GiveUpAfter:
		if next := s.lane.jobs[1:]; len(next) > 0 && next[0].Since.IsZero() {
			next[0].Since = j.Since // the key has failed for so long: one try is enough for the next
			r.unsaved[next[0]] = true
		}
		r.bury(s.lane, 1)
	case crowded: // others are taken, and wait for the room
		r.bury(s.lane, len(s.lane.jobs))
	default:
		r.lanes.later(s.lane, now.Add(delay(j.Tries)))
	}
}

// delay is how long to wait after some tries of a message: half of it at random, so that not all come at once.
func delay(tries int) time.Duration {
	d := lastDelay
	if shift := tries - 1; shift < 16 {
		d = min(d, firstDelay<<shift)
	}
	return d/2 + rand.N(d/2)
}

// countFailure counts a failure that is the target's, and pauses when there are too many.
func (r *runner) countFailure(now time.Time, err error) {
	r.failures++
	if r.failures == downAfter {
		r.n.Failed(r.Name, err)
	}
	if r.failures >= downAfter {
		r.pausedUntil = now.Add(downPause)
	}
}

func (r *runner) fail(now time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failure = err.Error()
	if r.failingSince.IsZero() {
		r.failingSince = now
	}
}

// recover notes that the target has taken a message. If it did not take any before, no message waits longer for its time.
func (r *runner) recover() {
	wasDown := r.failures >= downAfter
	r.failures, r.pausedUntil, r.lastSuccess = 0, time.Time{}, time.Now()
	r.mu.Lock()
	r.failure, r.failingSince = "", time.Time{}
	r.mu.Unlock()
	if wasDown {
		r.lanes.hurry()
		r.n.Recovered(r.Name)
	}
}

// bury moves the first n messages of a lane to the dead letters.
func (r *runner) bury(at *lane, n int) {
	r.end(at, n, func(j *job) {
		j.Died = time.Now().UTC()
		r.died = append(r.died, j)
	})
}

// end removes the first n messages of a lane, and has each become something else.
func (r *runner) end(at *lane, n int, become func(*job)) {
	for _, j := range at.jobs[:n] {
		delete(r.unsaved, j)
		become(j)
	}
	r.lanes.remove(at, n)
}

// keep is save, which tells how it went. Then those messages join that the store has got meanwhile: not before, or else what was
// delivered would join again.
func (r *runner) keep() {
	err := r.save()
	if err == nil && r.more {
		err = r.join()
		r.more = err != nil
	}
	r.set(storeTrouble, err)
	r.unkept = err
}

// save makes durable what has become of messages. Only where it read up to need not be durable: from an earlier position the same
// commits are read again, of which nothing was sent.
func (r *runner) save() error {
	news := len(r.unsaved)+len(r.died)+len(r.fold.changed) > 0 || r.news || !r.begun
	if !news && r.position == r.saved {
		return nil
	}
	err := r.n.store.write(news, func(batch *pebble.Batch) error {
		err := put(batch, keyOf(r.ARN(), kindCursor, ""), &r.position)
		for name := range r.fold.changed {
			if b, exists := r.fold.buckets[name]; exists {
				err = errors.Join(err, put(batch, keyOf(r.ARN(), kindBucket, name), &b))
			} else {
				err = errors.Join(err, batch.Delete(keyOf(r.ARN(), kindBucket, name), nil))
			}
		}
		for j := range r.unsaved {
			err = errors.Join(err, put(batch, keyOf(r.ARN(), kindWaiting, j.ID), &j.Undelivered))
		}
		for _, id := range r.gone {
			err = errors.Join(err, batch.Delete(keyOf(r.ARN(), kindWaiting, id), nil))
		}
		for _, j := range r.died {
			err = errors.Join(err, batch.Delete(keyOf(r.ARN(), kindWaiting, j.ID), nil), put(batch, keyOf(r.ARN(), kindDead, j.ID), &j.Undelivered))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep what was sent to %s: %w", r.Name, err)
	}
	for j := range r.unsaved {
		j.stored = true
	}
	if n := len(r.died); n > 0 {
		r.dead.Add(int64(n))
		r.n.Died(r.Name, n, r.died[n-1].Error)
	}
	clear(r.unsaved)
	clear(r.fold.changed)
	r.saved, r.begun, r.news, r.gone, r.died = r.position, true, false, nil, nil
	return nil
}

// stop waits for the messages under way, and cuts them off after a time.
func (r *runner) stop(cutOff context.CancelFunc) {
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	for cut := false; r.inFlight > 0; {
		select {
		case s := <-r.done:
			if s.err == nil || !cut {
				r.settle(s)
			} else {
				r.inFlight--
			}
		case <-patience.C:
			cut = true
			cutOff()
		}
	}
	r.keep()
}
