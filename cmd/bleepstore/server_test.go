package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// frame is a frame of HTTP/2 on the first stream, with the length of what follows in one byte.
// See https://www.rfc-editor.org/rfc/rfc9113#name-frame-format
func frame(kind, stream byte, payload string) string {
	return string([]byte{0, 0, byte(len(payload)), kind, 0, 0, 0, 0, stream}) + payload
}

// Who begins something that costs memory and does not end it is hung up on, also who does a little of it from time to time.
func TestSlowClientsAreHungUpOn(t *testing.T) {
	limited := newHTTPServer()
	for _, timeout := range []time.Duration{limited.ReadHeaderTimeout, limited.IdleTimeout, limited.HTTP2.SendPingTimeout, limited.HTTP2.WriteByteTimeout} {
		if timeout <= 0 || timeout > 5*time.Minute {
			t.Fatalf("a time-out is %v", timeout)
		}
	}
	const short = 200 * time.Millisecond
	limited.ReadHeaderTimeout, limited.IdleTimeout = short, short
	limited.HTTP2.SendPingTimeout, limited.HTTP2.PingTimeout = short, short
	limited.Handler = http.NotFoundHandler()
	server := httptest.NewUnstartedServer(nil)
	server.Config = limited
	server.Config.ErrorLog = output{}.standardLog()
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	dial := func(t *testing.T) net.Conn {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	over := func(t *testing.T, protocol string) net.Conn {
		conn := tls.Client(dial(t), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	const settings, headers, continuation = 4, 1, 9
	for name, test := range map[string]struct {
		connect     func(t *testing.T) net.Conn
		first, more string
	}{
		"handshake": {dial, "\x16\x03\x01\x00\xff", "\x01"},
		"silence":   {dial, "", ""},
		"header": {
			func(t *testing.T) net.Conn { return over(t, "http/1.1") },
			"GET / HTTP/1.1\r\n", "X: 1\r\n",
		},
		"header of HTTP/2": {
			func(t *testing.T) net.Conn { return over(t, "h2") },
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, "") + frame(headers, 1, "\x82"), frame(continuation, 1, "\x84"),
		},
		"no request": {
			func(t *testing.T) net.Conn { return over(t, "h2") },
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, ""), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := test.connect(t)
			ended := make(chan error, 1)
			go func() {
				_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				_, err := io.Copy(io.Discard, conn)
				ended <- err
			}()
			_, err := io.WriteString(conn, test.first)
			for tick := time.Tick(short / 4); ; <-tick {
				select {
				case err := <-ended:
					if os.IsTimeout(err) {
						t.Error("the connection stays open")
					}
					return
				default:
				}
				if err == nil {
					_, err = io.WriteString(conn, test.more)
				}
			}
		})
	}
}
