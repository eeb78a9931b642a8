package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/minio/crc64nvme"
	"golang.org/x/time/rate"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// scrubDelay is how long after its start a server begins to scrub, so that one that is started for a moment does not.
const scrubDelay = time.Hour

// scrubPiece is how many bytes are read at once under a limit of their rate.
const scrubPiece = 256 << 10

// Damage is a blob that is missing or not what was stored, and what names it.
type Damage struct {
	Bucket, Key string
	Version     string // internal id of the object or version; empty for a part
	Upload      string // of a part
	Part        int
	Blob        string
	Err         error
}

func (d Damage) Error() string {
	what := fmt.Sprintf("version %s of object %q in bucket %q", d.Version, d.Key, d.Bucket)
	if d.Upload != "" {
		what = fmt.Sprintf("part %d of upload %s", d.Part, d.Upload)
	}
	return fmt.Sprintf("blob %s, which %s names, is damaged: %v", d.Blob, what, d.Err)
}

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

// Scrub reads all blobs that objects, versions and parts name, at most at a rate, 0 for none, and passes those to damaged
// that are missing or have another length or checksum than was stored. An error ends it: of the metadata, or of ctx.
func (s *Service) Scrub(ctx context.Context, bytesPerSecond int, damaged func(Damage)) (Scrubbed, error) {
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		return Scrubbed{}, err
	}
	defer snapshot.Close()
	scrub := &scrub{service: s, damaged: damaged, pace: rate.NewLimiter(rate.Inf, 0)}
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
	return scrub.read, nil
}

type scrub struct {
	service *Service
	pace    *rate.Limiter
	damaged func(Damage)
	read    Scrubbed
}

// record checks the blobs of a record, as the change that writes it.
func (s *scrub) record(ctx context.Context, record projections.Change) error {
	switch r := record.(type) {
	case projections.PutObject:
		return s.object(ctx, r.Object.Bucket, r.Object.Key, &r.Object.Object)
	case projections.PutVersion:
		return s.object(ctx, r.Version.Bucket, r.Version.Key, &r.Version.Object)
	case projections.PutPart:
		return s.blob(ctx, Damage{Upload: r.Part.Upload, Part: r.Part.Number}, r.Part.Blob)
	}
	return nil
}

func (s *scrub) object(ctx context.Context, bucket, key string, object *eventlog.Object) error {
	named := Damage{Bucket: bucket, Key: key, Version: object.Version}
	blobs := object.Blobs
	if object.Manifest != nil {
		m, err := s.service.readManifest(ctx, object.Manifest)
		if err != nil {
			return s.found(ctx, named, object.Manifest.ID, err)
		}
		blobs = m.Blobs
	}
	for _, blob := range blobs {
		if err := s.blob(ctx, named, blob); err != nil {
			return err
		}
	}
	return nil
}

// blob checks one blob, which is named by what damage will say.
func (s *scrub) blob(ctx context.Context, named Damage, blob eventlog.Blob) error {
	s.read.Blobs++
	err := s.check(ctx, blob)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return s.found(ctx, named, blob.ID, err)
}

func (s *scrub) check(ctx context.Context, blob eventlog.Blob) error {
	r, err := s.service.blobs.Get(ctx, backends.ID(blob.ID), 0, blob.Size)
	if err != nil {
		return err
	}
	defer r.Close()
	crc, piece, size := crc64nvme.New(), make([]byte, min(blob.Size, scrubPiece)), int64(0)
	for {
		n, err := io.ReadFull(r, piece)
		crc.Write(piece[:n])
		size += int64(n)
		s.read.Bytes += int64(n)
		if n == 0 || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := s.pace.WaitN(ctx, n); err != nil {
			return err
		}
	}
	if size != blob.Size || encodeSum(crc) != blob.CRC64NVME {
		return fmt.Errorf("it has %d bytes with checksum %s, and was stored with %d and %s", size, encodeSum(crc), blob.Size, blob.CRC64NVME)
	}
	return nil
}

// found reports damage, unless the record is gone since the snapshot: then the blob may be gone rightly.
func (s *scrub) found(ctx context.Context, damage Damage, blob string, cause error) error {
	named, err := s.service.stillNamed(ctx, damage, blob)
	if err != nil || !named {
		return err
	}
	damage.Blob, damage.Err = blob, cause
	s.read.Damaged++
	s.damaged(damage)
	return nil
}

// stillNamed tells whether there is still the record that names a blob.
func (s *Service) stillNamed(ctx context.Context, d Damage, blob string) (bool, error) {
	if d.Upload != "" {
		part, err := s.store.Part(ctx, d.Upload, d.Part)
		if errors.Is(err, projections.ErrNotFound) {
			return false, nil
		}
		return err == nil && part.Blob.ID == blob, err
	}
	snapshot, err := s.snapshot(ctx) // the version may be about to become another kind of record
	if err != nil {
		return false, err
	}
	defer snapshot.Close()
	current, err := readCurrent(ctx, snapshot, d.Bucket, d.Key)
	if err != nil || current != nil && current.Version == d.Version {
		return err == nil, err
	}
	_, err = snapshot.Version(ctx, d.Bucket, d.Key, d.Version)
	if errors.Is(err, projections.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
