package dynamodb_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// proxy is between a table and an emulator, to stand for what an emulator can't do: fail.
type proxy struct {
	*httptest.Server
	emulator string

	mu        sync.Mutex
	requests  map[string]int // by operation
	intercept intercept
}

// intercept handles a request in place of the emulator; or it leaves that to the emulator, and returns false. The body of the
// request is text, and n is how many requests of the operation were before.
type intercept func(w http.ResponseWriter, operation string, n int, body []byte) bool

func newProxy(t *testing.T) *proxy {
	p := &proxy{emulator: emulators.DynamoDB(t), requests: make(map[string]int)}
	target, err := url.Parse(p.emulator)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.mu.Lock()
		n, intercept := p.requests[operation], p.intercept
		p.requests[operation]++
		p.mu.Unlock()
		if intercept == nil || !intercept(w, operation, n, body) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// set lets requests be intercepted from now on, and counts anew.
func (p *proxy) set(i intercept) {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.requests)
	p.intercept = i
}

// count returns how many requests of an operation there were.
func (p *proxy) count(operation string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[operation]
}

// forward has the emulator answer a request, in its own time.
func (p *proxy) forward(operation string, body []byte) ([]byte, error) {
	r, err := http.NewRequest(http.MethodPost, p.emulator, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the emulator answered %s: %s", response.Status, answer)
	}
	return answer, err
}

// refuse answers with an error of DynamoDB.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, code, message)
}

// cut closes the connection in the place of an answer.
func cut() { panic(http.ErrAbortHandler) }
