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
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
)

// Log is where decisions go: a decision is made when its events are durable there.
type Log interface {
	// Append makes events durable, all of them or none, and returns the position of their commit.
	// An error other than eventlog.ErrNoSpace and eventlog.ErrTooLarge leaves open whether they are in the log.
	Append(ctx context.Context, events ...eventlog.Event) (eventlog.Position, error)
}

// Applied tells when the metadata store has caught up with a commit.
type Applied interface {
	// Wait returns when the store covers position.
	Wait(ctx context.Context, position eventlog.Position) error
}

// Config is what a Service works with.
type Config struct {
	Region  string // of all buckets, such as "us-east-1"
	Log     Log
	Applied Applied
	Store   projections.MetadataStore
	Blobs   backends.Backend
}

// Service is the object store. It is safe for concurrent use, and the only one to write to its log.
type Service struct {
	region  string
	log     Log
	applied Applied
	store   projections.MetadataStore
	blobs   backends.Backend
	locks   locks
}

// New makes a Service.
func New(c Config) *Service {
	return &Service{region: c.Region, log: c.Log, applied: c.Applied, store: c.Store, blobs: c.Blobs}
}

// now is the time of a decision.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// commit makes a decision: it appends the events and waits until the store has applied them. It runs to its end also
// when the client is gone, because the caller's locks must cover it.
func (s *Service) commit(ctx context.Context, by Caller, at time.Time, decided ...eventlog.Data) error {
	ctx = context.WithoutCancel(ctx)
	events := make([]eventlog.Event, len(decided))
	for i, data := range decided {
		events[i] = eventlog.Event{Time: at, Actor: by.actor(), Request: by.Request, Data: data}
	}
	position, err := s.log.Append(ctx, events...)
	switch {
	case errors.Is(err, eventlog.ErrNoSpace):
		return &Error{Code: InsufficientStorage, Message: InsufficientStorage.message(), Cause: err}
	case errors.Is(err, eventlog.ErrTooLarge):
		return &Error{Code: InvalidRequest, Message: "The request describes more than one commit of the log can hold.", Cause: err}
	case err != nil:
		return unavailable(fmt.Errorf("append %s to the log: %w", decided[0].EventType(), err))
	}
	if err := s.applied.Wait(ctx, position); err != nil {
		return unavailable(fmt.Errorf("wait until commit %v is applied: %w", position, err))
	}
	return nil
}

// refused tells whether an error of commit says that nothing was appended. Then nothing names the blobs of the events;
// after other errors, something may.
func refused(err error) bool {
	return errors.Is(err, eventlog.ErrNoSpace) || errors.Is(err, eventlog.ErrTooLarge)
}

func unavailable(cause error) *Error {
	return &Error{Code: ServiceUnavailable, Message: ServiceUnavailable.message(), Cause: cause}
}

// bucket returns a bucket if the caller may work with it. This is the one place that decides who may do what: a bucket
// and everything in it is for its owner alone.
func (s *Service) bucket(ctx context.Context, by Caller, name string) (*projections.Bucket, error) {
	bucket, err := s.store.Bucket(ctx, name)
	if errors.Is(err, projections.ErrNotFound) {
		return nil, NewError(NoSuchBucket, Detail{"BucketName", name})
	}
	if err != nil {
		return nil, fmt.Errorf("read bucket %q: %w", name, err)
	}
	if by.Account.ID == "" || by.Account.ID != bucket.Owner.ID {
		return nil, NewError(AccessDenied)
	}
	return bucket, nil
}

// current returns the current object of a key, nil if there is none.
func (s *Service) current(ctx context.Context, bucket, key string) (*projections.Object, error) {
	object, err := s.store.Object(ctx, bucket, key)
	if errors.Is(err, projections.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read object %q of bucket %q: %w", key, bucket, err)
	}
	return object, nil
}

// nullVersion is S3's name for the version of an object that was written while its bucket kept no versions.
const nullVersion = "null"

// named returns the object of a key that a version id names, nil if there is none. An empty id names the current one.
func (s *Service) named(ctx context.Context, bucket, key, version string) (*projections.Object, error) {
	if version != "" && version != nullVersion {
		if err := sortid.Check(version); err != nil {
			return nil, InvalidArgumentf("versionId", version, "Invalid version id specified")
		}
		return nil, nil
	}
	return s.current(ctx, bucket, key)
}
