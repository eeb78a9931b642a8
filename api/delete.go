package api

import (
	"context"
	"errors"

	"github.com/bleepstore/bleepstore/eventlog"
)

// MaxDeleteKeys is how many entries one DeleteObjects may have.
const MaxDeleteKeys = 1000

// DeleteObjectInput names an object to delete.
type DeleteObjectInput struct {
	Bucket, Key string
	Version     string // version id; empty for the current object
	IfMatch     string // the ETag that the object must have; empty for any
}

// DeleteObject removes the object; a key that has none is no error, unless the conditions ask for one.
// Errors: NoSuchBucket, AccessDenied, NoSuchKey, PreconditionFailed, and InvalidArgument for a version id that is none.
func (s *Service) DeleteObject(ctx context.Context, by Caller, in DeleteObjectInput) error {
	key := DeleteKey{Key: in.Key, Version: in.Version, IfMatch: in.IfMatch}
	results, err := s.DeleteObjects(ctx, by, in.Bucket, []DeleteKey{key})
	if err != nil {
		return err
	}
	if failed := results[0].Err; failed != nil {
		return failed
	}
	return nil
}

// DeleteKey is one entry of DeleteObjects.
type DeleteKey struct {
	Key     string
	Version string // version id; empty for the current object
	IfMatch string // the ETag that the object must have; empty for any
}

// DeleteResult is what became of one entry of DeleteObjects.
type DeleteResult struct {
	DeleteKey
	Err *Error // nil if the object is gone
}

// DeleteObjects removes up to 1,000 objects in one atomic commit: after a crash, all of them are gone or none is.
// The results are in the order of the entries. An entry may fail on its own; the error returned is one of the whole.
func (s *Service) DeleteObjects(ctx context.Context, by Caller, bucket string, keys []DeleteKey) ([]DeleteResult, error) {
	if len(keys) == 0 || len(keys) > MaxDeleteKeys {
		return nil, NewError(MalformedXML)
	}
	claims := []claim{bucketLock(bucket, false)}
	for _, k := range keys {
		claims = append(claims, keyLock(bucket, k.Key, true))
	}
	defer s.locks.acquire(claims...)()
	if _, err := s.bucket(ctx, by, bucket); err != nil {
		return nil, err
	}
	var events []eventlog.Data
	results := make([]DeleteResult, len(keys))
	decided := make(map[string]bool) // keys that an earlier entry deletes
	for i, k := range keys {
		results[i].DeleteKey = k
		if decided[k.Key] {
			continue
		}
		event, err := s.decideDelete(ctx, bucket, k)
		if refusal, ok := errors.AsType[*Error](err); ok {
			results[i].Err = refusal
			continue
		}
		if err != nil {
			return nil, err // of the server, not of the entry
		}
		if event != nil {
			events = append(events, event)
			decided[k.Key] = true
		}
	}
	if len(events) == 0 {
		return results, nil
	}
	return results, s.commit(ctx, by, now(), events...)
}

// decideDelete returns the event that deletes an object, nil if there is none to delete.
func (s *Service) decideDelete(ctx context.Context, bucket string, k DeleteKey) (eventlog.Data, error) {
	if err := checkKey(k.Key); err != nil {
		return nil, err
	}
	current, err := s.named(ctx, bucket, k.Key, k.Version)
	if err != nil {
		return nil, err
	}
	if err := (WriteConditions{IfMatch: k.IfMatch}).check(k.Key, current); err != nil {
		return nil, err
	}
	if current == nil {
		return nil, nil
	}
	return &eventlog.ObjectDeleted{Bucket: bucket, Key: k.Key, Version: current.Version, Freed: freed(current)}, nil
}
