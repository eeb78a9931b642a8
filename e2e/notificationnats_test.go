package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/go-json-experiment/json"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startNATS starts a NATS server with JetStream, on a free port if port is -1, which asks for a user and a password.
func startNATS(t testing.TB, dir string, port int) *natsserver.Server {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true, Username: "store", Password: "s3cr3t",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s
}

func connectNATS(t testing.TB, s *natsserver.Server) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(s.ClientURL(), nats.UserInfo("store", "s3cr3t"))
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

// A subject takes messages if a stream has it, which then has each once, also if it goes away meanwhile.
func TestNotificationsToNATS(t *testing.T) {
	t.Parallel()
	const arn = "arn:bleepstore:sqs::stream:nats"
	dir := t.TempDir()
	broker := startNATS(t, dir, natsserver.RANDOM_PORT)
	s := startServer(t, options{config: fmt.Sprintf(
		"notifications: {targets: [{name: stream, type: nats, url: %q, subject: objects.events, user: store, password: s3cr3t, timeout: 2s}]}",
		broker.ClientURL())})
	c := s.client()
	bucket := newBucket(t, c)
	err := tryNotify(t, c, bucket, notifyQueue("q", arn, "", "", types.EventS3ObjectCreated))
	wantError(t, err, http.StatusBadRequest, "InvalidArgument")
	stream := jetstream.StreamConfig{Name: "OBJECTS", Subjects: []string{"objects.>"}}
	if _, err := connectNATS(t, broker).CreateStream(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	notify(t, c, bucket, notifyQueue("q", arn, "", "", types.EventS3ObjectCreated))
	put(t, c, bucket, "first", nil)
	eventually(t, "the first message is delivered", func() error {
		if target := s.targets(t)["stream"]; target.Waiting > 0 || target.Behind > 0 {
			return fmt.Errorf("%+v", target)
		}
		return nil
	})
	port := broker.Addr().(*net.TCPAddr).Port
	broker.Shutdown()
	broker.WaitForShutdown()
	put(t, c, bucket, "second", nil)
	eventually(t, "the target fails", func() error {
		if target := s.targets(t)["stream"]; target.Error == "" {
			return fmt.Errorf("%+v", target)
		}
		return nil
	})
	broker = startNATS(t, dir, port)
	put(t, c, bucket, "third", nil)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	consumer, err := connectNATS(t, broker).OrderedConsumer(ctx, stream.Name, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	for got["first"]+got["second"]+got["third"] < 3 {
		message, err := consumer.Next(jetstream.FetchMaxWait(time.Second))
		if errors.Is(err, nats.ErrTimeout) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var n notification
		if err := json.Unmarshal(message.Data(), &n); err != nil {
			t.Fatal(err)
		}
		if message.Headers().Get(nats.MsgIdHdr) == "" || message.Subject() != "objects.events" {
			t.Errorf("message %v on %s", message.Headers(), message.Subject())
		}
		if n.Event != "" {
			want(t, "test event", n.Event+" "+n.Bucket, "s3:TestEvent "+bucket)
			continue
		}
		got[n.Records[0].S3.Object.Key]++
	}
	for key, times := range got {
		want(t, "times that there is "+key, times, 1)
	}
	s.stop(t)
	if strings.Contains(s.log.tail(), "s3cr3t") {
		t.Error("the log has the password")
	}
}
