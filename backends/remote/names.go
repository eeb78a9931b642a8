package remote

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/backends"
)

// spread are the characters of ids, each of which has a range of names.
const spread = "0123456789abcdefghijklmnopqrstuv"

// maxListing bounds the requests under way for one page of ids.
const maxListing = 8

// blobName is the name of a blob's object. Ids begin with the time of their making; services that divide names into ranges
// would have all new blobs in one of them.
func (b *Backend) blobName(id backends.ID) string {
	return b.rangeOf(id[len(id)-2]) + string(id)
}

func (b *Backend) rangeOf(c byte) string { return fmt.Sprintf("%sblobs/%c/", b.prefix, c) }

// List implements backends.Backend. Each range of names gives its share of the page.
func (b *Backend) List(ctx context.Context, after backends.ID, limit int) ([]backends.ID, error) {
	share := limit/len(spread) + limit/len(spread)/4 + 1 // more than an equal one, because the ranges are not equally full
	pages := make([][]backends.ID, len(spread))
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(maxListing)
	for i := range pages {
		g.Go(func() (err error) {
			pages[i], err = b.listRange(within, b.rangeOf(spread[i]), after, share)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("list blobs behind %q: %w", after, err)
	}
	// A page that is full may not be all of its range: what is behind the first such end is not known yet.
	var end backends.ID
	for _, page := range pages {
		if len(page) == share && (end == "" || page[share-1] < end) {
			end = page[share-1]
		}
	}
	ids := slices.Sorted(slices.Values(slices.Concat(pages...)))
	if end != "" {
		known, _ := slices.BinarySearch(ids, end)
		ids = ids[:known+1]
	}
	return ids[:min(len(ids), limit)], nil
}

// listRange returns up to limit ids of a range that are greater than after.
func (b *Backend) listRange(ctx context.Context, prefix string, after backends.ID, limit int) ([]backends.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, b.listTimeout(limit))
	defer cancel()
	var ids []backends.ID
	start := ""
	if after != "" {
		start = prefix + string(after)
	}
	for info, err := range b.bucket.List(ctx, prefix, start, limit) {
		if err != nil {
			return nil, timedOut(ctx, err)
		}
		id, err := backends.ParseID(info.Name[len(prefix):])
		if err != nil {
			continue // somebody else's
		}
		if ids = append(ids, id); len(ids) == limit {
			break
		}
	}
	return ids, nil
}
