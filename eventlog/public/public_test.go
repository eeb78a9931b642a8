package public_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/eventlog/feed"
	"github.com/bleepstore/bleepstore/eventlog/public"
)

const patience = 20 * time.Second

// The keys of all tests: of an administrator, and of two accounts, one of which has two.
var (
	root       = public.Key{AccessKey: "root", SecretKey: "root-secret", Account: "root", Admin: true}
	alice      = public.Key{AccessKey: "alice", SecretKey: "alice-secret", Account: "../a"} // any id may be one
	aliceAgain = public.Key{AccessKey: "alice2", SecretKey: "alice2-secret", Account: "../a"}
	bob        = public.Key{AccessKey: "bob", SecretKey: "bob-secret", Account: "b"}
	keys       = []public.Key{root, alice, aliceAgain, bob}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a log, and its events as they are published.
type world struct {
	t      testing.TB
	logDir string
	log    *eventlog.Log
	config public.Config

	*public.Publisher
	stop func()
}

// newWorld makes a log, the events of which are published until the end of the test.
func newWorld(t testing.TB) *world {
	w := &world{t: t, logDir: t.TempDir(), config: public.Config{Dir: t.TempDir(), Address: "127.0.0.1:0", Keys: keys}}
	w.openLog()
	w.begin()
	t.Cleanup(func() {
		w.end()
		must(t, w.log.Close())
	})
	return w
}

func (w *world) openLog() {
	w.t.Helper()
	log, err := eventlog.Open(w.t.Context(), eventlog.Config{Dir: w.logDir})
	must(w.t, err)
	w.log = log
}

// begin begins to publish.
func (w *world) begin() {
	w.t.Helper()
	c := w.config
	c.Log, c.History = w.log.ID(), archive.NewHistory(w.log, func() *archive.Archive { return nil })
	c.Retry = func(err error) { w.t.Log("retry:", err) }
	c.Warn = func(string) {}
	publisher, err := public.Listen(w.t.Context(), c)
	must(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		publisher.Run(ctx)
	}()
	w.Publisher = publisher
	w.stop = func() {
		cancel()
		<-ended
	}
}

// end ends the publishing.
func (w *world) end() {
	w.stop()
	w.stop = func() {}
}

// restart ends the publishing, and begins it again after a change.
func (w *world) restart(change func()) {
	w.t.Helper()
	w.end()
	change()
	w.begin()
}

// append appends events in one commit.
func (w *world) append(data ...eventlog.Data) {
	w.t.Helper()
	var events []eventlog.Event
	for _, d := range data {
		events = append(events, eventlog.Event{Time: time.Now().UTC().Truncate(time.Millisecond), Data: d})
	}
	_, err := w.log.Append(w.t.Context(), events...)
	must(w.t, err)
}

func bucketCreated(bucket string, owner public.Key) eventlog.Data {
	return &eventlog.BucketCreated{Bucket: bucket, Owner: eventlog.Owner{ID: owner.Account}}
}

func bucketDeleted(bucket string) eventlog.Data { return &eventlog.BucketDeleted{Bucket: bucket} }

// objectDeleted stands for all events that are about a key.
func objectDeleted(bucket, key string) eventlog.Data {
	return &eventlog.ObjectDeleted{Bucket: bucket, Key: key}
}

// published waits until all events are.
func (w *world) published() {
	w.t.Helper()
	for deadline := time.Now().Add(patience); w.Position() != w.log.Head(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("published is %v, the log is at %v: %v", w.Position(), w.log.Head(), w.Err())
		}
	}
}

// connect logs in with a key. What the server complains about goes to the channel.
func (w *world) connect(key public.Key) (*nats.Conn, chan error) {
	w.t.Helper()
	complaints := make(chan error, 1000)
	conn, err := nats.Connect("nats://"+w.Addr().String(), nats.UserInfo(key.AccessKey, key.SecretKey), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { complaints <- err }))
	must(w.t, err)
	w.t.Cleanup(conn.Close)
	return conn, complaints
}

// stream is what a key finds in the stream: of each message its sequence, id, subject and content.
func (w *world) stream(key public.Key) []string {
	w.t.Helper()
	conn, _ := w.connect(key)
	defer conn.Close()
	js, err := jetstream.New(conn)
	must(w.t, err)
	stream, err := js.Stream(w.t.Context(), public.StreamName)
	must(w.t, err)
	var list []string
	state := stream.CachedInfo().State
	for seq := state.FirstSeq; state.Msgs > 0 && seq <= state.LastSeq; seq++ {
		m, err := stream.GetMsg(w.t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue // it was too old
		}
		must(w.t, err)
		list = append(list, fmt.Sprintf("%d %s %s %s", seq, m.Header.Get("ce-id"), m.Subject, m.Data))
	}
	return list
}

// want checks which events each key finds, by their ids.
func (w *world) want(want map[string][]string) {
	w.t.Helper()
	w.published()
	for _, key := range []public.Key{root, alice, bob} {
		var ids []string
		for _, line := range w.stream(key) {
			ids = append(ids, strings.Fields(line)[1])
		}
		if !slices.Equal(ids, want[key.AccessKey]) {
			w.t.Errorf("%s finds %v, want %v", key.AccessKey, ids, want[key.AccessKey])
		}
	}
}

// all are the ids of all events of the log.
func (w *world) all() []string {
	w.t.Helper()
	var ids []string
	history := archive.NewHistory(w.log, func() *archive.Archive { return nil })
	reader, err := feed.Open(w.t.Context(), history, feed.Query{Form: feed.JSON})
	must(w.t, err)
	defer reader.Close()
	for {
		events, err := reader.Next(w.t.Context())
		if errors.Is(err, io.EOF) {
			return ids
		}
		must(w.t, err)
		for _, event := range events {
			ids = append(ids, event.ID().String())
		}
	}
}

// The former owner of a bucket's name never sees what the next one does with it, nor the other way round, wherever publishing
// was interrupted, and whatever was lost of it.
func TestEventsGoToWhoOwnedTheBucketThen(t *testing.T) {
	w := newWorld(t)
	interruptions := []func(){
		func() {},
		func() { w.restart(func() {}) },
		func() { w.restart(func() { must(t, os.Remove(w.config.Dir+"/progress.json")) }) },
		func() { w.restart(func() { must(t, os.RemoveAll(w.config.Dir)) }) },
	}
	for _, interrupt := range interruptions {
		w.append(bucketCreated("name", alice), objectDeleted("name", "a"))
		w.published()
		interrupt()
		w.append(objectDeleted("name", "b"), &eventlog.BlobsReaped{})
		w.append(bucketDeleted("name"))
		w.published()
		interrupt()
		w.append(bucketCreated("name", bob), objectDeleted("name", "c"), bucketDeleted("name"), bucketCreated("name", alice), bucketDeleted("name"))
		w.published()
		interrupt()
	}
	want := map[string][]string{"root": w.all()}
	for seq := 1; seq < int(w.log.Head().Seq); seq += 4 {
		id := func(commit, index int) string { return feed.ID{Seq: uint64(seq + commit), Index: index}.String() }
		want["alice"] = append(want["alice"], id(0, 0), id(0, 1), id(1, 0), id(2, 0), id(3, 3), id(3, 4))
		want["bob"] = append(want["bob"], id(3, 0), id(3, 1), id(3, 2))
	}
	w.want(want)
	if !slices.Equal(w.stream(aliceAgain), w.stream(alice)) {
		t.Error("two keys of one account find different streams")
	}
}

// An account that is new in the configuration finds what was before, and one that is gone leaves nothing behind.
func TestAccountsComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.append(bucketCreated("a", alice), bucketCreated("b", bob), objectDeleted("b", "1"))
	w.published()
	w.restart(func() { w.config.Keys = []public.Key{root, alice} })
	w.append(objectDeleted("b", "2"), objectDeleted("a", "1"))
	w.published()
	if accounts, err := os.ReadDir(w.config.Dir + "/nats/jetstream"); err != nil || len(accounts) != 2 {
		t.Errorf("there are %v, %v; want those of administrators and alice", accounts, err)
	}
	w.restart(func() { w.config.Keys = keys })
	w.want(map[string][]string{"root": w.all(), "alice": {"1-0", "2-1"}, "bob": {"1-1", "1-2", "2-0"}})
	w.restart(func() { w.config.Keys = []public.Key{root} })
	w.append(objectDeleted("b", "3"))
	w.published()
	w.restart(func() { w.config.Keys = keys })
	w.want(map[string][]string{"root": w.all(), "alice": {"1-0", "2-1"}, "bob": {"1-1", "1-2", "2-0", "3-0"}})
}

// What is published is a CloudEvent that names its place in the log.
func TestMessage(t *testing.T) {
	w := newWorld(t)
	w.append(bucketCreated("my.bucket", alice))
	w.append(&eventlog.BlobsReaped{}, objectDeleted("my.bucket", "a/ü \n"))
	w.published()
	conn, _ := w.connect(alice)
	js, err := jetstream.New(conn)
	must(t, err)
	stream, err := js.Stream(t.Context(), public.StreamName)
	must(t, err)
	message, err := stream.GetMsg(t.Context(), 2)
	must(t, err)
	if message.Subject != "bleepstore.v1.my_bucket.object.deleted" {
		t.Errorf("subject %s", message.Subject)
	}
	for name, want := range map[string]string{
		"Nats-Msg-Id": w.log.ID() + "/2-1", "ce-id": "2-1", "ce-source": "/bleepstore/" + w.log.ID(), "ce-specversion": "1.0",
		"ce-type": "bleepstore.object.deleted", "ce-subject": "my.bucket/a/%C3%BC%20%0A",
		"ce-dataschema": "urn:bleepstore:schema:object.deleted:4", "content-type": "application/json",
		"ce-commithash": w.log.Head().Hash,
	} {
		if got := message.Header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	commit, err := w.log.Commit(t.Context(), 2)
	must(t, err)
	if !strings.Contains(string(commit.Data), string(message.Data)+"\n") {
		t.Errorf("data %s is not what the log has: %s", message.Data, commit.Data)
	}
}
