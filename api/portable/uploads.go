package portable

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/bleepstore/bleepstore/projections"
)

// uploadWindow is how many uploads are in memory at once.
const uploadWindow = 10_000

// eachUpload visits the uploads of all buckets in the order of their ids, which no store has: it reads all of them for each
// window of those that come next.
func (e *exporter) eachUpload(ctx context.Context, visit func(*projections.Upload) error) error {
	byID := func(a, b *projections.Upload) int { return cmp.Compare(a.ID, b.ID) }
	for last := ""; ; {
		var next []*projections.Upload
		err := scanUploads(ctx, e.records, func(upload *projections.Upload) {
			if upload.ID <= last {
				return
			}
			if next = append(next, upload); len(next) == 2*uploadWindow {
				slices.SortFunc(next, byID)
				next = next[:uploadWindow]
			}
		})
		if err != nil {
			return err
		}
		slices.SortFunc(next, byID)
		next = next[:min(len(next), uploadWindow)]
		for _, upload := range next {
			last = upload.ID
			if err := visit(upload); err != nil {
				return err
			}
		}
		if len(next) < uploadWindow {
			return nil
		}
	}
}

// scanUploads visits the uploads of all buckets.
func scanUploads(ctx context.Context, records projections.Records, visit func(*projections.Upload)) error {
	return eachBucket(ctx, records, func(bucket *projections.Bucket) error {
		for scan := (projections.Scan{Limit: pageSize}); ; {
			page, err := records.Uploads(ctx, bucket.Name, scan)
			if err != nil {
				return fmt.Errorf("read uploads of bucket %s from %q: %w", bucket.Name, scan.Start, err)
			}
			for _, upload := range page {
				visit(upload)
				scan.Start, scan.After = upload.Key, upload.ID
			}
			if len(page) < pageSize {
				return nil
			}
		}
	})
}
