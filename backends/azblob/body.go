package azblob

import (
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// body is the content of a request and its repetitions.
//
// Package http may still read from the body of a request that was answered early, or given up: it closes it, but waits for
// nobody to see that. So each attempt reads by itself, rather than from where another's reading has come to.
type body struct {
	*io.SectionReader // for the client to measure
	content           *remote.Content
}

func newBody(content *remote.Content) *body {
	return &body{SectionReader: content.Reader(), content: content}
}

// Close is called when the client has no more attempts to make.
func (b *body) Close() error { return nil }

func (b *body) attempt() io.ReadCloser { return io.NopCloser(b.content.Reader()) }

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
