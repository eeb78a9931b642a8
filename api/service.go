// Package api is the object store itself, in Go and with S3's error codes: commands, which decide events, and queries.
// Packages below it speak S3 and administration over HTTP.
//
// A command streams what it brings into a new blob, takes its locks, reads the store, decides, appends the events to
// the log, and waits until the store has applied them before it releases the locks and answers.
package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/limit"
	"github.com/bleepstore/bleepstore/internal/tracing"
	"github.com/bleepstore/bleepstore/projections"
)

// Log is where decisions go: a decision is made when its events are durable there.
type Log interface {
	// Append makes events durable, all of them or none, and returns the position of their commit.
	// An error other than eventlog.ErrNoSpace, eventlog.ErrBusy and eventlog.ErrTooLarge leaves open whether they are in
	// the log.
	Append(ctx context.Context, events ...eventlog.Event) (eventlog.Position, error)
	// Head is the position of the last commit.
	Head() eventlog.Position
}

// Applied tells when the metadata store has caught up with a commit.
type Applied interface {
	// Wait returns when the store covers position.
	Wait(ctx context.Context, position eventlog.Position) error
}

// Config is what a Service works with.
type Config struct {
	Region string // of all buckets, such as "us-east-1"
	// Ownership is that of new buckets whose makers say nothing else; empty for no ownership controls.
	Ownership eventlog.Ownership
	// Account finds an account by its canonical id. Grants can only be made to accounts that it knows. It is not nil, unless
	// nothing is granted to accounts.
	Account func(id string) (account eventlog.Owner, ok bool)

	Log     Log
	Applied Applied
	Store   projections.MetadataStore // that serves until another one does; see Service.Serve
	Blobs   backends.Backend
	// Elsewhere reads blobs that have a place.
	Elsewhere Elsewhere
	// Targets are those that notifications can be sent to; nil if there are none.
	Targets Targets
}

// Service is the object store. It is safe for concurrent use, and the only one to write to its log. Any command gives
// SlowDown when too many wait for slow disks already.
type Service struct {
	region    string
	ownership eventlog.Ownership
	account   func(id string) (eventlog.Owner, bool)
	log       Log
	metadata  metadata
	blobs     backends.Backend
	elsewhere Elsewhere
	targets   Targets
	commands  limit.Usage // how many are under way
	locks     locks
	incoming  incoming
	reaping   sync.Mutex // held by who deletes blobs that were named once
	manifests *manifestCache
	tally     projections.Tally // of buckets and objects; see Count
}

// New makes a Service.
func New(c Config) *Service {
	s := &Service{
		region: c.Region, ownership: c.Ownership, account: c.Account,
		log: c.Log, blobs: c.Blobs, elsewhere: c.Elsewhere, targets: c.Targets,
		manifests: newManifestCache(),
	}
	s.metadata.now.Store(newServing(c.Store, c.Applied))
	return s
}

// now is the time of a decision.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// commit makes a decision: it appends the events and waits until the store has applied them. It runs to its end also
// when the client is gone, because the caller's locks must cover it. How many wait here is bounded by enter.
func (s *Service) commit(ctx context.Context, by Caller, at time.Time, decided ...eventlog.Data) error {
	return s.commitObjects(ctx, by, at, projections.Totals{}, decided...)
}

// commitObjects is commit for a decision that changes which objects are current: changed is their number and size after it,
// less those before it.
func (s *Service) commitObjects(ctx context.Context, by Caller, at time.Time, changed projections.Totals, decided ...eventlog.Data) error {
	ctx = context.WithoutCancel(ctx)
	events := make([]eventlog.Event, len(decided))
	for i, data := range decided {
		events[i] = eventlog.Event{Time: at, Actor: by.actor(), Request: by.Request, Data: data}
		switch data.(type) {
		case *eventlog.BucketCreated:
			changed.Buckets++
		case *eventlog.BucketDeleted:
			changed.Buckets--
		}
	}
	appending, span := tracing.Start(ctx, "log append")
	position, err := s.log.Append(appending, events...)
	span.End(err)
	switch {
	case errors.Is(err, eventlog.ErrNoSpace):
		return &Error{Code: InsufficientStorage, Message: InsufficientStorage.message(), Cause: err}
	case errors.Is(err, eventlog.ErrBusy):
		return slowDown(err)
	case errors.Is(err, eventlog.ErrTooLarge):
		return &Error{Code: InvalidRequest, Message: "The request describes more than one commit of the log can hold.", Cause: err}
	case err != nil:
		s.tally.Lose()
		return unavailable(fmt.Errorf("append %s to the log: %w", decided[0].EventType(), err))
	}
	s.tally.Tell(position.Seq, changed)
	_, span = tracing.Start(ctx, "projection wait")
	err = s.awaitApplied(position)
	span.End(err)
	if err != nil {
		return unavailable(fmt.Errorf("wait until commit %v is applied: %w", position, err))
	}
	return nil
}

// refused tells whether an error of commit says that nothing was appended. Then nothing names the blobs of the events;
// after other errors, something may.
func refused(err error) bool {
	return errors.Is(err, eventlog.ErrNoSpace) || errors.Is(err, eventlog.ErrBusy) || errors.Is(err, eventlog.ErrTooLarge)
}

func unavailable(cause error) *Error {
	return &Error{Code: ServiceUnavailable, Message: ServiceUnavailable.message(), Cause: cause}
}

// current returns the current object of a key, nil if there is none.
func (s *Service) current(ctx context.Context, bucket, key string) (*projections.Object, error) {
	return readCurrent(ctx, s.store(), bucket, key)
}

// snapshot returns the records as of now; the caller closes it.
func (s *Service) snapshot(ctx context.Context) (projections.Snapshot, error) {
	snapshot, err := s.store().Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("take a snapshot of the metadata: %w", err)
	}
	return snapshot, nil
}

// unlessNotFound is for spans: that a record is not there is an answer of the store.
func unlessNotFound(err error) error {
	if errors.Is(err, projections.ErrNotFound) {
		return nil
	}
	return err
}

func readCurrent(ctx context.Context, records projections.Records, bucket, key string) (*projections.Object, error) {
	ctx, span := tracing.Start(ctx, "metadata read object")
	object, err := records.Object(ctx, bucket, key)
	span.End(unlessNotFound(err))
	if errors.Is(err, projections.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read object %q of bucket %q: %w", key, bucket, err)
	}
	return object, nil
}
