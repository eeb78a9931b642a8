package api

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
)

// NullVersion is S3's name for the version of an object that was written while its bucket kept no versions.
const NullVersion = "null"

// versionID is what S3 calls a version in a bucket; empty if the bucket never kept versions.
func versionID(bucket *projections.Bucket, version *eventlog.Object) string {
	switch {
	case bucket.Versioning == "":
		return ""
	case version.Null:
		return NullVersion
	}
	return version.Version
}

// history is what a key has: its current object, and below it the versions that are not current. A delete marker can
// only be below, so where it is the newest version there is no current object.
//
// Decisions change it as their events will change the store, so that one request can make several about one key. It is
// read from the store only as far as it is asked for.
type history struct {
	records projections.Records
	bucket  *projections.Bucket
	key     string

	found    *projections.Object    // what was current before decisions; nil if there was none
	current  *projections.Object    // nil if there is none
	versions []*projections.Version // newest first, as far as they were read
	last     string                 // where reading goes on: behind this version; empty at the beginning
	complete bool                   // all were read
	gone     map[string]bool        // versions that are still in the store, but deleted by a decision
}

// history reads the current object of a key that is locked.
func (s *Service) history(ctx context.Context, bucket *projections.Bucket, key string) (*history, error) {
	return readHistory(ctx, s.store(), bucket, key)
}

// readHistory reads the current object of a key. Unless the key is locked, the records must be a snapshot's, where more
// than the current object is asked for: a version moves between kinds of records when it becomes the current one.
func readHistory(ctx context.Context, records projections.Records, bucket *projections.Bucket, key string) (*history, error) {
	current, err := readCurrent(ctx, records, bucket.Name, key)
	// A bucket that never kept versions has none but current ones.
	return &history{records: records, bucket: bucket, key: key, found: current, current: current, complete: bucket.Versioning == ""}, err
}

// newest returns the newest version that is not current, nil if there is none.
func (h *history) newest(ctx context.Context) (*projections.Version, error) {
	// Most often one is wanted, and sometimes all are, one after the other.
	for limit := 2; len(h.versions) == 0 && !h.complete; limit = min(2*limit, scanLimit) {
		page, err := h.records.Versions(ctx, h.bucket.Name, projections.Scan{Prefix: h.key, Start: h.key, After: h.last, Limit: limit})
		if err != nil {
			return nil, fmt.Errorf("read versions of %q in bucket %q: %w", h.key, h.bucket.Name, err)
		}
		h.complete = len(page) < limit
		for _, version := range page {
			if version.Key != h.key { // of a longer key with the same beginning
				h.complete = true
				break
			}
			h.last = version.Version
			if !h.gone[version.Version] {
				h.versions = append(h.versions, version)
			}
		}
	}
	if len(h.versions) == 0 {
		return nil, nil
	}
	return h.versions[0], nil
}

// latest returns the current object, or the delete marker that is in its place; nil if the key has nothing.
func (h *history) latest(ctx context.Context) (*eventlog.Object, error) {
	if h.current != nil {
		return &h.current.Object, nil
	}
	newest, err := h.newest(ctx)
	if newest == nil || err != nil {
		return nil, err
	}
	return &newest.Object, nil
}

// named finds the version that an id names in S3's terms, nil if there is none; an empty id names the current object.
func (h *history) named(ctx context.Context, id string) (*projections.Version, error) {
	switch id {
	case "":
		return h.currentVersion(), nil
	case NullVersion:
		latest, err := h.latest(ctx)
		if latest == nil || err != nil {
			return nil, err
		}
		if !latest.Null {
			return h.version(ctx, latest.OlderNull)
		}
		return h.version(ctx, latest.Version)
	}
	if err := sortid.Check(id); err != nil {
		return nil, InvalidArgumentf("versionId", id, "Invalid version id specified")
	}
	version, err := h.version(ctx, id)
	if version != nil && version.Null {
		version = nil // which has another name
	}
	return version, err
}

// currentVersion returns the current object as a version, nil if there is none.
func (h *history) currentVersion() *projections.Version {
	if h.current == nil {
		return nil
	}
	return &projections.Version{Bucket: h.bucket.Name, Key: h.key, Object: h.current.Object}
}

// version finds a version by its internal id, nil if there is none.
func (h *history) version(ctx context.Context, id string) (*projections.Version, error) {
	if h.current != nil && h.current.Version == id {
		return h.currentVersion(), nil
	}
	known := func(v *projections.Version) bool { return v.Version == id }
	if i := slices.IndexFunc(h.versions, known); i >= 0 {
		return h.versions[i], nil
	}
	if id == "" || h.gone[id] || h.bucket.Versioning == "" {
		return nil, nil
	}
	version, err := h.records.Version(ctx, h.bucket.Name, h.key, id)
	if errors.Is(err, projections.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read version %s of %q in bucket %q: %w", id, h.key, h.bucket.Name, err)
	}
	return version, nil
}

// succession is the place of a new version: above all that the key has.
type succession struct {
	version   string
	null      bool
	olderNull string
	displaced eventlog.Displaced
}

// succeed decides what becomes of the versions of the key when there is a new one, current object or delete marker.
//
// While versions are kept, the current object stays as one of them. Otherwise the new version is the null version, and
// replaces the one that the key has had, wherever that is.
func (h *history) succeed(ctx context.Context) (succession, error) {
	var next succession
	latest, err := h.latest(ctx)
	if err != nil {
		return next, err
	}
	if latest == nil {
		latest = &eventlog.Object{}
	}
	next.version = sortid.After(latest.Version)
	next.null = h.bucket.Versioning != eventlog.VersioningEnabled
	if h.current != nil && (!next.null || !h.current.Null) {
		next.displaced.Kept = &h.current.Object
	}
	older := latest.OlderNull
	if latest.Null {
		older = latest.Version
	}
	if !next.null {
		next.olderNull = older
		return next, nil
	}
	if replaced, err := h.version(ctx, older); replaced == nil || err != nil {
		return next, err
	} else {
		next.displaced.Freed = freed(&replaced.Object)
	}
	if h.current == nil || h.current.Version != older {
		next.displaced.Dropped = older
	}
	return next, nil
}

// promotion returns the version that becomes the current object when there is none any more, nil if none does: a delete
// marker stays what it is.
func (h *history) promotion(ctx context.Context) (*eventlog.Object, error) {
	newest, err := h.newest(ctx)
	if newest == nil || newest.DeleteMarker || err != nil {
		return nil, err
	}
	return &newest.Object, nil
}

// remove takes a version that is not current away.
func (h *history) remove(id string) {
	h.versions = slices.DeleteFunc(h.versions, func(v *projections.Version) bool { return v.Version == id })
	if h.gone == nil {
		h.gone = make(map[string]bool)
	}
	h.gone[id] = true
}

// apply changes the history as a decision about it will change the store.
func (h *history) apply(decided eventlog.Data) {
	switch d := decided.(type) {
	case *eventlog.MarkerCreated:
		if d.Dropped != "" {
			h.remove(d.Dropped)
		}
		if d.Kept != nil {
			h.push(&projections.Version{Object: *d.Kept})
		}
		h.push(&projections.Version{DeleteMarker: true, Object: eventlog.Object{
			Version: d.Marker.Version, Null: d.Marker.Null, OlderNull: d.Marker.OlderNull, Modified: d.Marker.Modified,
			Owner: d.Marker.Owner,
		}})
		h.current = nil
	case *eventlog.ObjectDeleted:
		h.current = nil
		h.promote(d.Promoted)
	case *eventlog.VersionDeleted:
		h.remove(d.Version)
		h.promote(d.Promoted)
	}
}

func (h *history) push(version *projections.Version) {
	version.Bucket, version.Key = h.bucket.Name, h.key
	h.versions = slices.Insert(h.versions, 0, version)
}

func (h *history) promote(promoted *eventlog.Object) {
	if promoted != nil {
		h.remove(promoted.Version)
		h.current = &projections.Object{Bucket: h.bucket.Name, Key: h.key, Object: *promoted}
	}
}
