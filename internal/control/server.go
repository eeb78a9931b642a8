package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-json-experiment/json"
)

// headerTimeout is how long a command may take to send the header of a request.
const headerTimeout = 10 * time.Second

// endTimeout is how long it may take to tell who asked that a task was ended.
const endTimeout = time.Second

// maxRequest bounds a request, in bytes.
const maxRequest = 64 << 10

// progressInterval is how often an answer tells progress.
const progressInterval = 200 * time.Millisecond

// Handler does tasks. The context of a task ends when who asked for it goes away, and when the server is closed.
type Handler func(ctx context.Context, r Request, out Reporter) error

// Server takes requests.
type Server struct {
	http   *http.Server
	cancel context.CancelFunc
	ended  chan struct{}
}

// Listen takes requests in a folder, which this process has in use: a socket that is there already is one that a crash has
// left.
func Listen(dir string, handle Handler) (*Server, error) {
	path := socket(dir)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("take commands at %s: %w", path, err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("take commands at %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("take commands at %s: %w", path, err), listener.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{cancel: cancel, ended: make(chan struct{})}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, handle) }),
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(listener) // ends as Close begins
	}()
	return s, nil
}

// Close takes no more requests, ends the tasks under way, and waits for them, until ctx ends: a task may hang with the disk
// that it writes to. Then it is an error, and what the tasks use is still in use.
func (s *Server) Close(ctx context.Context) error {
	s.cancel()
	err := s.http.Shutdown(ctx)
	<-s.ended
	return err
}

// serve answers a request.
func serve(w http.ResponseWriter, r *http.Request, handle Handler) {
	var request Request
	if err := json.UnmarshalRead(http.MaxBytesReader(w, r.Body, maxRequest), &request, json.RejectUnknownMembers(true)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a := &answer{w: w, flush: http.NewResponseController(w)}
	// Who asked may have stopped reading, as a pager does. Then the end of the task cannot be told, and nobody waits for it.
	defer context.AfterFunc(r.Context(), func() { _ = a.flush.SetWriteDeadline(time.Now().Add(endTimeout)) })()
	var last end
	if err := handle(r.Context(), request, a); err != nil {
		last.Error = err.Error()
	}
	_ = a.send(message{End: &last}) // nobody is there to hear of a failure
}

// answer is the Reporter of a task that another process has asked for.
type answer struct {
	w     http.ResponseWriter
	flush *http.ResponseController
	told  time.Time // when progress was told
}

func (a *answer) Write(p []byte) (int, error) {
	if err := a.send(message{Output: string(p)}); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (a *answer) Progress(p Progress) {
	if time.Since(a.told) < progressInterval {
		return
	}
	a.told = time.Now()
	_ = a.send(message{Progress: &p}) // where nobody hears it, the context ends
}

func (a *answer) send(m message) error {
	line, err := json.Marshal(&m)
	if err != nil {
		return err
	}
	if _, err := a.w.Write(append(line, '\n')); err != nil {
		return err
	}
	return a.flush.Flush()
}
