package s3

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/sigv2"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/internal/idle"
	"github.com/bleepstore/bleepstore/internal/tracing"
	"github.com/julienschmidt/httprouter"
)

// call is one request on its way through the handler, and its answer.
type call struct {
	h *handler
	r *http.Request
	w response
	// received is r as it came, of which r may be a changed copy.
	received *http.Request
	began    time.Time
	id       string // of the request

	level       level      // of the path
	op          *operation // nil until it is known
	bucket, key string     // empty where the path names none
	query       url.Values

	by       api.Caller
	verified *sigv4.Verified
	body     bodyReader // reads verified.Body

	span tracing.Span
	// bucketOwner is the id of the account that the bucket belongs to; empty until it is looked up.
	bucketOwner string
	size        int64      // of the object that was answered for or made; -1 where there is none
	failed      *api.Error // the error that was answered, or that ended an answer that had begun
}

// serve answers a request.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
	sendContinue(w, r)
	c := &call{
		h: h, r: r, received: r, w: newResponse(w, r, h.IdleTimeout), began: time.Now(), id: newRequestID(), size: -1,
	}
	header := w.Header()
	header["Server"] = serverName
	header["X-Amz-Request-Id"] = []string{c.id}
	header["X-Amz-Id-2"] = h.hostID
	c.beginSpan()
	defer c.end()
	if r.Body != http.NoBody {
		c.r = c.r.WithContext(c.r.Context()) // a copy: net/http looks at the Body that it made
		c.r.Body = idle.Body(w, r, h.IdleTimeout)
	}
	c.name(params)
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

// sendContinue tells a client to go on that expects to be told before it sends its body, where that is empty: net/http only
// does so when the body is read. botocore takes an answer without this for the end of the request, as it may, but then
// misreads the next answer on the connection and waits for the rest of it until its time is out.
func sendContinue(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 && r.ProtoAtLeast(1, 1) && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		w.WriteHeader(http.StatusContinue)
	}
}

var serverName = []string{"BleepStore"}

func (c *call) serve() error {
	if err := c.h.crowd.enter(); err != nil {
		return err
	}
	defer c.h.crowd.leave()
	if err := c.h.Ready(); err != nil {
		unavailable := api.NewError(api.ServiceUnavailable)
		unavailable.Cause = err
		return unavailable
	}
	err := c.route()
	c.allowOrigin()
	if err != nil {
		return err
	}
	if c.r.Method == http.MethodOptions {
		return c.op.handle(c) // which browsers send without credentials, also to URLs that are signed for another method
	}
	_, span := tracing.Start(c.r.Context(), "authenticate")
	err = c.authenticate()
	span.End(err)
	if err != nil {
		return err
	}
	c.hoist()
	if err := c.refuseHeaders(); err != nil {
		return err
	}
	c.by.Operation, c.by.ExpectedOwner = c.op.name, c.header("X-Amz-Expected-Bucket-Owner")
	return c.op.handle(c)
}

func (c *call) authenticate() error {
	verify := c.h.Verifier.Verify
	if c.h.V2 != nil && sigv2.Signed(c.r) {
		verify = c.h.V2.Verify
	}
	verified, err := verify(c.r)
	if err != nil {
		return err
	}
	address, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		address = c.r.RemoteAddr
	}
	c.by = api.Caller{
		Account: c.h.Accounts[verified.AccessKey], AccessKey: verified.AccessKey, Address: address, Request: c.id,
		BucketOwner: &c.bucketOwner,
	}
	c.verified = verified
	c.body.from = verified.Body
	return nil
}

// end logs the request and tells of it, also after a panic. An answer that broke off ends its connection, or else the client could take
// it for whole.
func (c *call) end() {
	if p := recover(); p != nil {
		c.fail(api.Internal(fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
	}
	c.w.deadline.Move()
	c.log()
	c.observe()
	c.endSpan()
	if c.failed != nil && !c.w.failure {
		panic(http.ErrAbortHandler)
	}
}

// newRequestID makes an id of 16 characters, as S3's are. It need not be secret, only unlikely to occur twice.
func newRequestID() string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // base32 of Crockford: 5 bits each
	var id [16]byte
	high, low := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		id[i], id[i+8] = digits[high&31], digits[low&31]
		high, low = high>>5, low>>5
	}
	return string(id[:])
}

// header returns a header of the request, given its canonical name.
func (c *call) header(name string) string {
	if values := c.r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
