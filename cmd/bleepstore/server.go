package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/internal/certs"
)

const (
	// cutOffTimeout is how long handlers may go on when their connections were closed.
	cutOffTimeout = 5 * time.Second
	// stopTimeout is how long what goes on beside requests may take to end. Stores in a cloud write their position last.
	stopTimeout = 10 * time.Second
)

// newHTTPServer makes a server with the limits that hold for all connections. Bodies, which may take any time, have their
// time-outs in the handlers.
func newHTTPServer() *http.Server {
	return &http.Server{
		// How long a client may take for a TLS handshake, and to send a request's header.
		ReadHeaderTimeout: 30 * time.Second,
		// How long a connection is kept between requests: longer than the minute of usual load balancers, so that it is not
		// the server who closes a connection on which a request may be on its way.
		IdleTimeout: 2 * time.Minute,
		// What a request's header may have, in bytes. S3 allows 8 KiB, which long policies in queries exceed.
		MaxHeaderBytes: 64 << 10,
		HTTP2: &http.HTTP2Config{
			// Clients open one connection for all that they do. Those with more to do at once open another.
			MaxConcurrentStreams: 128,
			// How much a client may send ahead of who reads it. It bounds memory, but also how fast a client is that is far away.
			MaxReceiveBufferPerConnection: 2 << 20,
			MaxReceiveBufferPerStream:     512 << 10,
			MaxReadFrameSize:              64 << 10,
			// A client that is silent is asked whether it is there. One that sends a header bit by bit cannot say so.
			SendPingTimeout: 30 * time.Second,
			PingTimeout:     15 * time.Second,
			// How long a client may receive nothing of what is sent.
			WriteByteTimeout: time.Minute,
		},
	}
}

// server answers the HTTP requests that come to one address.
type server struct {
	http   *http.Server
	front  front
	cancel context.CancelFunc // ends the contexts of all requests
}

// startServer starts to answer requests that come to listener, over TLS if config is not nil. It sends the end of that to ended.
func startServer(listener net.Listener, config *tls.Config, handler http.Handler, out output, ended chan<- error) *server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{http: newHTTPServer(), cancel: cancel}
	s.front.set(handler)
	s.http.Handler = &s.front
	s.http.TLSConfig = config
	s.http.ErrorLog = out.standardLog()
	s.http.BaseContext = func(net.Listener) context.Context { return ctx }
	go func() {
		if config != nil {
			ended <- s.http.ServeTLS(listener, "", "")
		} else {
			ended <- s.http.Serve(listener)
		}
	}()
	return s
}

// stop accepts no more connections and lets requests in flight finish for a time; then it cuts them off. When it returns
// nil, no handler runs any more.
func (s *server) stop(patience time.Duration, out output) error {
	defer s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err == nil {
		return nil
	}
	out.Warn().Stringer("server.shutdown_timeout", patience).Msg("cutting off requests that did not finish in time")
	s.cancel()
	err = s.http.Close()
	ctx, cancel = context.WithTimeout(context.Background(), cutOffTimeout)
	defer cancel()
	if !s.front.drain(ctx) {
		return errors.Join(err, fmt.Errorf("some requests did not end within %v after they were cut off", cutOffTimeout))
	}
	return err
}

// handlers answer what comes to the addresses of listeners.
type handlers struct {
	s3    http.Handler // answers all if admin is nil
	admin http.Handler
}

// servers are the servers of all addresses.
type servers struct {
	s3    *server
	admin *server    // nil if what is not S3 has no address of its own
	ended chan error // receives the end of each
}

// startServers starts to answer requests, over TLS if certificate is not nil.
func startServers(l listeners, certificate *certs.Certificate, h handlers, out output) *servers {
	var config *tls.Config
	if certificate != nil {
		config = certificate.Config()
	}
	s := &servers{ended: make(chan error, 2)}
	s.s3 = startServer(l.s3, config, h.s3, out, s.ended)
	if l.admin != nil {
		s.admin = startServer(l.admin, config, h.admin, out, s.ended)
	}
	return s
}

// set makes handlers answer the requests that come from now on.
func (s *servers) set(h handlers) {
	s.s3.front.set(h.s3)
	if s.admin != nil {
		s.admin.front.set(h.admin)
	}
}

// stop stops all servers at the same time, as server.stop does.
func (s *servers) stop(patience time.Duration, out output) error {
	var s3, admin error
	var stopping sync.WaitGroup
	stopping.Go(func() { s3 = s.s3.stop(patience, out) })
	if s.admin != nil {
		stopping.Go(func() { admin = s.admin.stop(patience, out) })
	}
	stopping.Wait()
	return errors.Join(s3, admin)
}
