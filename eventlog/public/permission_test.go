package public_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/public"
)

const (
	api      = "$JS.API."
	ofStream = "." + public.StreamName
	forged   = "bleepstore.v1.a.object.created"
)

// attempt is a message that a subscriber may try to send.
type attempt struct {
	subject, data, reply string
	header               nats.Header
}

// forbidden are messages to which the server must answer that they are not permitted.
func forbidden() map[string]attempt {
	all := make(map[string]attempt)
	for _, subject := range []string{
		forged, "bleepstore.v1._.blobs.reaped", "anything", "_INBOX.of.another", "_BLEEPSTORE.inbox.1", "bleepstore.log.commits",
		"$SYS.REQ.SERVER.PING", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.USER.INFO", "$SYS.REQ.SERVER.PING.JSZ", "$SYS.ACCOUNT.a.CLAIMS.UPDATE",
		"$JS.EVENT.ADVISORY.API", "$JS.bleepstore.API.STREAM.DELETE" + ofStream, "$JSC.R.1", "$NRG.V.1", "$KV.a.b", "$O.a.C.b", "$G.x",
	} {
		all["publish to "+subject] = attempt{subject: subject, data: "{}"}
	}
	for _, call := range []string{
		"STREAM.CREATE.OTHER", "STREAM.CREATE.KV_a", "STREAM.CREATE.OBJ_a", "STREAM.CREATE" + ofStream, "STREAM.UPDATE" + ofStream,
		"STREAM.DELETE" + ofStream, "STREAM.PURGE" + ofStream, "STREAM.MSG.DELETE" + ofStream, "STREAM.SNAPSHOT" + ofStream,
		"STREAM.RESTORE" + ofStream, "STREAM.RESTORE.OTHER", "STREAM.PEER.REMOVE" + ofStream, "STREAM.LEADER.STEPDOWN" + ofStream,
		"STREAM.CANCEL_MOVE" + ofStream, "STREAM.TEMPLATE.CREATE.A", "CONSUMER.PAUSE" + ofStream + ".c", "CONSUMER.RESET" + ofStream + ".c",
		"CONSUMER.LEADER.STEPDOWN" + ofStream + ".c", "CONSUMER.CREATE.OTHER.c", "CONSUMER.CREATE.BLEEPSTORE_LOG.c", "STREAM.INFO.BLEEPSTORE_LOG",
		"STREAM.MSG.GET.BLEEPSTORE_LOG", "DIRECT.GET.BLEEPSTORE_LOG", "META.LEADER.STEPDOWN", "SERVER.REMOVE", "ACCOUNT.PURGE.administrators",
		"ACCOUNT.STREAM.MOVE.administrators" + ofStream,
	} {
		data := `{"name":"` + public.StreamName + `","subjects":["bleepstore.v1.>"],"storage":"memory"}`
		all["ask for "+call] = attempt{subject: api + call, data: data}
		all["ask behind the gate for "+call] = attempt{subject: "_BLEEPSTORE.passed.API." + call}
		all["ask at the gate for "+call] = attempt{subject: "_BLEEPSTORE.asked.API." + call}
	}
	all["pass the gate by"] = attempt{subject: "_BLEEPSTORE.passed.API.CONSUMER.CREATE" + ofStream + ".c", data: push("c", forged)}
	all["trace a message to the stream"] = attempt{
		subject: api + "INFO", header: nats.Header{"Nats-Trace-Dest": {forged}, "Nats-Trace-Only": {"true"}},
	}
	return all
}

// harmful are messages that the permissions allow to send, and that must do nothing.
func harmful() map[string]attempt {
	all := make(map[string]attempt)
	targets := []string{
		api + "STREAM.DELETE" + ofStream, api + "STREAM.PURGE" + ofStream, "_BLEEPSTORE.passed.API.STREAM.DELETE" + ofStream,
		"_BLEEPSTORE.asked.API.CONSUMER.DELETE" + ofStream + ".mine", forged, "_BLEEPSTORE.inbox.1", "$SYS.REQ.SERVER.PING",
	}
	for _, target := range append(targets, "$JS.ACK"+ofStream+".mine.1.1.1.1.1", "_INBOX.>", "_INBOX.*", "_INBOX", "a _INBOX.b", "_inbox.a") {
		create := api + "CONSUMER.CREATE" + ofStream
		all["push to "+target] = attempt{subject: create + ".c", data: push("c", target)}
		all["push to "+target+", durably"] = attempt{subject: api + "CONSUMER.DURABLE.CREATE" + ofStream + ".c", data: push("c", target)}
		all["push to "+target+", with a filter"] = attempt{subject: create + ".c.bleepstore.v1.>", data: push("c", target)}
		all["push to "+target+", without a name"] = attempt{subject: create, data: push("", target)}
		all["push to "+target+", in capitals"] = attempt{
			subject: create + ".c", data: strings.Replace(push("c", target), "deliver_subject", "DELIVER_SUBJECT", 1),
		}
		all["push to "+target+", said last"] = attempt{
			subject: create + ".c", data: strings.Replace(push("c", target), `"deliver_subject"`, `"deliver_subject":"_INBOX.a","deliver_subject"`, 1),
		}
		all["push to "+target+", in another configuration"] = attempt{
			subject: create + ".c", data: strings.Replace(push("c", target), `"config"`, `"config":{"deliver_subject":"_INBOX.a"},"Config"`, 1),
		}
	}
	for _, target := range targets {
		for _, call := range []string{
			"INFO", "STREAM.NAMES", "STREAM.INFO" + ofStream, "CONSUMER.INFO" + ofStream + ".mine", "CONSUMER.MSG.NEXT" + ofStream + ".mine",
			"DIRECT.GET" + ofStream + "." + forged, "CONSUMER.DELETE" + ofStream + ".none",
		} {
			all["answer of "+call+" to "+target] = attempt{subject: api + call, reply: target}
		}
		all["answer of STREAM.MSG.GET to "+target] = attempt{subject: api + "STREAM.MSG.GET" + ofStream, data: `{"seq":1}`, reply: target}
		all["answer of DIRECT.GET to "+target] = attempt{subject: api + "DIRECT.GET" + ofStream, data: `{"seq":1}`, reply: target}
		const ack = "$JS.ACK" + ofStream + ".mine.1.1.1.1.1"
		all["acknowledgement to "+target] = attempt{subject: ack, data: "+ACK", reply: target}
		all["next to "+target] = attempt{subject: ack, data: `+NXT {"batch":10}`, reply: target}
	}
	all["large request"] = attempt{subject: api + "CONSUMER.CREATE" + ofStream + ".c", data: strings.Repeat(" ", 1<<20) + push("c", "_INBOX.a")}
	all["no request"] = attempt{subject: api + "CONSUMER.CREATE" + ofStream + ".c", data: "{"}
	all["unknown part"] = attempt{subject: api + "CONSUMER.CREATE" + ofStream + ".c", data: strings.Replace(push("c", "_INBOX.a"), `"config"`, `"x":1,"config"`, 1)}
	return all
}

// push is a request for a consumer that sends headers alone, so that messages are like requests without content.
func push(name, to string) string {
	return fmt.Sprintf(`{"stream_name":%q,"config":{"name":%q,"deliver_subject":%q,"deliver_policy":"all","ack_policy":"none",`+
		`"headers_only":true,"replay_policy":"instant"}}`, public.StreamName, name, to)
}

// Whoever logs in can read the stream of the account, and nothing else, whatever is tried.
func TestPermissions(t *testing.T) {
	for _, key := range []public.Key{root, alice, bob} {
		t.Run(key.AccessKey, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fill(5)
			conn, complaints := w.connect(key)
			js, err := jetstream.New(conn)
			must(t, err)
			_, err = js.CreateConsumer(t.Context(), public.StreamName, jetstream.ConsumerConfig{Durable: "mine", AckPolicy: jetstream.AckExplicitPolicy})
			must(t, err)
			before := w.everything()

			for name, a := range forbidden() {
				must(t, conn.PublishMsg(&nats.Msg{Subject: a.subject, Data: []byte(a.data), Header: a.header, Reply: nats.NewInbox()}))
				must(t, conn.Flush())
				wantRefused(t, name, complaints)
			}
			for _, subject := range []string{
				">", "*.>", "$SYS.>", "$SYS.ACCOUNT.*.CONNECT", "$JS.>", "$JS.API.>", "_BLEEPSTORE.>", "_BLEEPSTORE.inbox.>", "bleepstore.>", "bleepstore.log.>",
			} {
				_, err := conn.SubscribeSync(subject)
				must(t, err)
				must(t, conn.Flush())
				wantRefused(t, "subscribe to "+subject, complaints)
			}
			for name, a := range harmful() {
				if a.reply != "" { // then nobody hears an answer
					must(t, conn.PublishRequest(a.subject, a.reply, []byte(a.data)))
					continue
				}
				answer, err := conn.Request(a.subject, []byte(a.data), patience)
				must(t, err)
				var response struct{ Error *jetstream.APIError }
				must(t, json.Unmarshal(answer.Data, &response))
				if response.Error == nil {
					t.Errorf("%s: answered with %s", name, answer.Data)
				}
			}
			stream, err := js.Stream(t.Context(), public.StreamName) // the gate has seen what was sent before
			must(t, err)
			var consumers []string
			for name := range stream.ConsumerNames(t.Context()).Name() {
				consumers = append(consumers, name)
			}
			if !slices.Equal(consumers, []string{"mine"}) {
				t.Errorf("the consumers are %v", consumers)
			}
			select {
			case complaint := <-complaints:
				t.Errorf("the gate was not asked: %v", complaint)
			default:
			}

			w.append(objectDeleted("a", "later"), objectDeleted("b", "later"), &eventlog.BlobsReaped{})
			w.published() // by connections that still work
			after := w.everything()
			later := func(line string) bool { return strings.Contains(line, "later") || strings.Contains(line, "reaped") }
			if n := len(after); n != len(before)+5 {
				t.Errorf("there are %d messages and configurations, want %d", n, len(before)+5)
			}
			if after = slices.DeleteFunc(after, later); !slices.Equal(before, after) {
				t.Errorf("the streams were\n%s\nand are\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
			}
		})
	}
}

// wantRefused waits for the server's complaint.
func wantRefused(t *testing.T, what string, complaints <-chan error) {
	t.Helper()
	select {
	case err := <-complaints:
		if !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("%s: %v", what, err)
		}
	case <-time.After(patience):
		t.Errorf("%s is permitted", what)
	}
}

// everything is what is in all streams, and how they are configured.
func (w *world) everything() []string {
	w.t.Helper()
	var all []string
	for _, key := range []public.Key{root, alice, bob} {
		conn, _ := w.connect(key)
		js, err := jetstream.New(conn)
		must(w.t, err)
		stream, err := js.Stream(w.t.Context(), public.StreamName)
		must(w.t, err)
		all = append(all, fmt.Sprintf("%s: %+v", key.AccessKey, stream.CachedInfo().Config))
		all = append(all, w.stream(key)...)
		conn.Close()
	}
	return all
}

// Only who knows a key and its secret gets in, and not as this process does.
func TestLogin(t *testing.T) {
	w := newWorld(t)
	for name, option := range map[string]nats.Option{
		"nobody":                     func(*nats.Options) error { return nil },
		"a wrong secret":             nats.UserInfo("alice", "alice-secreT"),
		"another's secret":           nats.UserInfo("alice", "bob-secret"),
		"no secret":                  nats.UserInfo("alice", ""),
		"the hash of nothing":        nats.UserInfo("unknown", "\x00"),
		"an unknown key":             nats.UserInfo("unknown", ""),
		"a key as a token":           nats.Token("alice-secret"),
		"the process":                nats.UserInfo("/administrators", ""),
		"the process, with a secret": nats.UserInfo("/administrators", "root-secret"),
		"the system's account":       nats.UserInfo("sys", "sys"),
	} {
		conn, err := nats.Connect("nats://"+w.Addr().String(), option, nats.NoReconnect())
		if err == nil {
			conn.Close()
		}
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("%s gets %v", name, err)
		}
	}
}

// What is published comes at once to those who listen without a consumer, if it is for them.
func TestLive(t *testing.T) {
	w := newWorld(t)
	subscriptions := make(map[string]*nats.Subscription)
	for _, key := range keys {
		conn, _ := w.connect(key)
		subscription, err := conn.SubscribeSync("bleepstore.v1.>")
		must(t, err)
		must(t, conn.Flush())
		subscriptions[key.AccessKey] = subscription
	}
	w.append(bucketCreated("a", alice), bucketCreated("b", bob), &eventlog.BlobsReaped{}, objectDeleted("b", "1"), objectDeleted("a", "last"), bucketDeleted("b"))
	for key, want := range map[string][]string{
		"root": {"1-0", "1-1", "1-2", "1-3", "1-4", "1-5"}, "alice": {"1-0", "1-4"}, "alice2": {"1-0", "1-4"}, "bob": {"1-1", "1-3", "1-5"},
	} {
		for _, id := range want {
			message, err := subscriptions[key].NextMsg(patience)
			must(t, err)
			if got := message.Header.Get("ce-id"); got != id {
				t.Errorf("%s gets event %s, want %s", key, got, id)
			}
		}
	}
}

// Consumers are bounded, and a subscriber who has too many is told so.
func TestConsumersAreBounded(t *testing.T) {
	w := newWorld(t)
	conn, _ := w.connect(alice)
	js, err := jetstream.New(conn)
	must(t, err)
	made := 0
	for ; err == nil && made < 5000; made++ {
		_, err = js.CreateConsumer(t.Context(), public.StreamName, jetstream.ConsumerConfig{MemoryStorage: true, InactiveThreshold: time.Hour})
	}
	if _, refused := errors.AsType[*jetstream.APIError](err); !refused {
		t.Errorf("%d consumers were made, and then: %v", made, err)
	}
	w.append(bucketCreated("a", alice), bucketCreated("b", bob))
	w.want(map[string][]string{"root": w.all(), "alice": {"1-0"}, "bob": {"1-1"}})
}
