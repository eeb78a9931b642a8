package api

import (
	"context"
	"errors"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// MaxDeleteKeys is how many entries one DeleteObjects may have.
const MaxDeleteKeys = 1000

// DeleteKey is one entry of DeleteObjects.
type DeleteKey struct {
	Key        string
	Version    string // version id; empty for the current object
	Conditions DeleteConditions
}

// DeleteResult is what became of one entry of DeleteObjects.
type DeleteResult struct {
	DeleteKey
	Err *Error // nil if the object is gone
	// Marker tells that a delete marker was made, or was what was deleted; MarkerVersion is its version id.
	Marker        bool
	MarkerVersion string
}

// DeleteObject removes the object: in a bucket that keeps versions by a delete marker, unless a version id says which one
// to remove for good. A key that has none is no error, unless the conditions ask for one.
// Errors: NoSuchBucket, AccessDenied, NoSuchKey, PreconditionFailed, and InvalidArgument for a version id that is none.
func (s *Service) DeleteObject(ctx context.Context, by Caller, bucket string, key DeleteKey) (DeleteResult, error) {
	results, err := s.DeleteObjects(ctx, by, bucket, []DeleteKey{key})
	if err != nil {
		return DeleteResult{}, err
	}
	if failed := results[0].Err; failed != nil {
		return DeleteResult{}, failed
	}
	return results[0], nil
}

// DeleteObjects removes up to 1,000 objects in one atomic commit: after a crash, all of them are gone or none is. Only
// where the records of the versions that a bucket keeps are too long for one commit, there are several, which divide the
// keys.
// The results are in the order of the entries. An entry may fail on its own; the error returned is one of the whole.
func (s *Service) DeleteObjects(ctx context.Context, by Caller, bucketName string, keys []DeleteKey) ([]DeleteResult, error) {
	if len(keys) == 0 || len(keys) > MaxDeleteKeys {
		return nil, NewError(MalformedXML)
	}
	claims := []claim{bucketLock(bucketName, false)}
	for _, k := range keys {
		claims = append(claims, keyLock(bucketName, k.Key, true))
	}
	leave, err := s.enter(maxFreeing, claims...)
	if err != nil {
		return nil, err
	}
	defer leave()
	bucket, err := s.bucket(ctx, by, bucketName)
	if err != nil {
		return nil, err
	}
	d := deletion{s: s, by: by, bucket: bucket, histories: make(map[string]*history), events: make(map[string][]eventlog.Data)}
	results := make([]DeleteResult, len(keys))
	for i, k := range keys {
		result := DeleteResult{DeleteKey: k}
		err := d.decide(ctx, &result)
		if refusal, ok := errors.AsType[*Error](err); ok {
			result.Err = refusal
		} else if err != nil {
			return nil, err // of the server, not of the entry
		}
		results[i] = result
	}
	if len(d.keys) == 0 {
		return results, nil
	}
	return results, d.commit(ctx, now(), d.keys)
}

// deletion is a DeleteObjects on its way. Several of its entries may be about one key.
type deletion struct {
	s         *Service
	by        Caller
	bucket    *projections.Bucket
	histories map[string]*history // by key
	keys      []string            // about which something is decided
	events    map[string][]eventlog.Data
}

// commit makes the decisions about keys, in one commit if it can hold all the events, else in several: an event of a bucket
// that keeps versions can have two records of objects in it, with all their tags, grants and parts. The events of one key
// stay together, because between them it may be as it never should be seen.
func (d *deletion) commit(ctx context.Context, at time.Time, keys []string) error {
	var events []eventlog.Data
	var changed projections.Totals
	for _, key := range keys {
		events = append(events, d.events[key]...)
		h := d.histories[key]
		changed = changed.Plus(totalsOf(h.current)).Minus(totalsOf(h.found))
	}
	err := d.s.commitObjects(ctx, d.by, at, changed, events...)
	half := len(keys) / 2
	if half == 0 || !errors.Is(err, eventlog.ErrTooLarge) {
		return err
	}
	if err := d.commit(ctx, at, keys[:half]); err != nil {
		return err
	}
	return d.commit(ctx, at, keys[half:])
}

// decide decides about one entry.
func (d *deletion) decide(ctx context.Context, r *DeleteResult) error {
	if err := checkKey(r.Key); err != nil {
		return err
	}
	h := d.histories[r.Key]
	if h == nil {
		var err error
		if h, err = d.s.history(ctx, d.bucket, r.Key); err != nil {
			return err
		}
		d.histories[r.Key] = h
	}
	var event eventlog.Data
	var err error
	if r.Version == "" {
		event, err = d.deleteCurrent(ctx, h, r)
	} else {
		event, err = d.deleteVersion(ctx, h, r)
	}
	if event == nil || err != nil {
		return err
	}
	h.apply(event)
	if d.events[r.Key] == nil {
		d.keys = append(d.keys, r.Key)
	}
	d.events[r.Key] = append(d.events[r.Key], event)
	return nil
}

// check returns an error if the conditions of an entry do not hold for a version, or are not for the caller to ask.
func (d *deletion) check(h *history, r *DeleteResult, version *projections.Version) error {
	if r.Conditions == (DeleteConditions{}) {
		return nil
	}
	if err := mayCompare(d.by, h, version); err != nil {
		return err
	}
	return r.Conditions.check(r.Key, version)
}

// deleteCurrent decides to delete the current object, or to hide it where versions are kept.
func (d *deletion) deleteCurrent(ctx context.Context, h *history, r *DeleteResult) (eventlog.Data, error) {
	if err := d.check(h, r, h.currentVersion()); err != nil {
		return nil, err
	}
	if d.bucket.Versioning == "" {
		if h.current == nil {
			return nil, nil
		}
		return &eventlog.ObjectDeleted{
			Bucket: d.bucket.Name, Key: r.Key, Version: h.current.Version, Null: h.current.Null,
			Freed: freed(&h.current.Object),
		}, nil
	}
	place, err := h.succeed(ctx)
	if err != nil {
		return nil, err
	}
	marker := eventlog.Marker{
		Version: place.version, Null: place.null, OlderNull: place.olderNull, Modified: now(), Owner: d.by.owner(),
	}
	if d.bucket.Ownership == eventlog.BucketOwnerEnforced {
		marker.Owner = d.bucket.Owner
	}
	r.Marker = true
	r.MarkerVersion = versionID(d.bucket, &eventlog.Object{Version: marker.Version, Null: marker.Null})
	return &eventlog.MarkerCreated{Bucket: d.bucket.Name, Key: r.Key, Marker: marker, Displaced: place.displaced}, nil
}

// deleteVersion decides to delete a version for good.
func (d *deletion) deleteVersion(ctx context.Context, h *history, r *DeleteResult) (eventlog.Data, error) {
	if d.bucket.Versioning != "" {
		by := d.by.performing(deleteVersion, d.by.ExpectedOwner)
		if err := permit(by, ofBucket, d.bucket, d.bucket.Owner, d.bucket.Grants); err != nil {
			return nil, err
		}
	}
	version, err := h.named(ctx, r.Version)
	if err != nil {
		return nil, err
	}
	if err := d.check(h, r, version); err != nil {
		return nil, err
	}
	if version == nil {
		return nil, nil
	}
	if version.DeleteMarker {
		r.Marker, r.MarkerVersion = true, r.Version
	}
	if h.current != nil && h.current.Version == version.Version {
		promoted, err := h.promotion(ctx)
		return &eventlog.ObjectDeleted{
			Bucket: d.bucket.Name, Key: r.Key, Version: version.Version, Null: version.Null, Promoted: promoted,
			Freed: freed(&version.Object),
		}, err
	}
	h.remove(version.Version)
	deleted := &eventlog.VersionDeleted{
		Bucket: d.bucket.Name, Key: r.Key, Version: version.Version, Null: version.Null, DeleteMarker: version.DeleteMarker,
		Freed: freed(&version.Object),
	}
	if h.current == nil {
		deleted.Promoted, err = h.promotion(ctx)
	}
	return deleted, err
}
