package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/eventlog/feed"
	"github.com/bleepstore/bleepstore/projections"
)

// place is where messages go, which may fail.
type place struct {
	answer func(feed.Record) error

	mu   sync.Mutex
	got  map[string][]string // by bucket and key: sequencers of the first deliveries
	seen map[string]bool
	last int // deliveries in all
}

func newPlace() *place { return &place{got: make(map[string][]string), seen: make(map[string]bool)} }

func (p *place) Send(ctx context.Context, m Message) error {
	var message feed.S3Message
	if err := json.Unmarshal(m.Body, &message); err != nil {
		return err
	}
	record := message.Records[0]
	if err := p.answer(record); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	if !p.seen[m.ID] {
		p.seen[m.ID] = true
		name := record.S3.Bucket.Name + "/" + record.S3.Object.Key
		p.got[name] = append(p.got[name], record.S3.Object.Sequencer)
	}
	return nil
}

func (*place) Close() {}

func (p *place) count() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.seen)
}

// harness is a log and what tells a place of it.
type harness struct {
	t     *testing.T
	log   *eventlog.Log
	dir   string
	give  time.Duration
	kind  string // of the target
	begin func() (eventlog.Position, []*projections.Bucket)
}

func fromTheStart() (eventlog.Position, []*projections.Bucket) { return eventlog.Position{}, nil }

func newHarness(t *testing.T) *harness {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return &harness{t: t, log: log, dir: t.TempDir(), give: time.Hour, kind: "webhook", begin: fromTheStart}
}

func (h *harness) append(data ...eventlog.Data) {
	h.t.Helper()
	events := make([]eventlog.Event, len(data))
	for i := range data {
		events[i] = eventlog.Event{Time: time.Now().UTC().Truncate(time.Millisecond), Data: data[i]}
	}
	if _, err := h.log.Append(h.t.Context(), events...); err != nil {
		h.t.Fatal(err)
	}
}

// start tells the place. What it returns ends that.
func (h *harness) start(p *place) (n *Notifier, stop func()) {
	h.t.Helper()
	n, err := Open(Config{
		Dir: h.dir, Targets: []Target{{Name: "p", Type: h.kind, Sender: p, Timeout: time.Minute}}, Region: "r", GiveUpAfter: h.give,
		Log: archive.NewHistory(h.log, func() *archive.Archive { return nil }),
		Begin: func(context.Context) (eventlog.Position, []*projections.Bucket, error) {
			pos, buckets := h.begin()
			return pos, buckets, nil
		},
		Failed: func(string, error) {}, Recovered: func(string) {}, Died: func(string, int, string) {},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.Run(ctx)
	}()
	return n, func() {
		cancel()
		<-ended
		if err := n.Close(); err != nil {
			h.t.Error(err)
		}
	}
}

func (h *harness) eventually(what string, check func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !check(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func created(bucket, key string) *eventlog.ObjectCreated {
	return &eventlog.ObjectCreated{Bucket: bucket, Key: key, Via: eventlog.ViaPut, Object: eventlog.Object{Version: "1"}}
}

func rule(prefix string, events ...string) eventlog.NotificationRule {
	return eventlog.NotificationRule{
		ID: "id", Kind: eventlog.NotifyQueue, Target: "arn:bleepstore:sqs::p:webhook", Events: events, Prefix: prefix,
	}
}

var errDown = &Failure{Reason: "down"}

// Random events of random keys, under configurations that change, to a place that fails at random, in runs that end at random:
// each key's messages are those that its bucket's configuration of their time says, in the order of the log.
func TestRandomEventsAreToldInOrder(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	h := newHarness(t)
	p := newPlace()
	failed := make(map[string]int) // by sequencer: never so often that a message dies, or waits for long
	p.answer = func(r feed.Record) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch n := rand.IntN(8); {
		case n > 2 || failed[r.S3.Object.Sequencer] == refusedTries-1:
			return nil
		case n == 2:
			failed[r.S3.Object.Sequencer]++
			return &Failure{Reason: "refused, but not often", Refused: true}
		}
		failed[r.S3.Object.Sequencer]++
		return errDown
	}
	want := make(map[string][]string)
	total := 0
	rules := map[string]string{} // prefix of the one rule, by bucket
	for range 5 {
		_, stop := h.start(p)
		for range 25 {
			var batch []eventlog.Data
			for range 1 + random.IntN(10) {
				bucket := fmt.Sprint("b", random.IntN(2))
				key := fmt.Sprint(random.IntN(3), "/", random.IntN(5))
				seq := feed.ID{Seq: h.log.Head().Seq + 1, Index: len(batch)}
				prefix, told := rules[bucket]
				tell := func(data eventlog.Data, event bool) {
					batch = append(batch, data)
					if event && told && strings.HasPrefix(key, prefix) {
						want[bucket+"/"+strings.ReplaceAll(key, "/", "%2F")] = append(want[bucket+"/"+strings.ReplaceAll(key, "/", "%2F")], seq.Sequencer())
						total++
					}
				}
				switch random.IntN(20) {
				case 0:
					rules[bucket] = fmt.Sprint(random.IntN(3))
					tell(&eventlog.BucketNotificationSet{Bucket: bucket, Rules: []eventlog.NotificationRule{
						rule(rules[bucket], "s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"),
					}}, false)
				case 1:
					delete(rules, bucket)
					tell(&eventlog.BucketDeleted{Bucket: bucket}, false)
				case 2:
					tell(&eventlog.ObjectTagsSet{ObjectChanged: eventlog.ObjectChanged{Bucket: bucket, Key: key}}, false)
				case 3, 4, 5:
					tell(&eventlog.ObjectDeleted{Bucket: bucket, Key: key, Version: "1"}, true)
				default:
					tell(created(bucket, key), true)
				}
			}
			h.append(batch...)
		}
		stop()
	}
	_, stop := h.start(p)
	h.eventually("all messages have come", func() bool { return p.count() == total })
	stop()
	for name := range maps.Keys(want) {
		if !slices.Equal(p.got[name], want[name]) {
			t.Errorf("%s: %q, want %q", name, p.got[name], want[name])
		}
	}
	if p.last != total {
		t.Errorf("%d deliveries of %d messages, though nothing was killed", p.last, total)
	}
}

// A key that fails holds up neither others nor, when there is no room left, the reading of the log.
func TestOneKeyDoesNotHoldUpOthers(t *testing.T) {
	h := newHarness(t)
	p := newPlace()
	p.answer = func(r feed.Record) error {
		if strings.HasPrefix(r.S3.Object.Key, "bad") {
			return errDown
		}
		return nil
	}
	h.append(&eventlog.BucketNotificationSet{Bucket: "b", Rules: []eventlog.NotificationRule{rule("", "s3:ObjectCreated:*")}})
	h.append(created("b", "bad"), created("b", "bad"), created("b", "good"), created("b", "bad"), created("b", "good"))
	n, stop := h.start(p)
	defer stop()
	h.eventually("the good ones have come", func() bool { return p.count() == 2 })
	h.eventually("the bad one has failed", func() bool { return n.Status()[0].Error != "" })
	h.append(created("b", "good"))
	h.eventually("another has come", func() bool { return p.count() == 3 })
	many := make([]eventlog.Data, 1000)
	for i := range many {
		many[i] = created("b", "bad")
	}
	for range maxWaiting/len(many) + 1 {
		h.append(many...)
	}
	h.append(created("b", "good behind"))
	h.eventually("what is behind has come", func() bool { return p.count() == 4 })
	h.eventually("the bad ones are dead", func() bool { return n.Status()[0].Dead >= maxWaiting })
}

// A target that is down is tried a few times a second, however many messages wait.
func TestATargetThatIsDownIsNotOverrun(t *testing.T) {
	h := newHarness(t)
	p := newPlace()
	var tries []time.Time
	p.answer = func(feed.Record) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		tries = append(tries, time.Now())
		return errDown
	}
	many := make([]eventlog.Data, 200)
	for i := range many {
		many[i] = created("b", fmt.Sprint(i))
	}
	h.append(&eventlog.BucketNotificationSet{Bucket: "b", Rules: []eventlog.NotificationRule{rule("", "s3:ObjectCreated:*")}})
	h.append(many...)
	_, stop := h.start(p)
	defer stop()
	const atOnce = maxInFlight + downAfter // and fewer before it is known that it is down
	var took time.Duration
	h.eventually("it was tried some times", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(tries) < atOnce+2 {
			return false
		}
		took = tries[atOnce+1].Sub(tries[atOnce-1])
		return true
	})
	if took < 3*downPause/2 {
		t.Errorf("two tries after %v", took)
	}
}

// What fails for too long is dead, and is sent again when that is asked for.
func TestGivingUp(t *testing.T) {
	h := newHarness(t)
	h.give = 300 * time.Millisecond
	p := newPlace()
	down := true
	p.answer = func(feed.Record) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if down {
			return errDown
		}
		return nil
	}
	h.append(&eventlog.BucketNotificationSet{Bucket: "b", Rules: []eventlog.NotificationRule{rule("", "s3:ObjectCreated:*")}})
	h.append(created("b", "k"), created("b", "k"), created("b", "l"))
	n, stop := h.start(p)
	defer stop()
	h.eventually("all are dead", func() bool { return n.Status()[0].Dead == 3 })
	dead, err := n.Dead("p", "", 10)
	if err != nil || len(dead) != 3 || !slices.IsSortedFunc(dead, func(a, b Undelivered) int { return strings.Compare(a.ID, b.ID) }) ||
		dead[0].Tries < 2 || dead[1].Tries < 1 || dead[0].Died.IsZero() {
		t.Errorf("dead letters %+v, %v", dead, err)
	}
	p.mu.Lock()
	down = false
	p.mu.Unlock()
	if moved, err := n.Replay("p", ""); moved != 3 || err != nil {
		t.Errorf("%d were sent again, %v", moved, err)
	}
	h.eventually("all have come", func() bool { return p.count() == 3 })
	if !slices.IsSorted(p.got["b/k"]) || len(p.got["b/k"]) != 2 {
		t.Errorf("got %q", p.got["b/k"])
	}
	if s := n.Status()[0]; s.Dead != 0 || s.Error != "" || !s.FailingSince.IsZero() {
		t.Errorf("status %+v", s)
	}
	if _, err := n.Replay("q", ""); !errors.Is(err, ErrNoTarget) {
		t.Errorf("replay of a target that is not there: %v", err)
	}
}

// A target that becomes one of another type has another ARN, and is told of what rules say about that one.
func TestATargetOfAnotherTypeIsAnother(t *testing.T) {
	h := newHarness(t)
	p := newPlace()
	p.answer = func(feed.Record) error { return nil }
	nats := rule("new/", "s3:ObjectCreated:*")
	nats.ID, nats.Target = "nats", "arn:bleepstore:sqs::p:nats"
	rules := []eventlog.NotificationRule{rule("old/", "s3:ObjectCreated:*"), nats}
	h.append(&eventlog.BucketNotificationSet{Bucket: "b", Rules: rules}, created("b", "old/1"))
	_, stop := h.start(p)
	h.eventually("the first message has come", func() bool { return p.count() == 1 })
	stop()
	h.kind = "nats"
	h.begin = func() (eventlog.Position, []*projections.Bucket) {
		return h.log.Head(), []*projections.Bucket{{Name: "b", Notification: rules}}
	}
	n, stop := h.start(p)
	defer stop()
	h.eventually("it has begun", func() bool { return n.Status()[0].Begun })
	h.append(created("b", "old/2"), created("b", "new/1"))
	h.eventually("the second message has come", func() bool { return p.count() == 2 })
	if len(p.got["b/old%2F1"]) != 1 || len(p.got["b/new%2F1"]) != 1 {
		t.Errorf("got %q", p.got)
	}
}

// A position that is not in the log is told, with what to do, and nothing is sent.
func TestAnotherLog(t *testing.T) {
	h := newHarness(t)
	h.give = time.Nanosecond
	p := newPlace()
	p.answer = func(r feed.Record) error {
		if r.S3.Object.Key == "dies" {
			return errDown
		}
		return nil
	}
	h.append(&eventlog.BucketNotificationSet{Bucket: "b", Rules: []eventlog.NotificationRule{rule("", "s3:ObjectCreated:*")}},
		created("b", "k"), created("b", "dies"))
	n, stop := h.start(p)
	h.eventually("the first message has come", func() bool { return p.count() == 1 && n.Status()[0].Dead == 1 })
	stop()
	p.answer = func(feed.Record) error { return nil }
	other := newHarness(t)
	other.dir = h.dir
	other.append(created("b", "k"))
	n, stop = other.start(p)
	defer stop()
	told := func() bool { return strings.Contains(n.Status()[0].Error, "move the folder "+h.dir+" away") }
	h.eventually("it is told", told)
	if moved, err := n.Replay("p", ""); moved != 1 || err != nil {
		t.Errorf("%d were sent again, %v", moved, err)
	}
	h.eventually("the dead letter has come", func() bool { return p.count() == 2 })
	if !told() {
		t.Errorf("what works hides what does not: %+v", n.Status()[0])
	}
	if p.count() != 2 {
		t.Error("a message of another log was sent")
	}
}

// That an event is to be told that is nowhere any more is said, with what to do.
func TestATrimmedLogWithoutAnArchive(t *testing.T) {
	h := newHarness(t)
	p := newPlace()
	p.answer = func(feed.Record) error { return nil }
	h.append(created("b", "k"))
	n, stop := h.start(p)
	h.eventually("all is read", func() bool { return n.Status()[0].Position == 1 })
	stop()
	h.append(created("b", "k"))
	next := h.log.Head()
	h.append(created("b", "k"))
	if err := h.log.Trim(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	n, stop = h.start(p)
	defer stop()
	h.eventually("it is told", func() bool {
		return strings.Contains(n.Status()[0].Error, "move the folder "+h.dir+" away")
	})
}

// tested takes test events.
type tested struct{ place }

func (*tested) Send(context.Context, Message) error { return nil }

// No target is accepted for a bucket before it is known from where on it is told: what happens until then would be lost.
func TestTargetsAreAcceptedWhenTheyAreTold(t *testing.T) {
	h := newHarness(t)
	begin := make(chan struct{})
	n, err := Open(Config{
		Dir: h.dir, Targets: []Target{{Name: "p", Type: "webhook", Sender: new(tested), Timeout: time.Minute}},
		Log: archive.NewHistory(h.log, func() *archive.Archive { return nil }),
		Begin: func(context.Context) (eventlog.Position, []*projections.Bucket, error) {
			<-begin
			return eventlog.Position{}, nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { n.Run(ctx) })
	defer func() {
		cancel()
		running.Wait()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}()
	given, giveUp := context.WithTimeout(ctx, 10*time.Millisecond)
	defer giveUp()
	if err := n.Test(given, n.targets[0].ARN(), "b", "request"); err == nil {
		t.Error("a target is accepted that is not told yet")
	}
	close(begin)
	if err := n.Test(ctx, n.targets[0].ARN(), "b", "request"); err != nil {
		t.Error(err)
	}
}

// What is to be sent again waits until what was sent can be kept.
func TestDeadLettersJoinWhenThatCanBeKept(t *testing.T) {
	h := newHarness(t)
	n, stop := h.start(newPlace())
	stop()
	n, err := Open(n.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	target := n.targets[0]
	r, err := target.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead := &Undelivered{ID: "id", Bucket: "b", Key: "k", Body: []byte("{}")}
	err = n.store.write(true, func(batch *pebble.Batch) error { return put(batch, keyOf(n.targets[0].ARN(), kindDead, dead.ID), dead) })
	if err != nil {
		t.Fatal(err)
	}
	if moved, err := n.Replay("p", "id"); moved != 1 || err != nil {
		t.Fatalf("%d are sent again, %v", moved, err)
	}
	<-r.wake
	r.more = true
	broken := &job{Undelivered: Undelivered{Body: []byte("no JSON")}}
	r.unsaved[broken] = true
	r.keep()
	if r.lanes.jobs != 0 || n.Status()[0].Error == "" {
		t.Errorf("%d messages, status %+v", r.lanes.jobs, n.Status()[0])
	}
	delete(r.unsaved, broken)
	r.keep()
	if r.lanes.jobs != 1 || n.Status()[0].Error != "" {
		t.Errorf("%d messages, status %+v", r.lanes.jobs, n.Status()[0])
	}
}
