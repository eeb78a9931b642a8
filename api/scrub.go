package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// scrubDelay is how long after its start a server begins to scrub, so that one that is started for a moment does not.
const scrubDelay = time.Hour

// scrubPiece is how many bytes are read at once under a limit of their rate.
const scrubPiece = 256 << 10

// Damage is a blob that is missing or not what was stored.
type Damage struct {
	NamedBlob
	Err error
}

func (d Damage) Error() string { return fmt.Sprintf("%v, is damaged: %v", d.NamedBlob, d.Err) }

// Unwrap gives what is wrong with the blob.
func (d Damage) Unwrap() error { return d.Err }

// Scrubbed says how much a scrub has read.
type Scrubbed struct {
	Blobs   int64
	Bytes   int64
	Damaged int64
}

// ScrubBlobs scrubs at an interval, slowly, until ctx ends, and says each time what came of it.
func (s *Service) ScrubBlobs(ctx context.Context, interval time.Duration, bytesPerSecond int, damaged func(Damage), done func(Scrubbed, error)) {
	timer := time.NewTimer(min(scrubDelay, interval))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		scrubbed, err := s.Scrub(ctx, bytesPerSecond, damaged)
		if ctx.Err() == nil {
			done(scrubbed, err)
		}
		timer.Reset(interval)
	}
}

// Scrub reads all blobs that objects, versions and parts name, where they are kept, at most at a rate, 0 for none, and passes
// those to damaged that are missing or have another length or checksum than was stored. An error ends it: of the metadata, of
// ctx, or of storage that cannot be read now. A bucket elsewhere that cannot be read is an error too, when all else was read.
func (s *Service) Scrub(ctx context.Context, bytesPerSecond int, damaged func(Damage)) (Scrubbed, error) {
	ctx = backends.Once(ctx)
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		return Scrubbed{}, err
	}
	defer snapshot.Close()
	scrub := &scrub{service: s, damaged: damaged, away: make(map[string]error), pace: rate.NewLimiter(rate.Inf, 0)}
	if bytesPerSecond > 0 {
		scrub.pace = rate.NewLimiter(rate.Limit(bytesPerSecond), scrubPiece)
	}
	for change, err := range projections.Each(ctx, snapshot) {
		if err == nil {
			err = scrub.record(ctx, change)
		}
		if err != nil {
			return scrub.read, err
		}
	}
	return scrub.read, errors.Join(slices.Collect(maps.Values(scrub.away))...)
}

type scrub struct {
	service *Service
	pace    *rate.Limiter
	damaged func(Damage)
	away    map[string]error // of buckets elsewhere that cannot be read, by their URLs
	read    Scrubbed
	piece   [scrubPiece]byte
}

// record checks the blobs of a record, as the change that writes it.
func (s *scrub) record(ctx context.Context, record projections.Change) error {
	named, err := s.service.NamedBlobs(ctx, record)
	if err != nil {
		return s.failed(ctx, named[0], err)
	}
	for _, blob := range named {
		if bucket, _ := backends.SplitPlace(blob.Place); s.away[bucket] != nil {
			continue
		}
		s.read.Blobs++
		if err := s.check(ctx, blob.Blob); err != nil {
			if err := s.failed(ctx, blob, err); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scrub) check(ctx context.Context, blob eventlog.Blob) error {
	r, err := s.service.OpenBlob(ctx, blob)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.CopyBuffer(paced{ctx, s}, r, s.piece[:])
	return err
}

// paced takes the bytes of blobs at the pace of a scrub, and counts them.
type paced struct {
	ctx   context.Context // of the scrub
	scrub *scrub
}

func (p paced) Write(piece []byte) (int, error) {
	p.scrub.read.Bytes += int64(len(piece))
	return len(piece), p.scrub.pace.WaitN(p.ctx, len(piece))
}

// failed decides what it means that a blob cannot be read. While the storage is away, nothing more can be checked. A bucket
// elsewhere may be gone for good, which is no reason never to check the rest.
func (s *scrub) failed(ctx context.Context, blob NamedBlob, err error) error {
	switch {
	case ctx.Err() != nil:
		return err
	case !IsPassing(ctx, err):
		return s.found(ctx, blob, err)
	case blob.Place != "":
		bucket, _ := backends.SplitPlace(blob.Place)
		s.away[bucket] = fmt.Errorf("objects in %s were not all checked, because it cannot be read now: %w", bucket, err)
		return nil
	}
	return fmt.Errorf("the scrub ends before %v, which cannot be read now: %w", blob, err)
}

// IsPassing tells whether an error of reading a blob says nothing about the blob: it is one of storage that is away or busy, or of
// who asks.
func IsPassing(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, backends.ErrUnavailable) || errors.Is(err, backends.ErrBusy)
}

// found reports damage, unless the record is gone since the snapshot: then the blob may be gone rightly.
func (s *scrub) found(ctx context.Context, blob NamedBlob, cause error) error {
	named, err := s.service.StillNamed(ctx, blob)
	if err != nil || !named {
		return err
	}
	s.read.Damaged++
	s.damaged(Damage{blob, cause})
	return nil
}

// StillNamed tells whether there is still the record that names a blob.
func (s *Service) StillNamed(ctx context.Context, b NamedBlob) (bool, error) {
	if b.Upload != "" {
		part, err := s.store().Part(ctx, b.Upload, b.Part)
		if errors.Is(err, projections.ErrNotFound) {
			return false, nil
		}
		return err == nil && part.Blob.ID == b.ID, err
	}
	snapshot, err := s.snapshot(ctx) // the version may be about to become another kind of record
	if err != nil {
		return false, err
	}
	defer snapshot.Close()
	current, err := readCurrent(ctx, snapshot, b.Bucket, b.Key)
	if err != nil || current != nil && current.Version == b.Version {
		return err == nil, err
	}
	_, err = snapshot.Version(ctx, b.Bucket, b.Key, b.Version)
	if errors.Is(err, projections.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
