package s3

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	blobs "github.com/bleepstore/bleepstore/backends/memory"
)

// newImpatient starts a server with a bucket that waits for no client.
func newImpatient(t *testing.T) *testServer {
	t.Helper()
	logs := new(logBuffer)
	config := testConfig(newService(t, blobs.New(1<<30)), logs)
	config.IdleTimeout = 200 * time.Millisecond
	s := serve(t, config, logs)
	s.do("PUT", "/bucket", "").want(200, "")
	return s
}

// dial sends a signed request over a connection of its own, and of its body only the start.
func (s *testServer) dial(r *http.Request, length int, start string) net.Conn {
	s.t.Helper()
	s.sign(r, "UNSIGNED-PAYLOAD")
	conn, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Method, r.URL.RequestURI(), r.URL.Host, length)
	if err := r.Header.Write(&b); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, b.String()+"\r\n"+start); err != nil {
		s.t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

func TestAClientThatStopsSendingIsTimedOut(t *testing.T) {
	s := newImpatient(t)
	r := s.request("PUT", "/bucket/key", "")
	r.ContentLength = 100 // which is signed
	conn := s.dial(r, 100, "the start")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 400 || !strings.Contains(string(body), "<Code>RequestTimeout</Code>") || !answer.Close {
		t.Errorf("got %d %s, %v; closes: %v", answer.StatusCode, body, err, answer.Close)
	}
	s.do("GET", "/bucket/key", "").want(404, "NoSuchKey")
}

func TestAClientThatStopsReceivingIsHungUpOn(t *testing.T) {
	s := newImpatient(t)
	s.do("PUT", "/bucket/key", strings.Repeat("x", 64<<20)).want(200, "")
	s.logs.take()
	s.dial(s.request("GET", "/bucket/key", ""), 0, "")
	line := ""
	for deadline := time.Now().Add(time.Minute); line == "" && time.Now().Before(deadline); runtime.Gosched() {
		line = s.logs.take()
	}
	if !strings.Contains(line, `"level":"debug"`) || !strings.Contains(line, `"code":"RequestTimeout"`) {
		t.Errorf("logged %q", line)
	}
}

// TestASlowClientIsNotIdle sends for longer than the timeout, and then asks again on the same connection.
func TestASlowClientIsNotIdle(t *testing.T) {
	s := newImpatient(t)
	r := s.request("PUT", "/bucket/key", "")
	r.ContentLength = 10
	conn := s.dial(r, 10, "")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range 10 {
		<-tick.C
		if _, err := fmt.Fprint(conn, i); err != nil {
			t.Fatal(err)
		}
	}
	from := bufio.NewReader(conn)
	for range 2 {
		answer, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode >= 500 || answer.Close {
			t.Fatalf("got %d, %v; closes: %v", answer.StatusCode, err, answer.Close)
		}
		for range 6 { // longer than the timeout
			<-tick.C
		}
		if _, err := fmt.Fprintf(conn, "GET /bucket/key HTTP/1.1\r\nHost: %s\r\n\r\n", r.URL.Host); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.do("GET", "/bucket/key", "").want(200, "").body; got != "0123456789" {
		t.Errorf("stored %q", got)
	}
}
