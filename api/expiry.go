package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/projections"
)

// The interval at which expired uploads are looked for: a tenth of their age, within these bounds. To look means to read
// the records of all uploads.
const (
	minExpiryInterval = time.Second
	maxExpiryInterval = time.Hour
)

// ExpireUploads aborts uploads that were begun longer than age ago, now and from time to time, until ctx ends. Their
// events have no actor. An error, such as that of a log that takes no events, does not end it: it is reported, and the
// next round tries again.
func (s *Service) ExpireUploads(ctx context.Context, age time.Duration, report func(error)) {
	every(ctx, min(max(age/10, minExpiryInterval), maxExpiryInterval), func() {
		if err := s.expireUploads(ctx, now().Add(-age)); err != nil && ctx.Err() == nil {
			report(fmt.Errorf("abort expired uploads: %w", err))
		}
	})
}

// expireUploads aborts all uploads that were begun before a time.
func (s *Service) expireUploads(ctx context.Context, before time.Time) error {
	var failures []error
	for after := ""; ; {
		buckets, err := s.store().Buckets(ctx, after, scanLimit)
		if err != nil {
			return fmt.Errorf("list buckets behind %q: %w", after, err)
		}
		for _, bucket := range buckets {
			failures = append(failures, s.expireIn(ctx, bucket.Name, before))
		}
		if len(buckets) < scanLimit || ctx.Err() != nil {
			return errors.Join(failures...)
		}
		after = buckets[len(buckets)-1].Name
	}
}

func (s *Service) expireIn(ctx context.Context, bucket string, before time.Time) error {
	var failures []error
	scan := projections.Scan{Limit: scanLimit}
	for {
		uploads, err := s.store().Uploads(ctx, bucket, scan)
		if err != nil {
			return fmt.Errorf("list uploads of bucket %q: %w", bucket, err)
		}
		for _, upload := range uploads {
			if upload.Initiated.Before(before) {
				failures = append(failures, s.expire(ctx, upload))
			}
		}
		if len(uploads) < scanLimit || ctx.Err() != nil {
			return errors.Join(failures...)
		}
		last := uploads[len(uploads)-1]
		scan.Start, scan.After = last.Key, last.ID
	}
}

// expire aborts an upload, unless it has ended meanwhile.
func (s *Service) expire(ctx context.Context, upload *projections.Upload) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	leave, err := s.enter(maxFreeing, bucketLock(upload.Bucket, false), keyLock(upload.Bucket, upload.Key, true))
	if err != nil {
		return err
	}
	defer leave()
	_, err = s.store().Upload(ctx, upload.Bucket, upload.Key, upload.ID)
	if errors.Is(err, projections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read upload %s of %q in bucket %q: %w", upload.ID, upload.Key, upload.Bucket, err)
	}
	return s.abort(ctx, Caller{}, upload)
}
