// Package s3 speaks the S3 protocol over HTTP. It turns requests into calls of an api.Service, and what comes back into
// answers.
//
// A request passes through route.go, which finds its operation in the table of operations.go, and call.go, which
// authenticates it and calls the operation. The other files hold the operations and what they share.
package s3

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/sigv2"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/tracing"
	"github.com/julienschmidt/httprouter"
	"github.com/rs/zerolog"
)

// Config is what the handler works with.
type Config struct {
	Service  *api.Service
	Verifier *sigv4.Verifier
	V2       *sigv2.Verifier           // nil to refuse that version of signatures
	Accounts map[string]eventlog.Owner // by access key: whom each key of the Verifier belongs to
	Region   string                    // of all buckets
	// Domain makes "bucket.Domain" hosts that address a bucket, next to paths that begin with one. Empty for paths alone.
	Domain string
	Log    zerolog.Logger // gets one line for each request
	// Observe is told of each request when it has ended, before the connection is used for the next one. It must be quick. Nil
	// to tell nobody.
	Observe func(Request)
	// Tracer makes a span of each request; nil for none.
	Tracer *tracing.Tracer
	// IdleTimeout is how long a client may take to send or to receive anything of a body: a piece of 512 KiB at the most.
	// 0 is a minute.
	IdleTimeout time.Duration
	// MaxRequests is how many requests may be answered at once; 0 for any number. Further ones are told to SlowDown.
	MaxRequests int64
	// Ready returns nil while requests can be served, else why not. It is called for each request.
	Ready func() error
}

// defaultIdleTimeout is longer than what a client that is there needs to go on after a hiccup.
const defaultIdleTimeout = time.Minute

// New makes the handler of all of S3. Paths that are not S3's never reach it.
func New(config Config) http.Handler {
	config.IdleTimeout = cmp.Or(config.IdleTimeout, defaultIdleTimeout)

	h := &handler{
		Config: config,
		region: []string{config.Region},
		hostID: newHostID(),
		crowd:  newCrowd(config),
	}
	h.router = newRouter(h)
	return h
}

type handler struct {
	Config
	router *httprouter.Router
	region []string // value of x-amz-bucket-region
	crowd  crowd
	hostID []string // value of x-amz-id-2: names this run of the server
}

func newHostID() []string {
	var id [24]byte
	rand.Read(id[:]) // never fails
	return []string{base64.StdEncoding.EncodeToString(id[:])}
}
