package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// configure changes the configuration of a bucket to what decide makes of it: the event, or nil if nothing changes.
// Errors: NoSuchBucket, AccessDenied, and those of decide.
func (s *Service) configure(ctx context.Context, by Caller, name string, decide func(*projections.Bucket) (eventlog.Data, error)) error {
	// Exclusively, because whatever happens in the bucket at the same time goes by its configuration.
	leave, err := s.enter(maxCommands, bucketLock(name, true))
	if err != nil {
		return err
	}
	defer leave()
	bucket, err := s.bucket(ctx, by, name)
	if err != nil {
		return err
	}
	event, err := decide(bucket)
	if event == nil || err != nil {
		return err
	}
	return s.commit(ctx, by, now(), event)
}

// ObjectName names an object, or a version of it.
type ObjectName struct {
	Bucket, Key string
	Version     string // version id; empty for the current object
}

// change changes an object that exists to what decide makes of it: a copy that decide modifies, and the event that
// tells it. It returns the object's version id. Errors: those of existing and of decide.
func (s *Service) change(
	ctx context.Context, by Caller, in ObjectName,
	decide func(*projections.Bucket, *eventlog.Object) error, event func(eventlog.ObjectChanged) eventlog.Data,
) (string, error) {
	if err := checkKey(in.Key); err != nil {
		return "", err
	}
	leave, err := s.enter(maxCommands, bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, true))
	if err != nil {
		return "", err
	}
	defer leave()
	found, err := s.find(ctx, by, in)
	if err != nil {
		return "", err
	}
	object := found.object.Object
	if err := decide(found.bucket, &object); err != nil {
		return "", err
	}
	changed := event(eventlog.ObjectChanged{Bucket: in.Bucket, Key: in.Key, Noncurrent: !found.current, Object: object})
	return found.versionID(), s.commit(ctx, by, now(), changed)
}
