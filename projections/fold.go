package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// View is what Fold asks for beside the events. A MetadataStore has it. The answers are as of the commit before the events
// that are folded; see MetadataStore.
type View interface {
	// Shared returns how many things name a blob.
	Shared(ctx context.Context, blob string) (int64, error)
	// Bucket returns a bucket, or ErrNotFound.
	Bucket(ctx context.Context, name string) (*Bucket, error)
}

// Fold turns events into the changes that they mean, in order. It asks for nothing but the counts of blobs that the
// events share or free, and the buckets that they configure, and remembers those that it changes, so that the events may
// be any stretch of the log.
//
// An event of a type that Fold does not know is an error that names it.
func Fold(ctx context.Context, view View, events []eventlog.Event) ([]Change, error) {
	f := folder{
		view: view, counts: make(map[string]int64), buckets: make(map[string]*Bucket),
		changes: make([]Change, 0, len(events)),
	}
	for i := range events {
		if err := f.fold(ctx, &events[i]); err != nil {
			return nil, err
		}
	}
	return f.changes, nil
}

type folder struct {
	view    View
	counts  map[string]int64   // counts that this run has set
	buckets map[string]*Bucket // buckets that this run has changed
	changes []Change
}

func (f *folder) fold(ctx context.Context, e *eventlog.Event) error {
	switch d := e.Data.(type) {
	case *eventlog.BucketCreated:
		f.putBucket(&Bucket{
			Name: d.Bucket, Region: d.Region, Created: timeOr(d.Created, e.Time), Owner: d.Owner, Ownership: d.Ownership, Grants: d.Grants,
		})
		return nil

	case *eventlog.BucketDeleted:
		delete(f.buckets, d.Bucket)
		f.add(DeleteBucket{d.Bucket})
		return nil

	case *eventlog.ObjectCreated:
		f.displace(d.Bucket, d.Key, &d.Displaced)
		f.add(PutObject{&Object{Bucket: d.Bucket, Key: d.Key, Object: d.Object}})
		if d.Object.Upload != "" {
			f.add(DeleteUpload{Bucket: d.Bucket, Key: d.Key, ID: d.Object.Upload})
		}
		// Sharing comes before freeing: an object that is copied onto itself frees the blobs that it keeps.
		if d.Source != nil {
			if err := f.share(ctx, &d.Object); err != nil {
				return err
			}
		}
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.MarkerCreated:
		f.displace(d.Bucket, d.Key, &d.Displaced)
		f.add(PutVersion{&Version{Bucket: d.Bucket, Key: d.Key, DeleteMarker: true, Object: eventlog.Object{
			Version: d.Marker.Version, Null: d.Marker.Null, OlderNull: d.Marker.OlderNull,
			Modified: d.Marker.Modified, Owner: d.Marker.Owner,
		}}})
		f.add(DeleteObject{Bucket: d.Bucket, Key: d.Key})
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.ObjectDeleted:
		if d.Promoted == nil {
			f.add(DeleteObject{Bucket: d.Bucket, Key: d.Key})
		}
		f.promote(d.Bucket, d.Key, d.Promoted)
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.VersionDeleted:
		f.add(DeleteVersion{Bucket: d.Bucket, Key: d.Key, Version: d.Version})
		f.promote(d.Bucket, d.Key, d.Promoted)
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.ObjectTagsSet:
		f.putChanged(&d.ObjectChanged)
		return nil
	case *eventlog.ObjectTagsDeleted:
		f.putChanged(&d.ObjectChanged)
		return nil
	case *eventlog.ObjectACLSet:
		f.putChanged(&d.ObjectChanged)
		return nil

	case *eventlog.UploadCreated:
		f.add(PutUpload{&Upload{
			Bucket: d.Bucket, Key: d.Key, ID: d.Upload, Initiated: timeOr(d.Initiated, e.Time), Owner: d.Owner,
			Attributes: d.Attributes, Grants: d.Grants, ObjectOwner: d.ObjectOwner, Checksum: d.Checksum,
		}})
		return nil

	case *eventlog.PartStored:
		f.add(PutPart{&Part{Upload: d.Upload, Part: d.Part, Blob: d.Blob}})
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.UploadAborted:
		f.add(DeleteUpload{Bucket: d.Bucket, Key: d.Key, ID: d.Upload})
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.BlobsReaped:
		for _, b := range d.Blobs {
			f.add(DeleteGarbage{Garbage{FreeBlob: b.FreeBlob, Since: b.Since}})
		}
		return nil

	case *eventlog.LogRestored:
		return fmt.Errorf("the log was restored from what the metadata was at %v, and what was then is in a snapshot alone: "+
			"put the snapshot back into the archive of the log", d.From)

	case *eventlog.StorageRebased:
		return nil // records name blobs wherever they are

	case nil:
		return fmt.Errorf("fold an event of %v: it holds no data", e.Time)
	default:
		return f.configure(ctx, e)
	}
}

// timeOr returns the time that an event has something from, that of the event if it says none.
func timeOr(told, event time.Time) time.Time {
	if told.IsZero() {
		return event
	}
	return told
}

// displace makes the place of a key's current object free for another version.
func (f *folder) displace(bucket, key string, d *eventlog.Displaced) {
	if d.Kept != nil {
		f.add(PutVersion{&Version{Bucket: bucket, Key: key, Object: *d.Kept}})
	}
	if d.Dropped != "" {
		f.add(DeleteVersion{Bucket: bucket, Key: key, Version: d.Dropped})
	}
}

// promote makes a version, nil for none, the current object.
func (f *folder) promote(bucket, key string, promoted *eventlog.Object) {
	if promoted != nil {
		f.add(PutObject{&Object{Bucket: bucket, Key: key, Object: *promoted}})
		f.add(DeleteVersion{Bucket: bucket, Key: key, Version: promoted.Version})
	}
}

func (f *folder) putChanged(d *eventlog.ObjectChanged) {
	if d.Noncurrent {
		f.add(PutVersion{&Version{Bucket: d.Bucket, Key: d.Key, Object: d.Object}})
	} else {
		f.add(PutObject{&Object{Bucket: d.Bucket, Key: d.Key, Object: d.Object}})
	}
}

func (f *folder) add(c Change) { f.changes = append(f.changes, c) }

// share counts one more name for everything that o names directly. A manifest is counted in place of the blobs that
// it lists: they live and go with it.
func (f *folder) share(ctx context.Context, o *eventlog.Object) error {
	blobs := o.Blobs
	if o.Manifest != nil {
		blobs = []eventlog.Blob{*o.Manifest}
	}
	for _, b := range blobs {
		n, err := f.count(ctx, b.ID)
		if err != nil {
			return err
		}
		f.setCount(b.ID, n+1)
	}
	return nil
}

// free takes one name from each blob; those that have none left are garbage since then.
func (f *folder) free(ctx context.Context, blobs []eventlog.FreeBlob, since time.Time) error {
	for _, b := range blobs {
		n, err := f.count(ctx, b.ID)
		if err != nil {
			return err
		}
		if n > 1 {
			f.setCount(b.ID, n-1)
		} else {
			f.add(PutGarbage{Garbage{FreeBlob: b, Since: since}})
		}
	}
	return nil
}

// count is how many things name a blob that at least one names.
func (f *folder) count(ctx context.Context, blob string) (int64, error) {
	if n, ok := f.counts[blob]; ok {
		return n, nil
	}
	n, err := f.view.Shared(ctx, blob)
	if err != nil {
		return 0, fmt.Errorf("count the names of blob %s: %w", blob, err)
	}
	return max(n, 1), nil
}

func (f *folder) setCount(blob string, n int64) {
	f.counts[blob] = n
	f.add(SetShared{Blob: blob, Count: n})
}
