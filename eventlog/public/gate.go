package public

import (
	"bytes"
	"encoding/json" // as nats-server does: what it would read otherwise than this package could hide something
	"errors"
	"fmt"
	"strings"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// The gate stands between subscribers and JetStream, because permissions to publish say nothing about where JetStream sends what
// it is asked for. A request may name any subject for the answer, and a consumer any one for its messages, such as
//
//	$JS.API.STREAM.DELETE.BLEEPSTORE_EVENTS
//
// and JetStream would send there with rights of its own. So mappings of the account send to the gate what anybody asks of
// JetStream. The gate passes on what goes to an inbox, which only a subscriber listens to.
const (
	asked  = "_BLEEPSTORE.asked."  // begins the subjects of what comes to the gate
	passed = "_BLEEPSTORE.passed." // begins the subjects of what this process asks of JetStream

	ownInbox = "_BLEEPSTORE.inbox" // begins the inboxes of this process, to which nothing of JetStream's goes that others ask for
	inboxes  = "_INBOX."           // begins those of subscribers
)

// mappings are those of each account. Each message is mapped once at most.
var mappings = map[string]string{"$JS.>": asked + ">", passed + ">": "$JS.>"}

// maxRequest bounds a request, in bytes.
const maxRequest = 64 << 10

// openGate lets conn be the gate of its account.
func openGate(conn *nats.Conn) error {
	_, err := conn.Subscribe(asked+">", func(m *nats.Msg) { pass(conn, m) })
	if err == nil {
		err = conn.Flush()
	}
	return err
}

// pass passes a request on, or answers why it does not. Headers do not go through: no request that is allowed has any.
func pass(conn *nats.Conn, m *nats.Msg) {
	if m.Reply != "" && !isInbox(m.Reply) {
		return // there is nobody to tell
	}
	subject := strings.TrimPrefix(m.Subject, asked)
	data, err := check(subject, m.Data)
	if err != nil {
		refuse(m, err)
		return
	}
	// An error means that the connection is closed, as it is when the server ends.
	_ = conn.PublishMsg(&nats.Msg{Subject: passed + subject, Reply: m.Reply, Data: data})
}

// isInbox tells whether a subject is an inbox of a subscriber.
func isInbox(subject string) bool {
	return strings.HasPrefix(subject, inboxes) && natsserver.IsValidPublishSubject(subject)
}

// check returns the request to pass on.
func check(subject string, data []byte) ([]byte, error) {
	if len(data) > maxRequest {
		return nil, fmt.Errorf("the request has %d bytes, and may have %d", len(data), maxRequest)
	}
	if !isCreate(subject) {
		return data, nil
	}
	var request natsserver.CreateConsumerRequest
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return nil, fmt.Errorf("the request is not understood: %w", err)
	}
	if to := request.Config.DeliverSubject; to != "" && !isInbox(to) {
		return nil, errors.New("a push consumer must deliver to an inbox, " + inboxes + ">")
	}
	return json.Marshal(request) // what was checked, and nothing else
}

// isCreate tells whether a request is for a consumer.
func isCreate(subject string) bool {
	return strings.HasPrefix(subject, "API.CONSUMER.CREATE.") || strings.HasPrefix(subject, "API.CONSUMER.DURABLE.CREATE.")
}

// refuse answers a request as JetStream does one with an error.
func refuse(m *nats.Msg, reason error) {
	if m.Reply == "" {
		return
	}
	var answer natsserver.ApiResponse
	answer.Type = natsserver.JSApiSystemResponseType
	answer.Error = &natsserver.ApiError{Code: 400, ErrCode: uint16(natsserver.JSBadRequestErr), Description: reason.Error()}
	if data, err := json.Marshal(answer); err == nil {
		_ = m.Respond(data) // as in pass
	}
}
