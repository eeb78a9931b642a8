package s3

import (
	"cmp"
	"net/http"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/internal/tracing"
)

// Request tells of a request that has ended: what was asked, by whom, and what came of it.
type Request struct {
	// HTTP is the request as it was received; its address, its method, its headers and its TLS state are for reading.
	// Its Body has been used up.
	HTTP *http.Request
	ID   string // x-amz-request-id of the answer
	// HostID is x-amz-id-2 of the answer, which names this run of the server.
	HostID string

	// Operation is named as in S3's API reference; empty where the request is for none that the server knows.
	Operation string
	// Path is the form of the path: "/", "/{bucket}" or "/{bucket}/{key}". On a bucket's own host it has the bucket too.
	Path string
	// Bucket and Key are empty where the request names none. They may be of any bytes, and name nothing that exists.
	// For a form that was posted, Key is what the form says.
	Bucket, Key string
	// BucketOwner is the id of the account that the bucket belongs to; empty where that was not looked up, or there is none.
	BucketOwner string
	// Version is the id of the version that was answered for or made, or else the one that was asked for; empty for none.
	Version string
	// Caller is who sent the request; zero as long as that was not known, or of no account if it came without credentials.
	Caller api.Caller

	// Trace is the id of the trace that the request is part of, in hexadecimal digits; empty without one.
	Trace string

	Status int // of the answer; 0 if the client was gone before there was one
	// Error is what was answered, or what ended an answer that had begun; nil if nothing failed. Not modified is an error here.
	Error *api.Error

	// Received counts the bytes of the body that were read, without the framing of aws-chunked. What a request that failed
	// has left unread is not in it.
	Received int64
	// Sent counts the bytes of the answer's body.
	Sent int64
	// ObjectSize is how many bytes the whole object has that was answered for or made; -1 where there is none.
	ObjectSize int64

	Began     time.Time     // when the header of the request had been read
	FirstByte time.Duration // from then until the header of the answer was sent; 0 if none was
	Duration  time.Duration // from then until all was sent, or the request given up
}

// observe tells of the request, which has ended.
func (c *call) observe() {
	if c.h.Observe == nil {
		return
	}
	observed := Request{
		HTTP: c.received, ID: c.id, HostID: c.h.hostID[0],
		Path: c.level.template(), Bucket: c.bucket, Key: c.key, BucketOwner: c.bucketOwner, Trace: tracing.ID(c.r.Context()),
		Version: cmp.Or(c.w.Header().Get(versionHeader), c.query.Get("versionId")), Caller: c.by,
		Status: c.w.status, Error: c.failed,
		Received: c.body.bytes, Sent: c.w.bytes, ObjectSize: c.size,
		Began: c.began, Duration: time.Since(c.began),
	}
	if c.op != nil {
		observed.Operation = c.op.name
	}
	if c.w.status != 0 {
		observed.FirstByte = c.w.sent.Sub(c.began)
	}
	c.h.Observe(observed)
}

// template is the form of paths of a level.
func (l level) template() string {
	switch l {
	case serviceLevel:
		return "/"
	case bucketLevel:
		return "/{bucket}"
	default:
		return "/{bucket}/{key}"
	}
}
