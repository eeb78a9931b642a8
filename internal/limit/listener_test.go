package limit_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/internal/limit"
)

func TestFurtherConnectionsAreClosed(t *testing.T) {
	inner, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan struct{}, 10)
	l := limit.NewListener(inner, 2, func() { refused <- struct{}{} })
	defer l.Close()
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		return conn
	}
	dial()
	dial()
	first, second := <-accepted, <-accepted
	if _, ok := first.(io.ReaderFrom); !ok {
		t.Error("files cannot be sent without copying them")
	}
	third := dial()
	<-refused
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Error("a connection that is too many stays open")
	} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // as net gives it
		t.Error("a connection that is too many is left waiting")
	}
	first.Close()
	first.Close() // twice, as some do
	dial()
	<-accepted
	dial()
	<-refused
	second.Close()
	dial()
	<-accepted
}
