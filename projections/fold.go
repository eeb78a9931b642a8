package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Counts tells how many things name a blob. A MetadataStore does.
type Counts interface {
	// Shared returns the count as of the event before the ones that are folded; see MetadataStore.
	Shared(ctx context.Context, blob string) (int64, error)
}

// Fold turns events into the changes that they mean, in order. It asks for nothing but the counts of blobs that the
// events share or free, and remembers those that it changes, so that the events may be any stretch of the log.
//
// An event of a type that Fold does not know is an error that names it.
func Fold(ctx context.Context, counts Counts, events []eventlog.Event) ([]Change, error) {
	f := folder{counts: counts, changed: make(map[string]int64), changes: make([]Change, 0, len(events))}
	for i := range events {
		if err := f.fold(ctx, &events[i]); err != nil {
			return nil, err
		}
	}
	return f.changes, nil
}

type folder struct {
	counts  Counts
	changed map[string]int64 // counts that this run has set
	changes []Change
}

func (f *folder) fold(ctx context.Context, e *eventlog.Event) error {
	switch d := e.Data.(type) {
	case *eventlog.BucketCreated:
		f.add(PutBucket{&Bucket{Name: d.Bucket, Region: d.Region, Created: e.Time, Owner: d.Owner}})
		return nil

	case *eventlog.BucketDeleted:
		f.add(DeleteBucket{d.Bucket})
		return nil

	case *eventlog.ObjectCreated:
		f.add(PutObject{&Object{Bucket: d.Bucket, Key: d.Key, Upload: d.Upload, Object: d.Object}})
		if d.Upload != "" {
			f.add(DeleteUpload{Bucket: d.Bucket, Key: d.Key, ID: d.Upload})
		}
		// Sharing comes before freeing: an object that is copied onto itself frees the blobs that it keeps.
		if d.Source != nil {
			if err := f.share(ctx, &d.Object); err != nil {
				return err
			}
		}
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.ObjectDeleted:
		f.add(DeleteObject{Bucket: d.Bucket, Key: d.Key})
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.UploadCreated:
		f.add(PutUpload{&Upload{
			Bucket: d.Bucket, Key: d.Key, ID: d.Upload,
			Initiated: e.Time, Owner: d.Owner, Attributes: d.Attributes, Checksum: d.Checksum,
		}})
		return nil

	case *eventlog.PartStored:
		f.add(PutPart{&Part{Upload: d.Upload, Part: d.Part, Blob: d.Blob}})
		return f.free(ctx, d.Freed, e.Time)

	case *eventlog.UploadAborted:
		f.add(DeleteUpload{Bucket: d.Bucket, Key: d.Key, ID: d.Upload})
		return f.free(ctx, d.Freed, e.Time)

	case nil:
		return fmt.Errorf("fold an event of %v: it holds no data", e.Time)
	default:
		return fmt.Errorf("fold an event of %v: unknown type %s", e.Time, d.EventType())
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
	if n, ok := f.changed[blob]; ok {
		return n, nil
	}
	n, err := f.counts.Shared(ctx, blob)
	if err != nil {
		return 0, fmt.Errorf("count the names of blob %s: %w", blob, err)
	}
	return max(n, 1), nil
}

func (f *folder) setCount(blob string, n int64) {
	f.changed[blob] = n
	f.add(SetShared{Blob: blob, Count: n})
}
