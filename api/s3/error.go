package s3

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/bleepstore/bleepstore/api"
)

// fail answers with an error, if no answer has begun.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func (c *call) fail(err error) {
	e := api.AsError(err)
	if e.Code == api.InternalError && c.clientGone(err) {
		e = api.NewError(api.RequestTimeout)
		e.Cause = err
	}
	c.failed = e
	if c.w.status != 0 {
		return
	}
	c.w.failure = true
	header := c.w.Header()
	if e.Code == api.RequestTimeout && c.r.ProtoMajor == 1 {
		header["Connection"] = []string{"close"} // the rest of the request may still come
	}
	if e.Code == api.SlowDown {
		header["Retry-After"] = retryAfter
	}
	for _, detail := range e.Details {
		if detail.Name == "Region" { // the one to sign for, which also HEAD should tell
			header["X-Amz-Bucket-Region"] = []string{detail.Value}
		}
	}
	if e.Marker != nil {
		c.marker(e)
	}
	if e.Code == api.NotModified {
		c.notModified(e)
		return
	}
	if c.r.Method == http.MethodHead {
		header["Content-Type"] = xmlType
		c.w.WriteHeader(e.Code.Status())
		return
	}
	x := newXML(512)
	x.open("Error")
	x.text("Code", string(e.Code))
	x.text("Message", e.Message)
	for _, detail := range e.Details {
		x.text(detail.Name, detail.Value)
	}
	x.text("Resource", c.r.URL.Path)
	x.text("RequestId", c.id)
	x.text("HostId", c.h.hostID[0])
	x.close("Error")
	c.xml(e.Code.Status(), x)
}

// retryAfter is in seconds.
var retryAfter = []string{"1"}

// notModified answers with the headers that a cache may want to renew.
// See https://www.rfc-editor.org/rfc/rfc9110#status.304
func (c *call) notModified(e *api.Error) {
	header := c.w.Header()
	setValidators(header, &e.Object.Object)
	setIf(header, "Cache-Control", e.Object.Attributes.CacheControl)
	setIf(header, "Expires", e.Object.Attributes.Expires)
	c.w.WriteHeader(http.StatusNotModified)
}

// marker sets the headers about the delete marker that an error came of.
func (c *call) marker(e *api.Error) {
	header := c.w.Header()
	header[markerHeader] = []string{"true"}
	setIf(header, versionHeader, e.Marker.VersionID)
	if !e.Marker.Modified.IsZero() {
		header["Last-Modified"] = []string{e.Marker.Modified.UTC().Format(http.TimeFormat)}
	}
	if e.Code == api.MethodNotAllowed {
		header["Allow"] = []string{http.MethodDelete}
	}
}

// clientGone tells whether an error came of a connection that the client gave up, which is nobody's fault here.
func (c *call) clientGone(err error) bool {
	if ended := c.r.Context().Err() != nil; ended && (errors.Is(err, context.Canceled) || c.r.ProtoMajor > 1) {
		return true // the errors of a stream of HTTP/2 that was given up have no type
	}
	// Only the answer is written to a network. Reads can be those of a blob backend.
	failed, ok := errors.AsType[*net.OpError](err)
	return c.w.status != 0 && ok && failed.Op != "read"
}
