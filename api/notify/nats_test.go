package notify

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Who may not publish is told so, and not that there was no answer, as NATS has it.
func TestASubjectThatIsNotAllowed(t *testing.T) {
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		Users: []*server.User{{Username: "u", Password: "p", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"objects"}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	sender, err := NewNATS(NATSConfig{URL: s.ClientURL(), Subject: "objects", User: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	for deadline := time.Now().Add(30 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := sender.Send(ctx, Message{ID: "id", Body: []byte("{}")})
		cancel()
		if err != nil && strings.Contains(strings.ToLower(err.Error()), "permissions violation") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the error is %v", err)
		}
	}
}
