package projections

import (
	"context"
	"errors"
	"slices"
)

// ListedVersion is an entry of a list of versions.
type ListedVersion struct {
	*Version
	Latest bool // it is the newest of its key: the current object, or the delete marker in its place
}

// ListVersions returns a page of all the versions of a bucket, current objects included: ascending by key and, within a
// key, the newest first. The records should be a Snapshot's: a version moves between kinds when it becomes the current one.
func ListVersions(ctx context.Context, records Records, l Listing) (Page[ListedVersion], error) {
	scan := func(ctx context.Context, bucket string, scan Scan) ([]ListedVersion, error) {
		return scanVersions(ctx, records, bucket, scan)
	}
	return list(ctx, l, records.SeekCost(), scan, func(v ListedVersion) (key, id string) { return v.Key, v.Version.Version })
}

// scanVersions merges the scans of current objects and of other versions.
func scanVersions(ctx context.Context, records Records, bucket string, scan Scan) ([]ListedVersion, error) {
	versions, err := records.Versions(ctx, bucket, scan)
	if err != nil {
		return nil, err
	}
	within := "" // the key of which the scan has passed the newest version
	ofObjects := scan
	if scan.After != "" {
		within = scan.Start
		ofObjects.Start, ofObjects.After = scan.Start+"\x00", ""
	}
	objects, err := records.Objects(ctx, bucket, ofObjects)
	if err != nil {
		return nil, err
	}
	if scan.After != "" {
		// What was newer may have been deleted since the page before, so that an older version is the current one now.
		current, err := records.Object(ctx, bucket, scan.Start)
		switch {
		case err == nil && current.Version < scan.After:
			objects = slices.Insert(objects, 0, current)
		case err != nil && !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	merged := make([]ListedVersion, 0, min(scan.Limit, len(objects)+len(versions)))
	for len(merged) < scan.Limit {
		switch {
		case len(objects) > 0 && (len(versions) == 0 || objects[0].Key <= versions[0].Key):
			object := objects[0]
			objects = objects[1:]
			merged = append(merged, ListedVersion{
				Version: &Version{Bucket: object.Bucket, Key: object.Key, Object: object.Object}, Latest: true,
			})
			within = object.Key
		case len(versions) > 0:
			merged = append(merged, ListedVersion{Version: versions[0], Latest: versions[0].Key != within})
			within = versions[0].Key
			versions = versions[1:]
		default:
			return merged, nil
		}
	}
	return merged, nil
}
