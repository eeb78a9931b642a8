package admin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
)

// quiet is a history of one commit, behind which nothing happens.
type quiet struct{}

func (quiet) Head() eventlog.Position                                { return eventlog.Position{Seq: 1} }
func (quiet) Start(context.Context) (pos eventlog.Position, _ error) { return }
func (quiet) At(context.Context, uint64) (pos eventlog.Position, _ error) {
	return
}
func (quiet) Before(context.Context, time.Time) (pos eventlog.Position, _ error) { return }
func (quiet) Reader(context.Context, eventlog.Position) (archive.CommitReader, error) {
	return new(one), nil
}

// one is a reader of that commit.
type one struct{ read bool }

func (r *one) Next(ctx context.Context) ([]eventlog.Commit, error) {
	if r.read {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r.read = true
	return []eventlog.Commit{{
		Position: eventlog.Position{Log: "log", Seq: 1, Hash: "hash"},
		Events:   []eventlog.Event{{Data: &eventlog.BucketDeleted{Bucket: "photos"}}},
	}}, nil
}

func (r *one) Close() {}

// client is a client's connection, on which writing can be limited in time.
type client struct {
	mu       sync.Mutex
	header   http.Header
	status   int
	text     strings.Builder
	deadline time.Time
	stuck    bool // takes nothing
}

func (c *client) Header() http.Header { return c.header }

func (c *client) WriteHeader(status int) { c.status = status }

func (c *client) Write(p []byte) (int, error) {
	for c.stuck {
		if c.late() {
			return 0, os.ErrDeadlineExceeded
		}
		time.Sleep(time.Second / 10)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

// late tells whether there is a deadline, and it has passed.
func (c *client) late() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.deadline.IsZero() && time.Now().After(c.deadline)
}

// limited tells whether there is a deadline.
func (c *client) limited() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.deadline.IsZero()
}

func (c *client) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return nil
}

func (c *client) FlushError() error { return nil }

// take is what has come since it was asked last.
func (c *client) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.text.Reset()
	return c.text.String()
}

// open asks for a stream, which ends with done.
func open(ctx context.Context, events *admin.Events, method, query string, stuck bool) (c *client, done chan struct{}) {
	config := well()
	config.Events = events
	r := httptest.NewRequestWithContext(ctx, method, "/_/v1/events"+query, nil)
	r.RemoteAddr = "127.0.0.1:1234"
	r.ProtoMajor = 2 // where a deadline that passes ends the stream also if nobody is writing
	r.SetBasicAuth("root", "root-secret")
	c, done = &client{header: http.Header{}, stuck: stuck}, make(chan struct{})
	go func() {
		defer close(done)
		admin.New(config, s3).ServeHTTP(c, r)
	}()
	return c, done
}

func ended(done chan struct{}) bool {
	synctest.Wait()
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func TestAStreamOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := admin.NewEvents(quiet{}, "us-east-1")
		c, done := open(t.Context(), events, http.MethodGet, "?from=0&format=text", false)
		synctest.Wait()
		const want = "retry: 3000\n\nid: 1-0@hash\nevent: bucket.deleted\ndata: 0001-01-01 00:00:00.000Z 1-0 bucket.deleted photos by=server\n\n"
		if got := c.take(); got != want || c.status != http.StatusOK {
			t.Errorf("it began with %d %q, want %q", c.status, got, want)
		}
		for range 3 {
			if c.limited() {
				t.Error("there is a deadline while nothing is written")
			}
			time.Sleep(15 * time.Second)
			synctest.Wait()
			if got := c.take(); !strings.HasPrefix(got, ":") || !strings.HasSuffix(got, "\n\n") || strings.Count(got, "\n") != 2 {
				t.Errorf("where nothing happens %q was sent, want a comment", got)
			}
		}
		if ended(done) {
			t.Error("it has ended")
		}
		events.End()
		if !ended(done) || c.take() != "" {
			t.Error("it goes on behind the end of all streams")
		}
	})
}

// breaking is a history that cannot be read, and says so with characters that end a line.
type breaking struct{ quiet }

func (breaking) Reader(context.Context, eventlog.Position) (archive.CommitReader, error) {
	return breaking{}, nil
}

func (breaking) Next(context.Context) ([]eventlog.Commit, error) {
	return nil, errors.New("damaged\rdata: forged\ndata: forged")
}

func (breaking) Close() {}

func TestAnErrorIsNoEvent(t *testing.T) {
	c, done := open(t.Context(), admin.NewEvents(breaking{}, "us-east-1"), http.MethodGet, "?from=0", false)
	<-done
	const want = "retry: 3000\n\n: damaged data: forged data: forged\n\n"
	if got := c.take(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAClientThatTakesNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := admin.NewEvents(quiet{}, "us-east-1")
		_, done := open(t.Context(), events, http.MethodGet, "?from=0", true)
		begun := time.Now()
		<-done
		if took := time.Since(begun); took > time.Minute+time.Second {
			t.Errorf("it was given up after %v", took)
		}

		_, done = open(t.Context(), events, http.MethodGet, "?from=0", true)
		synctest.Wait()
		begun = time.Now()
		events.End()
		<-done
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("it held up the end of all streams for %v", took)
		}
	})
}

func TestStreamsOfEventsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 64
		events := admin.NewEvents(quiet{}, "us-east-1")
		first, leave := context.WithCancel(t.Context())
		var streams []chan struct{}
		for range most {
			_, done := open(first, events, http.MethodGet, "", false)
			streams = append(streams, done)
		}
		synctest.Wait()
		refused, done := open(t.Context(), events, http.MethodGet, "", false)
		<-done
		if text := refused.take(); refused.status != http.StatusServiceUnavailable || !strings.Contains(text, `"SlowDown"`) {
			t.Errorf("one more: %d %s", refused.status, text)
		}
		leave()
		for _, done := range streams {
			<-done
		}
		if _, done := open(t.Context(), events, http.MethodGet, "", false); ended(done) {
			t.Error("when all had left, one more was refused")
		}
		events.End()
	})
}

func TestRequestsForEventsThatAreNoStream(t *testing.T) {
	head, done := open(t.Context(), admin.NewEvents(quiet{}, "us-east-1"), http.MethodHead, "?from=0", false)
	<-done
	if head.status != http.StatusOK || head.take() != "" {
		t.Errorf("HEAD is answered with %d", head.status)
	}
	if response := ask(well(), http.MethodGet, "/_/v1/events"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a log: %d", response.StatusCode)
	}
}
