package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/api/s3"
	"github.com/bleepstore/bleepstore/api/sigv2"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/control"
	"github.com/bleepstore/bleepstore/internal/limit"
	"github.com/bleepstore/bleepstore/projections"
)

// node is the parts at work: projectors keep stores up to date with the log, and one of them serves.
type node struct {
	*parts
	config  *config.Config
	out     output
	service *api.Service

	began      eventlog.Position      // head of the log at the start
	first      *served                // of the engine that serves at the start
	current    atomic.Pointer[served] // of the engine that serves now
	followers  []follower             // of further engines
	takingOver sync.Mutex             // held by who changes current
	tookOver   notice                 // tells count that current has changed

	stop       context.CancelFunc // ends all goroutines but those of followers
	projected  chan struct{}      // closed when the first engine's projector has ended
	background sync.WaitGroup     // of what goes on beside requests, once the store has caught up
	control    *control.Server    // nil if it takes no commands
	events     *admin.Events      // streams to clients, which end before the server waits for its requests

	stopFollowing context.CancelFunc // ends the followers, which close their stores: one may be the store that serves
	following     sync.WaitGroup     // of the followers
}

// startNode starts the projector. It says so if the store is behind the log.
func startNode(c *config.Config, p *parts, out output) *node {
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{
		parts: p, config: c, out: out,
		first:     newServed(p.engine, p.store, projections.NewProjector(p.source(), p.store)),
		stop:      cancel,
		events:    admin.NewEvents(p.history(), c.Server.Region),
		projected: make(chan struct{}),
		tookOver:  make(notice, 1),
	}
	n.current.Store(n.first)
	head := p.log.Head()
	n.began = head
	// An error is one for the projector too, which reports it.
	if position, err := p.store.Position(ctx); err == nil && position.Seq < head.Seq {
		out.Info().Uint64("commits", head.Seq-position.Seq).Msg("catching up with the log")
	}
	go func() {
		defer close(n.projected)
		if err := n.first.projector.Run(ctx); err != nil {
			out.Error().Err(err).Msg(n.remedy(n.first.engine, err))
		}
	}()
	n.service = api.New(api.Config{
		Region: c.Server.Region, Ownership: eventlog.Ownership(c.Server.ObjectOwnership), Account: c.Auth.Owner,
		Log: p.log, Applied: n.first.projector, Store: p.store, Blobs: p.blobs, Elsewhere: p.elsewhere,
		Targets: p.targets(),
	})
	n.resumeTotals(ctx)
	n.background.Go(func() { p.archiver.run(ctx, out) })
	if p.public != nil {
		n.background.Go(func() { p.public.Run(ctx) })
	}
	n.follow()
	if p.notifier != nil {
		n.goBehind(ctx, func() { p.notifier.Run(ctx) })
	}
	out.metrics.Watch(n.sources())
	if c.Multipart.Expiry > 0 {
		n.goBehind(ctx, func() { n.service.ExpireUploads(ctx, c.Multipart.Expiry, out.retry(retryExpiry)) })
	}
	n.goBehind(ctx, func() { n.count(ctx) })
	n.goBehind(ctx, func() { n.maintain(ctx) })
	n.goBehind(ctx, func() {
		restorable := func() (time.Time, error) { return n.restorable(ctx) }
		n.service.ReapGarbage(ctx, c.Storage.ReapAfter, restorable, out.retry(retryGarbage))
	})
	n.goBehind(ctx, func() {
		n.service.SweepBlobs(ctx, func(blobs int) {
			level := zerolog.InfoLevel
			if blobs == 0 {
				level = zerolog.DebugLevel
			}
			out.WithLevel(level).Int("blobs", blobs).Msg("deleted blobs that nothing names, which a crash or a failure left")
		}, out.retry(retrySweep))
	})
	if c.Storage.ScrubInterval > 0 {
		n.goBehind(ctx, func() { n.scrub(ctx) })
	}
	var err error
	if n.control, err = control.Listen(c.Data, n.doTask); err != nil {
		out.Warn().Err(err).Msg("commands will work only while the server is stopped")
	}
	return n
}

// scrub checks all blobs from time to time, until ctx ends.
func (n *node) scrub(ctx context.Context) {
	n.service.ScrubBlobs(ctx, n.config.Storage.ScrubInterval, scrubRate,
		func(damage api.Damage) { n.out.Error().Err(damage).Msg("an object cannot be read") },
		func(scrubbed api.Scrubbed, err error) {
			event, what := n.out.Info(), "checked the bytes of all objects"
			if err != nil {
				event, what = n.out.Error().Err(err), "the bytes of objects were not all checked"
			}
			event.Int64("blobs", scrubbed.Blobs).Int64("bytes", scrubbed.Bytes).Int64("damaged", scrubbed.Damaged).Msg(what)
		})
}

// goBehind runs what must know all that the log held at the start, until ctx ends.
func (n *node) goBehind(ctx context.Context, run func()) {
	n.background.Go(func() {
		if n.catchUp(ctx) {
			run()
		}
	})
}

// catchUp waits until the store holds all that the log held at the start, and tells whether it does: not if the
// projector ends, or ctx.
func (n *node) catchUp(ctx context.Context) bool {
	select {
	case <-n.first.projector.CaughtUp():
		return true
	case <-n.projected:
		return false
	case <-ctx.Done():
		return false
	}
}

// remedy says what to do about the end of the projector of an engine.
func (n *node) remedy(e engine, err error) string {
	state := "the metadata is not kept up to date any more, and every S3 request is answered with 503: "
	if !n.serving().is(e) {
		state = fmt.Sprintf("%s, which does not serve, is not kept up to date any more: ", e)
	}
	if _, ok := errors.AsType[*eventlog.PositionError](err); ok {
		return state + fmt.Sprintf("it does not belong to this log; if %s is not the right log, restore that folder; if it is, "+
			"rebuild the metadata from it: %s", n.config.LogDir(), e.discard())
	}
	if _, ok := errors.AsType[*projections.DamagedError](err); ok {
		return state + "do as the error says"
	}
	return state + "see to the cause, and start the server again"
}

// ready returns nil while all S3 requests can be served, and otherwise why not.
func (n *node) ready() error {
	if err := n.upToDate(); err != nil {
		return err
	}
	return n.log.Check(context.Background())
}

// upToDate returns nil while the store follows the log. That is enough to serve S3: when the log takes no more events,
// writes fail by themselves, and what was acknowledged can still be read.
func (n *node) upToDate() error {
	status := n.serving().projector.Status()
	switch {
	case status.Ready():
		return nil
	case status.Err != nil:
		return fmt.Errorf("the metadata is not kept up to date: %w", status.Err)
	case status.Running:
		return fmt.Errorf("the metadata is at commit %d and has to come to %d first", status.Position.Seq, status.Target.Seq)
	}
	return errStarting
}

// handlers answer all requests.
func (n *node) handlers() handlers {
	pages := admin.Config{
		Ready: n.ready,
		Checks: admin.Checks{
			Metadata: func(ctx context.Context) error { return errors.Join(n.upToDate(), n.serving().store.Check(ctx)) },
			Storage:  n.blobs.Check,
			Log:      n.log.Check,
			Archive:  n.archiver.check,
		},
		Domain: n.config.Server.Domain,
		S3:     s3.OpenAPI(),

		Projections: n.projections,
		TakeOver:    n.takeOver,
		Metrics:     n.out.metrics.Handler(),
		Events:      n.events,

		Notifications: n.notifier,
		Credentials:   administrators(n.config),
	}
	return newHandlers(n.config, pages, newS3(n.config, n.out, n.upToDate, n.service))
}

// close ends what the node does and closes the parts. No request is being answered, or will be.
//
// A projector may not end, for one whose store waits until its disk has space. Then the parts are still in use, and not
// closing them is safe, as a crash is.
func (n *node) close() error {
	if n.control != nil {
		ctx, cancel := context.WithTimeout(context.Background(), cutOffTimeout)
		defer cancel()
		if err := n.control.Close(ctx); err != nil {
			return fmt.Errorf("end the commands under way: %w", err)
		}
	}
	n.stop()
	ended := make(chan struct{})
	go func() {
		<-n.projected
		n.background.Wait() // who waits for a projector that has ended gets an error
		n.stopFollowing()
		n.following.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return errors.Join(n.keepTotals(), n.parts.close())
	case <-time.After(stopTimeout):
		return fmt.Errorf("what goes on beside requests did not end within %v; a full disk of the metadata can keep it", stopTimeout)
	}
}

var errStarting = errors.New("the server is starting")

// newHandlers makes the handlers of all addresses.
func newHandlers(c *config.Config, pages admin.Config, s3 http.Handler) handlers {
	if c.Server.AdminListen == "" {
		return handlers{s3: admin.New(pages, s3)}
	}
	return handlers{s3: s3, admin: admin.New(pages, nil)}
}

// refusing are handlers that answer all requests with why there is no node.
func refusing(c *config.Config, out output, reason error) handlers {
	ready := func() error { return reason }
	check := func(context.Context) error { return reason }
	pages := admin.Config{
		Ready:  ready,
		Checks: admin.Checks{Metadata: check, Storage: check, Log: check, Archive: check},
		Domain: c.Server.Domain,
		S3:     s3.OpenAPI(),

		Projections: func(context.Context) []admin.Projection { return nil },
		TakeOver:    func(context.Context, string) error { return &admin.ConflictError{Reason: reason.Error()} },
		Metrics:     out.metrics.Handler(),
		Credentials: administrators(c),
	}
	return newHandlers(c, pages, newS3(c, out, ready, nil))
}

// newS3 makes the handler of S3 requests. It uses the service only while ready returns nil.
func newS3(c *config.Config, out output, ready func() error, service *api.Service) http.Handler {
	accounts := make(map[string]eventlog.Owner)
	for _, credential := range c.Auth.Credentials {
		accounts[credential.AccessKey] = credential.Account()
	}
	keys := secretsOf(c.Auth)
	var v2 *sigv2.Verifier
	if c.Auth.SignatureV2 {
		v2 = sigv2.NewVerifier(c.Server.Domain, keys)
	}
	return out.metrics.InFlight(s3.New(s3.Config{
		Service:  service,
		Verifier: sigv4.NewVerifier(c.Server.Region, keys),
		V2:       v2,
		Accounts: accounts,
		Region:   c.Server.Region,
		Domain:   c.Server.Domain,
		Log:      out.Logger,
		Observe:  out.observe,
		Tracer:   out.watch.tracer,
		Ready:    ready,

		MaxRequests: c.Server.Requests(limit.OpenFiles()),
	}))
}

// secretsOf returns what finds the secret of an access key.
func secretsOf(auth config.Auth) func(accessKey string) (string, bool) {
	secrets := make(map[string]string)
	for _, credential := range auth.Credentials {
		secrets[credential.AccessKey] = credential.SecretKey
	}
	return func(accessKey string) (string, bool) {
		secret, ok := secrets[accessKey]
		return secret, ok
	}
}
