package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// headerTimeout is how long a client may take to send a request's header.
	headerTimeout = 30 * time.Second
	// idleTimeout is how long a connection is kept between requests: longer than the minute of usual load balancers, so
	// that it is not the server who closes a connection on which a request may be on its way.
	idleTimeout = 2 * time.Minute
	// maxHeader bounds a request's header, in bytes. S3 allows 8 KiB, which long policies in queries exceed.
	maxHeader = 64 << 10
	// cutOffTimeout is how long handlers may go on when their connections were closed.
	cutOffTimeout = 5 * time.Second
	// stopTimeout is how long what goes on beside requests may take to end. Stores in a cloud write their position last.
	stopTimeout = 10 * time.Second
)

// server answers HTTP requests. Bodies, which may take any time, have their time-outs in package s3.
type server struct {
	http   *http.Server
	front  front
	cancel context.CancelFunc // ends the contexts of all requests
	ended  chan error         // receives the end of Serve
}

// startServer starts to answer requests that come to listener, over TLS if certs is not nil.
func startServer(listener net.Listener, certs *tls.Config, handler http.Handler, out output) *server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{cancel: cancel, ended: make(chan error, 1)}
	s.front.set(handler)
	s.http = &http.Server{
		Handler:           &s.front,
		TLSConfig:         certs,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          out.standardLog(),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func() {
		if certs != nil {
			s.ended <- s.http.ServeTLS(listener, "", "")
		} else {
			s.ended <- s.http.Serve(listener)
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
