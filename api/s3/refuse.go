package s3

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// refusedPrefixes begin the names of headers that ask for what the server does not have. To ignore one would be to store
// an object unencrypted, unlocked, or for other readers than was asked for.
var refusedPrefixes = []string{
	"X-Amz-Copy-Source-Server-Side-Encryption-",
	"X-Amz-Object-Lock-",
	"X-Amz-Server-Side-Encryption",
}

// refusedHeaders are further such headers, with the values under which they ask for nothing more than the server does.
var refusedHeaders = map[string][]string{
	"X-Amz-Bucket-Object-Lock-Enabled": {"false"},
	"X-Amz-If-Match-Initiated-Time":    nil,
	"X-Amz-Rename-Source":              nil,
	"X-Amz-Write-Offset-Bytes":         nil,
}

// refuseHeaders returns NotImplemented if a header asks for what the server does not have. Some signers of URLs move
// headers into the query. S3 obeys few of them there; what would be refused as a header is refused there too.
func (c *call) refuseHeaders() error {
	for name, values := range c.r.Header {
		if refused(name, values[0]) {
			return refusal(name)
		}
	}
	for name, values := range c.query {
		if name := http.CanonicalHeaderKey(name); refused(name, values[0]) {
			return refusal(name)
		}
	}
	return nil
}

func refusal(name string) error {
	return &api.Error{
		Code:    api.NotImplemented,
		Message: "A header you provided implies functionality that is not implemented",
		Details: []api.Detail{{Name: "Header", Value: strings.ToLower(name)}},
	}
}

// refused tells whether a header, of a canonical name, asks for what the server does not have.
func refused(name, value string) bool {
	if !strings.HasPrefix(name, "X-Amz-") {
		return false
	}
	for _, prefix := range refusedPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	harmless, listed := refusedHeaders[name]
	return listed && !slices.ContainsFunc(harmless, func(h string) bool { return strings.EqualFold(h, value) })
}
