package buckettest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Proxy is between a bucket and a service, or its emulator, to stand for what that does not do in tests: fail.
type Proxy struct {
	*httptest.Server
	// Host is that of requests as the service gets them; empty for the one of the client, which some signatures cover.
	Host string

	closed   chan struct{}
	mu       sync.Mutex
	requests []string
	matches  func(*http.Request) bool
	times    int
	fault    Fault
}

// Fault handles a request. It may have the service do it, through forward.
type Fault func(w http.ResponseWriter, r *http.Request, forward *httputil.ReverseProxy)

// NewProxy starts a proxy, without faults, before the service at a URL. It ends with the test.
func NewProxy(t testing.TB, service string) *Proxy {
	t.Helper()
	target, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	quiet := log.New(io.Discard, "", 0)
	transport := new(http.Transport)
	p := &Proxy{closed: make(chan struct{})}
	forward := &httputil.ReverseProxy{
		Transport: transport, ErrorLog: quiet, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
			r.Out.Host = r.In.Host
			if p.Host != "" {
				r.Out.Host = p.Host
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if location := r.Header.Get("Location"); location != "" { // where an upload goes on
				r.Header.Set("Location", strings.Replace(location, target.Scheme+"://"+target.Host, p.URL, 1))
			}
			return nil
		},
	}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := p.next(r); fault != nil {
			fault(w, r, forward)
		} else {
			forward.ServeHTTP(w, r)
		}
	}))
	p.Config.ErrorLog = quiet
	p.Start()
	t.Cleanup(func() {
		close(p.closed)
		p.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// next counts a request and returns its fault, if it has one.
func (p *Proxy) next(r *http.Request) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r.Method+" "+r.URL.RequestURI())
	if p.fault == nil || p.times == 0 || p.matches != nil && !p.matches(r) {
		return nil
	}
	p.times--
	return p.fault
}

// Always is as many times as there are requests.
const Always = -1

// Fail lets the next requests that match, so many times, have a fault from now on, and no other ones. All match nil.
func (p *Proxy) Fail(matches func(*http.Request) bool, times int, fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.matches, p.times, p.fault, p.requests = matches, times, fault, nil
}

// Heal ends all faults.
func (p *Proxy) Heal() { p.Fail(nil, 0, nil) }

// Requests returns what was asked since the last Fail or Heal, as "METHOD /path?query".
func (p *Proxy) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

// Method matches requests of a method.
func Method(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
}

// Answer answers in place of the service. Headers are pairs of names and values.
func Answer(status int, body string, headers ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ *httputil.ReverseProxy) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the answer is read, not a connection that was reset
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be gone
	}
}

// Hang takes a request and gives no answer, until the client goes.
func (p *Proxy) Hang(_ http.ResponseWriter, r *http.Request, _ *httputil.ReverseProxy) {
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client goes
	select {
	case <-r.Context().Done():
	case <-p.closed:
	}
}

// Stall lets the service answer, and stops after so many bytes of the answer's body, until the client goes.
func (p *Proxy) Stall(after int64) Fault {
	return change(nil, func(body io.Reader, r *http.Request) io.Reader {
		return io.MultiReader(io.LimitReader(body, after), readerFunc(func([]byte) (int, error) {
			select {
			case <-r.Context().Done():
			case <-p.closed:
			}
			return 0, io.ErrUnexpectedEOF
		}))
	})
}

// LoseRequest cuts the connection before the service gets a request.
func LoseRequest(http.ResponseWriter, *http.Request, *httputil.ReverseProxy) {
	panic(http.ErrAbortHandler)
}

// LoseAnswer cuts the connection when the service has done what it was asked.
func LoseAnswer(_ http.ResponseWriter, r *http.Request, forward *httputil.ReverseProxy) {
	forward.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// Cut cuts the connection after so many bytes of the answer's body.
func Cut(after int64) Fault {
	return change(nil, func(body io.Reader, _ *http.Request) io.Reader {
		return io.MultiReader(io.LimitReader(body, after), readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }))
	})
}

// FlipAnswer flips a bit of the byte at an offset of the answer's body.
func FlipAnswer(at int64) Fault {
	return change(nil, func(body io.Reader, _ *http.Request) io.Reader { return flipped(body, at) })
}

// FlipRequest flips a bit of the byte at an offset of the request's body.
func FlipRequest(at int64) Fault {
	return change(func(body io.Reader) io.Reader { return flipped(body, at) }, nil)
}

// change lets the service do what it is asked, with another body of the request or of its answer.
func change(request func(io.Reader) io.Reader, answer func(io.Reader, *http.Request) io.Reader) Fault {
	return func(w http.ResponseWriter, r *http.Request, forward *httputil.ReverseProxy) {
		changed := *forward
		if request != nil {
			r.Body = body{request(r.Body), r.Body}
		}
		if answer != nil {
			changed.ModifyResponse = func(response *http.Response) error {
				response.Body = body{answer(response.Body, r), response.Body}
				return nil
			}
		}
		changed.ServeHTTP(w, r)
	}
}

type body struct {
	io.Reader
	io.Closer
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func flipped(r io.Reader, at int64) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if at >= 0 && at < int64(n) {
			p[at] ^= 1
		}
		at -= int64(n)
		return n, err
	})
}
