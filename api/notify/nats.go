package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATSConfig is how a subject of a NATS server is reached.
type NATSConfig struct {
	URL     string // nats:// or tls://; several with commas between them
	Subject string
	// CredentialsFile has a user's JWT and key, in the form of nsc; empty for none.
	CredentialsFile string
	User, Password  string // empty for none
	CAFile          string // as in WebhookConfig
}

// reconnectWait is how long after a connection is lost, or could not be made, it is tried again.
const reconnectWait = time.Second

// publisher publishes messages.
type publisher struct {
	subject string
	conn    *nats.Conn
	stream  jetstream.JetStream
}

// NewNATS makes a Sender to a subject, which a JetStream stream must have: only a stream acknowledges messages when it has them
// for good, and drops those that come again. A server that cannot be reached is no error: it is tried again from then on.
func NewNATS(c NATSConfig) (Sender, error) {
	options := []nats.Option{
		nats.Name("BleepStore notifications"),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.IgnoreAuthErrorAbort(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // Send tells; without one they go to stderr
		nats.ReconnectBufSize(-1),                                         // what cannot be sent is an error, and sent again by who knows of it
	}
	if c.CredentialsFile != "" {
		options = append(options, nats.UserCredentials(c.CredentialsFile))
	}
	if c.User != "" {
		options = append(options, nats.UserInfo(c.User, c.Password))
	}
	if c.CAFile != "" {
		config, err := tlsConfig(c.CAFile)
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Secure(config))
	}
	conn, err := nats.Connect(c.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	stream, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	return &publisher{subject: c.Subject, conn: conn, stream: stream}, nil
}

// Send implements Sender.
func (p *publisher) Send(ctx context.Context, m Message) error {
	if !p.conn.IsConnected() {
		return &Failure{Reason: "The target cannot be reached", Err: p.conn.LastError()}
	}
	message := nats.NewMsg(p.subject)
	message.Header.Set(nats.MsgIdHdr, m.ID)
	message.Header.Set("Content-Type", "application/json")
	message.Data = m.Body
	_, err := p.stream.PublishMsg(ctx, message, jetstream.WithRetryAttempts(0))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return &Failure{Reason: "The target keeps no messages", Err: fmt.Errorf("no JetStream stream has the subject %s: make one", p.subject)}
	case errors.Is(err, nats.ErrMaxPayload):
		return &Failure{Reason: "The target does not take messages of this size", Refused: true, Err: err}
	case errors.Is(p.conn.LastError(), nats.ErrPermissionViolation): // the connection is told, and the message not answered
		return &Failure{Reason: "The target does not allow it", Err: p.conn.LastError()}
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{Reason: "The target did not answer in time", Err: err}
	}
	return &Failure{Reason: "The target did not take the message", Err: err}
}

// Close implements Sender.
func (p *publisher) Close() { p.conn.Close() }
