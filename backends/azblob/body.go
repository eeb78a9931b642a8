package azblob

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// body is the content of a request and its repetitions.
//
// Package http may still read from the body of a request that was answered early, or given up: it closes it, but waits for
// nobody to see that. So each attempt reads by itself, rather than from where another's reading has come to, and nothing is
// read after the end, when the memory is used for something else.
type body struct {
	*io.SectionReader // for the client to measure
	content           *remote.Content

	mu    sync.RWMutex
	ended bool
}

func newBody(content *remote.Content) *body {
	return &body{SectionReader: content.Reader(), content: content}
}

// end waits until nobody reads.
func (b *body) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}

// Close is called when the client has no more attempts to make.
func (b *body) Close() error {
	b.end()
	return nil
}

// attempt is the body of one request.
type attempt struct {
	body   *body
	reader *io.SectionReader
}

func (b *body) attempt() io.ReadCloser { return &attempt{b, b.content.Reader()} }

var errEnded = errors.New("the request has ended")

func (a *attempt) Read(p []byte) (int, error) {
	a.body.mu.RLock()
	defer a.body.mu.RUnlock()
	if a.body.ended {
		return 0, errEnded
	}
	return a.reader.Read(p)
}

func (a *attempt) Close() error { return nil }

// freshBody gives each attempt to make a request a reader of its own.
type freshBody struct{}

// Do implements policy.Policy.
func (freshBody) Do(request *policy.Request) (*http.Response, error) {
	if b, ok := request.Body().(*body); ok {
		request.Raw().Body = b.attempt()
		request.Raw().GetBody = func() (io.ReadCloser, error) { return b.attempt(), nil }
	}
	return request.Next()
}
