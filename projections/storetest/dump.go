package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// Dump is all that a store holds which was filled from a log, for comparisons between stores.
type Dump struct {
	Position eventlog.Position
	Buckets  []*projections.Bucket
	Objects  []*projections.Object
	Versions []*projections.Version
	Uploads  []*projections.Upload
	Parts    []*projections.Part
	Shared   map[string]int64 // by blob
	Garbage  []projections.Garbage
}

// DumpOf reads the records of a store that is small, or of a snapshot.
func DumpOf(ctx context.Context, store projections.Records) (d Dump, err error) {
	const many = 1 << 20
	all := projections.Scan{Limit: many}
	if d.Position, err = store.Position(ctx); err != nil {
		return d, fmt.Errorf("position: %w", err)
	}
	if d.Buckets, err = store.Buckets(ctx, "", many); err != nil {
		return d, fmt.Errorf("buckets: %w", err)
	}
	for _, bucket := range d.Buckets {
		objects, err := store.Objects(ctx, bucket.Name, all)
		if err != nil {
			return d, fmt.Errorf("objects: %w", err)
		}
		versions, err := store.Versions(ctx, bucket.Name, all)
		if err != nil {
			return d, fmt.Errorf("versions: %w", err)
		}
		uploads, err := store.Uploads(ctx, bucket.Name, all)
		if err != nil {
			return d, fmt.Errorf("uploads: %w", err)
		}
		d.Objects, d.Versions, d.Uploads = append(d.Objects, objects...), append(d.Versions, versions...), append(d.Uploads, uploads...)
	}
	for _, upload := range d.Uploads {
		parts, err := store.Parts(ctx, upload.ID, 0, many)
		if err != nil {
			return d, fmt.Errorf("parts: %w", err)
		}
		d.Parts = append(d.Parts, parts...)
	}
	if d.Garbage, err = store.Garbage(ctx, projections.Garbage{}, many); err != nil {
		return d, fmt.Errorf("garbage: %w", err)
	}
	shared, err := store.SharedBlobs(ctx, "", many)
	if err != nil {
		return d, fmt.Errorf("shared: %w", err)
	}
	d.Shared = make(map[string]int64, len(shared))
	for _, s := range shared {
		d.Shared[s.Blob] = s.Count
	}
	return d, nil
}

// Named counts, by blob, the records that name it. A manifest stands for the blobs that it lists.
func (d *Dump) Named() map[string]int64 {
	named := make(map[string]int64)
	object := func(o *eventlog.Object) {
		if o.Manifest != nil {
			named[o.Manifest.ID]++
			return
		}
		for _, blob := range o.Blobs {
			named[blob.ID]++
		}
	}
	for _, o := range d.Objects {
		object(&o.Object)
	}
	for _, v := range d.Versions {
		object(&v.Object)
	}
	for _, p := range d.Parts {
		named[p.Blob.ID]++
	}
	return named
}

// Check tells whether the counts of blobs, and what is garbage, are as the records have it: every blob that something
// names is counted right and is no garbage.
func (d *Dump) Check() error {
	named := d.Named()
	for _, g := range d.Garbage {
		if named[g.ID] > 0 {
			return fmt.Errorf("blob %s is garbage, but %d records name it", g.ID, named[g.ID])
		}
	}
	for _, blob := range slices.Sorted(maps.Keys(named)) {
		if shared := max(1, d.Shared[blob]); shared != named[blob] {
			return fmt.Errorf("blob %s counts as named %d times, but %d records name it", blob, shared, named[blob])
		}
	}
	return nil
}
