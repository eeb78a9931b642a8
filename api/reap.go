package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/projections"
)

// reapPage is how many blobs of the store's garbage are deleted at once, with one event.
const reapPage = 500

// The interval at which garbage is looked for that has become old enough, which is cheap.
const (
	minReapInterval = time.Second
	maxReapInterval = time.Minute
)

// snapshotLead is how much earlier than a snapshot a blob must have become garbage to be garbage in it too: an event has
// the time of its decision, and may get to the log later.
const snapshotLead = 10 * time.Minute

// ReapGarbage deletes blobs that nothing has named for longer than age, now and from time to time, until ctx ends. The age
// is for those who still read them. Blobs that a snapshot names stay: restorable tells when the oldest snapshot was taken
// from which the metadata may be restored, zero if there is none. An error does not end it: it is reported, and the next
// round tries again.
func (s *Service) ReapGarbage(ctx context.Context, age time.Duration, restorable func() (time.Time, error), report func(error)) {
	every(ctx, min(max(age/10, minReapInterval), maxReapInterval), func() {
		taken, err := restorable()
		if err == nil {
			before := now().Add(-age)
			if named := taken.Add(-snapshotLead); !taken.IsZero() && named.Before(before) {
				before = named
			}
			_, err = s.reap(ctx, before)
		}
		if err != nil && ctx.Err() == nil {
			report(fmt.Errorf("delete blobs that nothing names: %w", err))
		}
	})
}

// reap deletes the blobs that nothing has named since before a time, and returns how many garbage records that ended.
//
// The bytes go first and the records, by an event, last: what a crash leaves half done is done again.
func (s *Service) reap(ctx context.Context, before time.Time) (reaped int, err error) {
	s.reaping.Lock()
	defer s.reaping.Unlock()
	var failures []error
	for after := (projections.Garbage{}); ; {
		garbage, err := s.store().Garbage(ctx, after, reapPage)
		if err != nil {
			return reaped, fmt.Errorf("list garbage: %w", err)
		}
		event := &eventlog.BlobsReaped{}
		more := len(garbage) == reapPage
		for _, g := range garbage {
			if more = more && g.Since.Before(before); !g.Since.Before(before) {
				break
			}
			after = g
			if err := s.deleteBlob(ctx, g.FreeBlob); err != nil {
				failures = append(failures, err) // which stays, for the next time
				continue
			}
			event.Blobs = append(event.Blobs, eventlog.ReapedBlob{FreeBlob: g.FreeBlob, Since: g.Since})
		}
		if len(event.Blobs) > 0 {
			failpoint.Hit("blobs deleted")
			if err := s.commit(ctx, Caller{}, now(), event); err != nil {
				return reaped, errors.Join(append(failures, err)...)
			}
			reaped += len(event.Blobs)
		}
		if !more {
			return reaped, errors.Join(failures...)
		}
	}
}

// deleteBlob deletes a blob and, before it, those that it lists if it is a manifest.
func (s *Service) deleteBlob(ctx context.Context, blob eventlog.FreeBlob) error {
	listed, err := s.listedBy(ctx, blob)
	if err != nil {
		return err
	}
	if err := s.deleteBlobs(ctx, blobIDs(listed)); err != nil {
		return err
	}
	return s.deleteBlobs(ctx, []backends.ID{backends.ID(blob.ID)})
}

// listedBy returns the blobs that a freed one lists if it is a manifest. A manifest that is gone lists none any more: it
// goes last. So does one that was freed by an event of the first version, which does not tell its size: what it lists is
// left to a sweep.
func (s *Service) listedBy(ctx context.Context, blob eventlog.FreeBlob) ([]eventlog.Blob, error) {
	if !blob.Manifest || blob.Size == 0 {
		return nil, nil
	}
	m, err := s.readManifest(ctx, &eventlog.Blob{ID: blob.ID, Size: blob.Size, CRC64NVME: blob.CRC64NVME})
	if errors.Is(err, backends.ErrNotFound) {
		return nil, nil
	}
	return m.Blobs, err
}

func (s *Service) deleteBlobs(ctx context.Context, ids []backends.ID) error {
	if err := s.blobs.Delete(ctx, ids); err != nil {
		return fmt.Errorf("delete %d blobs: %w", len(ids), err)
	}
	return nil
}

func blobIDs(blobs []eventlog.Blob) []backends.ID {
	ids := make([]backends.ID, len(blobs))
	for i, blob := range blobs {
		ids[i] = backends.ID(blob.ID)
	}
	return ids
}

// every calls do now, and then at an interval, until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	rounds := time.NewTicker(interval)
	defer rounds.Stop()
	for {
		do()
		select {
		case <-rounds.C:
		case <-ctx.Done():
			return
		}
	}
}
