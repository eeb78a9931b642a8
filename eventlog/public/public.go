// Package public publishes the events of a log to those who subscribe to them over NATS, one message for each event.
//
// The events are in streams on a NATS server of their own, which has nothing of the log: whoever connects to it can't reach the
// log, whatever they find a way to do. Each account of BleepStore has an account of NATS, which nobody else sees, with a stream
// of the events of the buckets that it owned when they happened. One more, for administrators, has all events.
//
// The streams are made of the log. They may lag behind it, and may be lost at any time: they are made again.
package public

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// StreamName is the name of the stream, in each account.
const StreamName = "BLEEPSTORE_EVENTS"

// Config says which events are published, where, and to whom.
type Config struct {
	Dir     string      // folder of the streams; losing it loses nothing but the positions of subscribers
	Address string      // to listen on, HOST:PORT; port 0 takes a free one
	TLS     *tls.Config // nil for none
	Keys    []Key       // that may log in
	// MaxAge and MaxBytes limit each stream, whose oldest events make place; 0 is no limit. Age counts from the publication,
	// but what was older when it could be published is left out.
	MaxAge   time.Duration
	MaxBytes int64

	Log string // id of the log
	History

	Retry func(error)      // is told what failed and will be tried again
	Warn  func(log string) // is told what the NATS server logs as a warning or an error
}

// Key is an access key and its secret, with which a subscriber logs in as user and password.
type Key struct {
	AccessKey, SecretKey string
	Account              string // canonical id; the key sees the events of this account's buckets
	Admin                bool   // the key sees all events instead
}

// History is the log with what was trimmed of it; *archive.History is one.
type History interface {
	// At is the position of the commit with a sequence; zero for 0. Errors: *eventlog.PositionError where the log does not
	// have it; others where it cannot be told.
	At(ctx context.Context, seq uint64) (eventlog.Position, error)
	// Before is a position behind which all events are that are as late as t or later.
	Before(ctx context.Context, t time.Time) (eventlog.Position, error)
	// Start is the position before the first commit that there is.
	Start(ctx context.Context) (eventlog.Position, error)
	// Reader follows the log from behind a position. Errors: *eventlog.PositionError where the log does not have it; others
	// where it cannot be told, or read.
	Reader(ctx context.Context, after eventlog.Position) (archive.CommitReader, error)
}

// The waits before what failed is tried again.
const (
	minRetry = time.Second
	maxRetry = time.Minute
)

// Publisher publishes events. It has a NATS server, which serves from Listen to the end of Run.
type Publisher struct {
	config  Config
	address net.Addr

	server *server // of Run

	mu        sync.Mutex
	published eventlog.Position
	err       error
}

// Listen starts the NATS server. Events are published by Run, which must be called for the server to end. A folder with which the
// server does not start is made anew.
func Listen(ctx context.Context, c Config) (*Publisher, error) {
	server, err := startServer(ctx, c)
	if err != nil && ctx.Err() == nil {
		c.Retry(fmt.Errorf("all events are published anew: %w", err))
		if err := os.RemoveAll(c.Dir); err != nil {
			return nil, fmt.Errorf("remove the public events: %w", err)
		}
		server, err = startServer(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	if err := server.listen(); err != nil {
		server.close()
		return nil, err
	}
	c.Address = server.nats.Addr().String() // the port may have been 0
	return &Publisher{config: c, address: server.nats.Addr(), server: server}, nil
}

// Addr is where the server listens.
func (p *Publisher) Addr() net.Addr { return p.address }

// Position is that of the last commit all events of which are published.
func (p *Publisher) Position() eventlog.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.published
}

// Err tells why no events are published at the moment; nil while nothing is wrong.
func (p *Publisher) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *Publisher) setErr(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *Publisher) setPublished(pos eventlog.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published, p.err = pos, nil
}

// Run publishes until ctx ends, and stops the server then. Whatever fails, it tells and tries again.
func (p *Publisher) Run(ctx context.Context) {
	told := ""
	for pause := minRetry; ; pause = min(2*pause, maxRetry) {
		before := p.Position()
		err := p.publish(ctx)
		if ctx.Err() != nil {
			break
		}
		p.setErr(err)
		if text := err.Error(); text != told {
			p.config.Retry(err)
			told = text
		}
		if p.Position() != before {
			pause = minRetry
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	if p.server != nil {
		p.server.close()
	}
}
