package admin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog/feed"
	"github.com/bleepstore/bleepstore/internal/limit"
)

const (
	// maxStreams is how many streams of events there may be at once. Each reads the log for itself.
	maxStreams = 64
	// heartbeat is how often something is sent where nothing happens, for proxies that close silent connections.
	heartbeat = 15 * time.Second
	// streamEnd is how long a client may take for what is on its way to it when all streams end.
	streamEnd = time.Second
	// streamBuffer is how many bytes of events are written at once.
	streamBuffer = 64 << 10
	// streamRetry is after how many milliseconds a client that was cut off should come again.
	streamRetry = 3000
)

// Events answers requests for events with server-sent events:
// https://html.spec.whatwg.org/multipage/server-sent-events.html
//
// The parameters are those of feed.ParseQuery. Without from, a stream begins with what happens from now on; with follow=false it
// ends with what has happened. A client that comes again with Last-Event-ID goes on behind that event.
//
// An error before the first event is JSON: 400 for a wrong parameter, 404 for an id that the log has not come to, 410 for one that
// it does not reach back to any more or that is another event there now, 503 for too many streams.
type Events struct {
	history feed.History
	region  string // of the server

	streams limit.Usage
	ended   context.Context
	end     context.CancelFunc
}

// NewEvents makes the Events of a log. End it before the server that it is part of waits for its requests.
func NewEvents(history feed.History, region string) *Events {
	e := &Events{history: history, region: region}
	e.ended, e.end = context.WithCancel(context.Background())
	return e
}

// End ends all streams. Clients come again, and go on where they were.
func (e *Events) End() { e.end() }

// ServeHTTP implements http.Handler.
func (e *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(e.ended, cancel)()
	query, err := queryOf(r)
	if err != nil {
		refuse(w, api.Errorf(api.InvalidArgument, "%v", err))
		return
	}
	if !e.streams.Take(1, maxStreams) {
		refuse(w, api.Errorf(api.SlowDown, "There are %d streams of events already, and no more at once.", maxStreams))
		return
	}
	defer e.streams.Give(1)
	reader, err := feed.Open(ctx, e.history, query)
	if err != nil {
		refuseEvents(w, err)
		return
	}
	defer reader.Close()

	header(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx hands on what comes when it comes
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	s := newStream(w)
	defer context.AfterFunc(e.ended, s.end)()
	if err := s.send(ctx, reader, query.Form, feed.Origin{Region: e.region}); err != nil && ctx.Err() == nil {
		_ = s.comment(err.Error()) // a client that is gone, which most often is the error, needs none
	}
}

func (c Config) streamEvents(w http.ResponseWriter, r *http.Request) {
	if c.Events == nil {
		refuse(w, api.Errorf(api.ServiceUnavailable, "There are no events: %v", c.Ready()))
		return
	}
	c.Events.ServeHTTP(w, r)
}

// parameters are those in the query of a request, without those of a signature.
func parameters(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	for name := range values {
		if strings.HasPrefix(name, "X-Amz-") {
			delete(values, name)
		}
	}
	return values, err
}

// queryOf reads the query of a request.
func queryOf(r *http.Request) (feed.Query, error) {
	values, err := parameters(r)
	if err != nil {
		return feed.Query{}, err
	}
	query, err := feed.ParseQuery(values, feed.Query{Form: feed.CloudEvents, Follow: true}, time.Now())
	if err != nil {
		return feed.Query{}, err
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		if query.From, err = feed.Behind(last); err != nil {
			return feed.Query{}, fmt.Errorf("Last-Event-ID: %w", err)
		}
	}
	return query, nil
}

// refuseEvents answers with why feed.Open could not begin.
func refuseEvents(w http.ResponseWriter, err error) {
	status, code := http.StatusNotFound, "NoSuchEvent"
	switch {
	case errors.Is(err, feed.ErrGone) || errors.Is(err, feed.ErrReplaced):
		status, code = http.StatusGone, "EventsGone"
	case !errors.Is(err, feed.ErrAhead):
		refuse(w, err)
		return
	}
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": err.Error()}})
}

// stream writes server-sent events to a client.
type stream struct {
	w      http.ResponseWriter
	client *http.ResponseController
	buffer *bufio.Writer
	ended  atomic.Bool
}

func newStream(w http.ResponseWriter) *stream {
	s := &stream{w: w, client: http.NewResponseController(w)}
	s.buffer = bufio.NewWriterSize(s, streamBuffer)
	return s
}

// Write writes what buffer holds, unless the stream has ended. A client that takes nothing for idleTimeout is given up.
func (s *stream) Write(p []byte) (int, error) {
	if s.ended.Load() {
		return 0, errStreamEnded
	}
	return s.w.Write(p)
}

// flush has the client get all that was written.
func (s *stream) flush() error {
	if err := s.buffer.Flush(); err != nil {
		return err
	}
	return s.client.Flush()
}

var errStreamEnded = errors.New("the stream has ended")

// end lets a write under way last no longer than streamEnd, and allows no later ones. One that begins in this moment may last
// longer, until the end of the server cuts it off.
func (s *stream) end() {
	s.ended.Store(true)
	_ = s.client.SetWriteDeadline(time.Now().Add(streamEnd)) // where that cannot be, the end of the server cuts the client off
}

// comment sends what clients ignore.
func (s *stream) comment(text string) error {
	line := strings.NewReplacer("\r", " ", "\n", " ").Replace(text) // either ends a line
	if _, err := fmt.Fprintf(s.buffer, ": %s\n\n", line); err != nil {
		return err
	}
	return s.flush()
}

// send sends events until there are no more of the query, ctx ends or the client is gone.
func (s *stream) send(ctx context.Context, reader *feed.Reader, form feed.Form, origin feed.Origin) error {
	if _, err := fmt.Fprintf(s.buffer, "retry: %d\n\n", streamRetry); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	for {
		events, err := next(ctx, reader)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			err = s.comment("nothing happens")
		case err == nil:
			err = s.events(events, form, origin)
		}
		if err != nil {
			return err
		}
	}
}

// next is reader.Next, which ends with context.DeadlineExceeded when it is time for a heartbeat.
func next(ctx context.Context, reader *feed.Reader) ([]feed.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	return reader.Next(ctx)
}

func (s *stream) events(events []feed.Event, form feed.Form, origin feed.Origin) error {
	for i := range events {
		e := &events[i]
		line, err := form.Line(e, origin)
		if err != nil {
			return errors.Join(err, s.flush()) // what came before it is sound
		}
		if _, err := fmt.Fprintf(s.buffer, "id: %s\nevent: %s\ndata: %s\n\n", e.Mark(), e.Data.EventType(), line); err != nil {
			return err
		}
	}
	return s.flush()
}
