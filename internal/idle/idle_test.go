package idle_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/internal/idle"
)

const timeout = 100 * time.Millisecond

// start starts a server of HTTP/1.1 or HTTP/2 and returns a client of it.
func start(t *testing.T, protocol string, handler http.HandlerFunc) (*http.Client, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	if protocol == "HTTP/2.0" {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	client := server.Client()
	client.Timeout = 30 * time.Second
	return client, server.URL
}

func eachProtocol(t *testing.T, test func(t *testing.T, protocol string)) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			test(t, protocol)
		})
	}
}

func TestAClientThatSendsNothing(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		ended := make(chan error, 1)
		client, url := start(t, protocol, func(w http.ResponseWriter, r *http.Request) {
			if r.Proto != protocol {
				t.Errorf("asked with %s", r.Proto)
			}
			_, err := io.Copy(io.Discard, idle.Body(w, r, timeout))
			ended <- err
		})
		from, to := io.Pipe()
		defer to.Close()
		go func() { _, _ = to.Write([]byte("the start")) }()
		if answer, err := client.Post(url, "", from); err == nil {
			answer.Body.Close()
		}
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the body ended with %v", err)
		}
	})
}

func TestAClientThatReceivesNothing(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		ended := make(chan error, 1)
		client, url := start(t, protocol, idle.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			var err error
			for err == nil {
				_, err = w.Write(make([]byte, 1<<20))
			}
			ended <- err
		}), timeout).ServeHTTP)
		answer, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		<-ended
	})
}

// The deadline is about the client, not about what the handler waits for.
func TestAHandlerThatTakesItsTime(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		const rounds = 2
		client, url := start(t, protocol, idle.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
				t.Error(err)
			}
			body := idle.Body(w, r, timeout)
			for range rounds {
				time.Sleep(2 * timeout) // as a disk may
				if _, err := io.ReadFull(body, make([]byte, 4)); err != nil {
					t.Errorf("read: %v", err)
				}
				time.Sleep(2 * timeout)
				if _, err := io.WriteString(w, "pong"); err != nil {
					t.Errorf("write: %v", err)
				}
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Errorf("flush: %v", err)
				}
			}
		}), timeout).ServeHTTP)
		from, to := io.Pipe()
		go func() {
			for range rounds {
				_, _ = to.Write([]byte("ping"))
			}
			to.Close()
		}()
		answer, err := client.Post(url, "", from)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if got, err := io.ReadAll(answer.Body); err != nil || len(got) != 4*rounds {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
