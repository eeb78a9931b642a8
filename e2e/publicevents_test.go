package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// subscribers is a configuration with a public stream of events, and keys of an administrator and two accounts.
const subscribers = `
events: {listen: "127.0.0.1:0"}
auth:
  credentials:
    - {access_key: bleepstore, secret_key: bleepstore-secret, admin: true}
    - {access_key: alice, secret_key: alices-secret}
    - {access_key: bob, secret_key: bobs-secret}
`

const eventStream = "BLEEPSTORE_EVENTS"

var eventsField = regexp.MustCompile(`"events":"([^"]+)"`)

// publicEvents is the URL of the public stream.
func (s *server) publicEvents(t testing.TB) string {
	t.Helper()
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	found := eventsField.FindSubmatch(s.log.text.Bytes())
	if found == nil {
		t.Fatal("the server does not say where the public events are")
	}
	return string(found[1])
}

// as is a client of S3 with the key of an account of subscribers.
func (s *server) as(name string) *s3.Client {
	return s.client(func(o *s3.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(name, name+"s-secret", "")
	})
}

// subscribe connects to the public stream.
func (s *server) subscribe(t testing.TB, key, secret string) jetstream.JetStream {
	t.Helper()
	options := []nats.Option{nats.UserInfo(key, secret)}
	if s.certs != nil {
		options = append(options, nats.RootCAs(s.certs.authorityFile))
	}
	conn, err := nats.Connect(s.publicEvents(t), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// published waits until the stream of a key has so many messages.
func published(t testing.TB, js jetstream.JetStream, messages int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d events are published", messages), func() error {
		stream, err := js.Stream(t.Context(), eventStream)
		if err != nil {
			return err
		}
		if got := stream.CachedInfo().State.Msgs; got != uint64(messages) {
			return fmt.Errorf("there are %d", got)
		}
		return nil
	})
}

// The nats command subscribes, with TLS and without.
func TestPublicEventsWithTheNATSCommand(t *testing.T) {
	t.Parallel()
	path := emulators.NATS(t)
	for name, certs := range map[string]*certificates{"plain": nil, "tls": newCertificates(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, options{config: subscribers, certs: certs})
			alice, bob := s.as("alice"), s.as("bob")
			bucket, other, his := newBucket(t, alice), newBucket(t, alice), newBucket(t, bob)
			put(t, alice, bucket, "a", nil)
			put(t, alice, other, "b", nil)
			put(t, bob, his, "secret", nil)
			put(t, alice, bucket, "c", nil)
			if _, err := alice.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: new("a")}); err != nil {
				t.Fatal(err)
			}
			published(t, s.subscribe(t, accessKey, secretKey), 8)

			c := newCommand(t, path, s)
			login := func(key, secret string) {
				c.args = []string{"--server", s.publicEvents(t), "--user", key, "--password", secret, "--timeout", "30s"}
				if certs != nil {
					c.args = append(c.args, "--tlsca", certs.authorityFile)
				}
			}
			login("alice", "alices-secret")
			filter := "bleepstore.v1." + bucket + ".object.>"
			c.run(t, "consumer", "add", eventStream, "audit", "--pull", "--filter", filter, "--deliver", "all", "--ack", "explicit", "--defaults")
			wantInOrder(t, c.run(t, "consumer", "next", eventStream, "audit", "--raw", "--count", "2"), `"key":"a"`, `"key":"c"`)
			deleted := c.run(t, "consumer", "next", eventStream, "audit", "--count", "1")
			wantInOrder(t, deleted, filter[:len(filter)-1]+"deleted", `"type":"object.deleted"`)
			for _, header := range []string{"ce-type: bleepstore.object.deleted", "ce-subject: " + bucket + "/a", "Nats-Msg-Id: "} {
				wantInOrder(t, deleted, header)
			}

			sub := func(args ...string) string {
				return c.run(t, append([]string{"sub", "--stream", eventStream, "--raw"}, args...)...)
			}
			created := sub("--all", "--count", "3", "bleepstore.v1.*.object.created")
			wantInOrder(t, created, `"key":"a"`, `"key":"b"`, `"key":"c"`)
			wantInOrder(t, sub("--start-sequence", "4", "--count", "3", "bleepstore.v1.>"), `"key":"b"`, `"key":"c"`, `"object.deleted"`)
			wantInOrder(t, sub("--since", "1h", "--count", "6", "bleepstore.v1.>"), `"bucket.created"`, `"bucket.created"`, `"key":"a"`, `"key":"b"`)
			for _, text := range []string{created, c.run(t, "stream", "subjects", eventStream)} {
				if strings.Contains(text, his) {
					t.Errorf("alice finds what is bob's: %s", text)
				}
			}

			c.args = append(c.args[:len(c.args):len(c.args)], "--timeout", "1s") // of requests that nobody answers
			for _, args := range [][]string{
				{"stream", "rm", "--force", eventStream},
				{"stream", "purge", "--force", eventStream},
				{"stream", "rmm", "--force", eventStream, "1"},
				{"stream", "edit", "--force", eventStream, "--max-age", "1s"},
				{"stream", "add", "OTHER", "--subjects", "other", "--defaults"},
				{"kv", "add", "bucket"},
				{"consumer", "add", eventStream, "evil", "--target", "$JS.API.STREAM.DELETE." + eventStream, "--deliver", "all", "--ack", "none", "--headers-only", "--defaults"},
				{"request", "bleepstore.v1." + bucket + ".object.created", "forged"},
			} {
				if out, err := c.try(t, args...); err == nil {
					t.Errorf("%v is permitted: %s", args, out)
				}
			}
			login("alice", "bobs-secret")
			if out, err := c.try(t, "stream", "ls"); err == nil {
				t.Errorf("a wrong secret lets in: %s", out)
			}
			login(accessKey, secretKey)
			all := sub("--all", "--count", "8", "bleepstore.v1.>")
			wantInOrder(t, all, bucket, other, his, `"key":"a"`, `"key":"b"`, `"key":"secret"`, `"key":"c"`, `"object.deleted"`)
			s.stop(t)
		})
	}
}

// wantInOrder checks that a text has others in it, one after the other.
func wantInOrder(t testing.TB, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("%q is not, or not in its place, in\n%s", part, text)
			return
		}
		rest = after
	}
}

// Consumers of nats.go find all of what they ask for, in order, and go on where they were when the server comes back.
func TestPublicEventsWithNATSGo(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{config: subscribers})
	client := s.as("alice")
	first, second, third := newBucket(t, client), newBucket(t, client), newBucket(t, client)
	for i := range 30 {
		for _, bucket := range []string{first, second, third} {
			put(t, client, bucket, fmt.Sprint(bucket, "/", i), nil)
		}
	}
	js := s.subscribe(t, "alice", "alices-secret")
	published(t, js, 93)
	ordered, err := js.OrderedConsumer(t.Context(), eventStream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := next(t, ordered, 93), exported(t, s.dir); !slices.Equal(got, want) {
		t.Errorf("an ordered consumer finds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	durable, err := js.CreateOrUpdateConsumer(t.Context(), eventStream, jetstream.ConsumerConfig{
		Durable: "two-buckets", FilterSubjects: []string{"bleepstore.v1." + first + ".object.*", "bleepstore.v1." + third + ".>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := next(t, durable, 11)
	s.stop(t)
	s = startServer(t, options{dir: s.dir, config: subscribers})
	js = s.subscribe(t, "alice", "alices-secret")
	if durable, err = js.Consumer(t.Context(), eventStream, "two-buckets"); err != nil {
		t.Fatal(err)
	}
	got = append(got, next(t, durable, 50)...)
	want := slices.DeleteFunc(exported(t, s.dir), func(event string) bool {
		return strings.Contains(event, second) || strings.Contains(event, first) && strings.Contains(event, "bucket.created")
	})
	if !slices.Equal(got, want) {
		t.Errorf("a durable consumer finds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// next receives so many messages, and returns their content.
func next(t testing.TB, consumer jetstream.Consumer, n int) (events []string) {
	t.Helper()
	batch, err := consumer.Fetch(n, jetstream.FetchMaxWait(patience))
	if err != nil {
		t.Fatal(err)
	}
	for m := range batch.Messages() {
		if consumer.CachedInfo().Config.AckPolicy != jetstream.AckNonePolicy {
			if err := m.DoubleAck(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		events = append(events, string(m.Data()))
	}
	if len(events) != n {
		t.Fatalf("%d messages came, want %d: %v", len(events), n, batch.Error())
	}
	return events
}

// exported are the events of the log, as it has them.
func exported(t testing.TB, dir string) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(mustBleepstore(t, dir, "log", "export")), "\n")
}

// The server is killed while it writes and publishes, and some of what was published is lost. Afterwards each stream has each
// event of the log that is for it, once and in order, and a subscriber has received all, those that came again by the same id.
func TestPublicEventsAfterCrashes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startServer(t, options{dir: dir, config: subscribers})
	buckets := map[string]string{"alice": newBucket(t, s.as("alice")), "bob": newBucket(t, s.as("bob")), accessKey: newBucket(t, s.client())}
	clients := func(s *server) []*s3.Client { return []*s3.Client{s.as("alice"), s.as("bob"), s.client()} }
	owners := []string{"alice", "bob", accessKey}
	received := make(map[string]string) // by their ids
	for round := range rounds(3, 60) {
		js := s.subscribe(t, accessKey, secretKey)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			receive(ctx, t, js, received)
		}()
		crashWhileWriting(t, s, clients(s), owners, buckets)
		cancel()
		<-ended
		switch round % 3 {
		case 1:
			if err := os.RemoveAll(filepath.Join(dir, "events")); err != nil {
				t.Fatal(err)
			}
		case 2:
			cutStreams(t, dir)
		}
		s = startServer(t, options{dir: dir, config: subscribers})
		all := exported(t, dir)
		wantStream(t, s.subscribe(t, accessKey, secretKey), all)
		for _, owner := range owners[:2] {
			his := slices.DeleteFunc(slices.Clone(all), func(event string) bool { return !strings.Contains(event, buckets[owner]) })
			wantStream(t, s.subscribe(t, owner, owner+"s-secret"), his)
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	all := exported(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	js := s.subscribe(t, accessKey, secretKey)
	go func() {
		defer cancel()
		eventually(t, "the subscriber has all", func() error {
			consumer, err := js.Consumer(ctx, eventStream, "audit")
			if err != nil {
				return err
			}
			info, err := consumer.Info(ctx)
			if err != nil || info.NumPending+uint64(info.NumAckPending) > 0 {
				return fmt.Errorf("%+v, %w", info, err)
			}
			return nil
		})
	}()
	receive(ctx, t, js, received)
	if len(received) != len(all) {
		t.Errorf("the subscriber has %d events, want %d", len(received), len(all))
	}
}

// receive receives messages until ctx ends or the server does, and checks that those that come again are the same.
func receive(ctx context.Context, t *testing.T, js jetstream.JetStream, received map[string]string) {
	consumer, err := js.CreateOrUpdateConsumer(ctx, eventStream, jetstream.ConsumerConfig{Durable: "audit"})
	if err != nil {
		return
	}
	for ctx.Err() == nil {
		batch, err := consumer.Fetch(100, jetstream.FetchMaxWait(100*time.Millisecond))
		if err != nil {
			continue
		}
		for m := range batch.Messages() {
			id := m.Headers().Get(nats.MsgIdHdr)
			if before, again := received[id]; again && before != string(m.Data()) {
				t.Errorf("event %s is %s, and was %s", id, m.Data(), before)
			}
			received[id] = string(m.Data())
			_ = m.Ack() // one that gets lost makes the message come again
		}
	}
}

// crashWhileWriting writes with all clients, each to its bucket, and kills the server meanwhile.
func crashWhileWriting(t *testing.T, s *server, clients []*s3.Client, owners []string, buckets map[string]string) {
	t.Helper()
	var ends []chan struct{}
	after := 100 + rand.IntN(200)
	count := make(chan struct{}, 10_000)
	for i, client := range clients {
		for writer := range 4 {
			ended := make(chan struct{})
			ends = append(ends, ended)
			bucket := buckets[owners[i]]
			go func() {
				defer close(ended)
				for n := range 1000 {
					key := fmt.Sprint("key-", writer, "-", n%7)
					if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key}); err != nil {
						return
					}
					count <- struct{}{}
				}
			}()
		}
	}
	for range after {
		<-count
	}
	s.kill()
	for _, ended := range ends {
		<-ended
	}
}

// cutStreams cuts off the ends of the files of some streams, of random length, as a power cut may.
func cutStreams(t *testing.T, dir string) {
	t.Helper()
	blocks, err := filepath.Glob(filepath.Join(dir, "events/nats/jetstream/*/streams/*/msgs/*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("there are no files of messages: %v", err)
	}
	for _, path := range blocks {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, rand.Int64N(info.Size()+1)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantStream waits until a stream has as many messages as there are events, and checks that they are these.
func wantStream(t *testing.T, js jetstream.JetStream, events []string) {
	t.Helper()
	published(t, js, len(events))
	consumer, err := js.OrderedConsumer(t.Context(), eventStream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if got := next(t, consumer, len(events)); !slices.Equal(got, events) {
		for i := range got {
			if got[i] != events[i] {
				t.Errorf("message %d is\n%s\nwant\n%s", i, got[i], events[i])
				return
			}
		}
	}
}
