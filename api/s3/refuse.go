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
		if slices.ContainsFunc(values, func(value string) bool { return refused(name, value) }) {
			return refusal(name)
		}
		if err := c.refuseCondition(name, values); err != nil {
			return err
		}
	}
	for name, values := range c.query {
		name := http.CanonicalHeaderKey(name)
		// A copy that is not recognized would overwrite its target with nothing.
		if refused(name, values[0]) || strings.HasPrefix(name, copySourceHeader) {
			return refusal(name)
		}
	}
	return nil
}

// conditionHeaders are the headers that a change can depend on, with the operations that look at them.
var conditionHeaders = map[string]map[string]bool{
	"If-Match":                          setOf("CompleteMultipartUpload", "CopyObject", "DeleteObject", "PostObject", "PutObject"),
	"If-None-Match":                     setOf("CompleteMultipartUpload", "CopyObject", "PostObject", "PutObject"),
	"If-Modified-Since":                 nil,
	"If-Unmodified-Since":               nil,
	"X-Amz-If-Match-Last-Modified-Time": setOf("DeleteObject"),
	"X-Amz-If-Match-Size":               setOf("DeleteObject"),

	"X-Amz-Copy-Source-If-Match":            setOf("CopyObject", "UploadPartCopy"),
	"X-Amz-Copy-Source-If-None-Match":       setOf("CopyObject", "UploadPartCopy"),
	"X-Amz-Copy-Source-If-Modified-Since":   setOf("CopyObject", "UploadPartCopy"),
	"X-Amz-Copy-Source-If-Unmodified-Since": setOf("CopyObject", "UploadPartCopy"),
}

// refuseCondition returns an error for a condition of a change that would not be looked at, or that says nothing: whoever
// sends one does not want the change in any case.
func (c *call) refuseCondition(name string, values []string) error {
	evaluated, isCondition := conditionHeaders[name]
	switch {
	case !isCondition || c.r.Method == http.MethodGet || c.r.Method == http.MethodHead:
		return nil
	case !evaluated[c.op.name]:
		return refusal(name)
	case slices.Contains(values, ""):
		return api.InvalidArgumentf(strings.ToLower(name), "", "A condition must not be empty.")
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
