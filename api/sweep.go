package api

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/projections"
)

const (
	// sweepInterval is how often blobs are looked for that nothing names. To look means to read all records.
	sweepInterval = 24 * time.Hour

	// sweepWindow is how many blobs are looked at in one reading of all records. It bounds the memory that takes: a blob
	// is about 50 bytes.
	sweepWindow = 500_000
	// sweepListed is how many of them are listed at once, which takes a backend that spreads its names a request for each part
	// of them.
	sweepListed = 20_000
	// sweepPage is how many of them are deleted at once.
	sweepPage = 1000
)

// SweepBlobs deletes blobs that nothing names, now and once a day, until ctx ends: what crashes, and deletions that failed,
// have left behind. It says each time how many there were, or reports an error, which does not end it.
func (s *Service) SweepBlobs(ctx context.Context, swept func(blobs int), report func(error)) {
	every(ctx, sweepInterval, func() {
		n, err := s.Sweep(ctx)
		if err == nil {
			swept(n)
		} else if ctx.Err() == nil {
			report(fmt.Errorf("sweep blobs that nothing names, of which %d are deleted: %w", n, err))
		}
	})
}

// Sweep deletes the blobs that nothing names, and returns how many it has deleted. What cannot be read stops the sweep, since it
// might name anything.
func (s *Service) Sweep(ctx context.Context) (deleted int, err error) {
	s.reaping.Lock() // what is named in the snapshot is not deleted meanwhile, manifests above all
	defer s.reaping.Unlock()
	snapshot, boundary, err := s.Settled(ctx)
	if err != nil {
		return 0, err
	}
	defer snapshot.Close()
	return s.DeleteUnnamed(ctx, boundary, projections.Each(ctx, snapshot))
}

// DeleteUnnamed deletes the blobs below an id that none of the records names, which can be read several times, and returns
// how many it has deleted.
func (s *Service) DeleteUnnamed(ctx context.Context, below backends.ID, records iter.Seq2[projections.Change, error]) (deleted int, err error) {
	for after := backends.ID(""); ; {
		ids, err := s.listBlobs(ctx, after, below)
		if err != nil || len(ids) == 0 {
			return deleted, err
		}
		named, err := s.named(ctx, records, ids)
		if err != nil {
			return deleted, err
		}
		var unnamed []backends.ID
		for i, id := range ids {
			if !named[i] {
				unnamed = append(unnamed, id)
			}
		}
		for page := range slices.Chunk(unnamed, sweepPage) {
			if err := s.deleteBlobs(ctx, page); err != nil {
				return deleted, err
			}
			deleted += len(page)
		}
		after = ids[len(ids)-1]
	}
}

// listBlobs returns the ids of a window of stored blobs, ascending: behind one, and below another.
func (s *Service) listBlobs(ctx context.Context, after, below backends.ID) ([]backends.ID, error) {
	var ids []backends.ID
	for len(ids) < sweepWindow {
		page, err := s.blobs.List(ctx, after, sweepListed)
		if err != nil {
			return nil, fmt.Errorf("list blobs behind %q: %w", after, err)
		}
		if len(page) == 0 {
			break
		}
		for _, id := range page {
			if id >= below {
				return ids, nil
			}
			ids = append(ids, id)
			after = id
		}
	}
	return ids, nil
}

// named tells of each of the ids, which ascend, whether a record names it.
func (s *Service) named(ctx context.Context, records iter.Seq2[projections.Change, error], ids []backends.ID) ([]bool, error) {
	named := make([]bool, len(ids))
	mark := func(id string) {
		if i, found := slices.BinarySearch(ids, backends.ID(id)); found {
			named[i] = true
		}
	}
	for change, err := range records {
		if err != nil {
			return nil, err
		}
		if err := s.eachNamed(ctx, change, mark); err != nil {
			return nil, err
		}
	}
	return named, nil
}

// eachNamed passes the ids of all blobs that a record names, as the change that writes it, to mark. A blob that is listed
// in a manifest is named with it.
func (s *Service) eachNamed(ctx context.Context, record projections.Change, mark func(id string)) error {
	if r, ok := record.(projections.PutGarbage); ok {
		freed, err := s.FreedBlobs(ctx, r.Garbage)
		if err != nil {
			return err
		}
		for _, id := range freed {
			mark(string(id))
		}
		return nil
	}
	named, err := s.NamedBlobs(ctx, record)
	if err != nil {
		return err
	}
	for _, blob := range named {
		mark(blob.ID)
	}
	return nil
}
