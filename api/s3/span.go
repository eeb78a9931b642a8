package s3

import (
	"net"
	"net/http"
	"strconv"
)

// beginSpan begins the span of the request, if it is traced.
func (c *call) beginSpan() {
	if c.h.Tracer == nil {
		return
	}
	ctx, span := c.h.Tracer.Serve(c.r, c.r.Method)
	c.r, c.span = c.r.WithContext(ctx), span
}

// endSpan ends the span, which is named by the operation and has what OpenTelemetry wants to know of a request over HTTP and of
// one of AWS's. The query is not in it, which can have a signature in it.
// See https://opentelemetry.io/docs/specs/semconv/http/http-spans/ and
// https://opentelemetry.io/docs/specs/semconv/object-stores/s3/
func (c *call) endSpan() {
	if !c.span.Recording() {
		return
	}
	if c.op != nil {
		c.span.Name(c.op.name)
		c.span.String("rpc.method", c.op.name)
	}
	c.span.String("rpc.system", "aws-api")
	c.span.String("rpc.service", "S3")
	c.span.String("aws.request_id", c.id)
	c.span.String("aws.s3.bucket", c.bucket)
	c.span.String("aws.s3.key", c.key)
	c.span.String("aws.s3.upload_id", c.query.Get("uploadId"))
	if part, err := strconv.ParseInt(c.query.Get("partNumber"), 10, 64); err == nil {
		c.span.Int("aws.s3.part_number", part)
	}

	r := c.received
	c.span.String("http.request.method", r.Method)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	c.span.String("url.scheme", scheme)
	c.span.String("url.path", r.URL.Path)
	c.span.String("server.address", r.Host)
	if address, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.span.String("client.address", address)
	}
	c.span.String("user_agent.original", r.UserAgent())
	c.span.Int("http.request.body.size", c.body.bytes)
	c.span.Int("http.response.body.size", c.w.bytes)
	if c.w.status != 0 {
		c.span.Int("http.response.status_code", int64(c.w.status))
	}
	if c.failed != nil && c.w.status != http.StatusNotModified {
		c.span.String("error.type", string(c.failed.Code))
		if c.serverFault() || !c.w.failure { // an answer that broke off is one that failed, whoever is at fault
			c.span.Fail(c.failed.Message)
		}
	}
	c.span.End(nil)
}
