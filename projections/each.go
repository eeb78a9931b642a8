package projections

import (
	"context"
	"fmt"
	"iter"
)

// eachPage is how many records Each reads at once.
const eachPage = 1000

// Each yields all that records hold, each record as the change that writes it: an empty store that applies them, in any
// order, holds the same. Buckets come in their order, each followed by its objects, versions, uploads and parts in
// theirs; then come shared counts, and garbage. An error ends it.
//
// The records should be a Snapshot's, or what comes is of no single moment.
func Each(ctx context.Context, records Records) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		w := walker{ctx: ctx, records: records, yield: func(c Change) bool { return yield(c, nil) }}
		if _, err := w.all(); err != nil {
			yield(nil, err)
		}
	}
}

// walker goes through records. Its methods return false when nobody wants more of them.
type walker struct {
	ctx     context.Context // of the whole walk
	records Records
	yield   func(Change) bool
}

func (w *walker) all() (bool, error) {
	if more, err := w.buckets(w.bucket); !more || err != nil {
		return false, err
	}
	for after := ""; ; {
		shared, err := w.records.SharedBlobs(w.ctx, after, eachPage)
		if err != nil {
			return false, fmt.Errorf("read counts of blobs behind %q: %w", after, err)
		}
		for _, s := range shared {
			if !w.yield(SetShared(s)) {
				return false, nil
			}
			after = s.Blob
		}
		if len(shared) < eachPage {
			break
		}
	}
	return w.garbage()
}

// garbage yields all garbage records.
func (w *walker) garbage() (bool, error) {
	for after := (Garbage{}); ; {
		garbage, err := w.records.Garbage(w.ctx, after, eachPage)
		if err != nil {
			return false, fmt.Errorf("read garbage behind %s: %w", after.ID, err)
		}
		for _, g := range garbage {
			if !w.yield(PutGarbage{g}) {
				return false, nil
			}
			after = g
		}
		if len(garbage) < eachPage {
			return true, nil
		}
	}
}

// buckets passes all buckets to visit.
func (w *walker) buckets(visit func(*Bucket) (bool, error)) (bool, error) {
	for after := ""; ; {
		buckets, err := w.records.Buckets(w.ctx, after, eachPage)
		if err != nil {
			return false, fmt.Errorf("read buckets behind %q: %w", after, err)
		}
		for _, bucket := range buckets {
			if more, err := visit(bucket); !more || err != nil {
				return false, err
			}
			after = bucket.Name
		}
		if len(buckets) < eachPage {
			return true, nil
		}
	}
}

// objects yields a bucket and its objects.
func (w *walker) objects(bucket *Bucket) (bool, error) {
	if !w.yield(PutBucket{bucket}) {
		return false, nil
	}
	return scanAll(w, bucket.Name, w.records.Objects, func(o *Object) (string, string, bool, error) {
		return o.Key + "\x00", "", w.yield(PutObject{o}), nil // the least key above
	})
}

func (w *walker) bucket(bucket *Bucket) (bool, error) {
	more, err := w.objects(bucket)
	if !more || err != nil {
		return more, err
	}
	more, err = scanAll(w, bucket.Name, w.records.Versions, func(v *Version) (string, string, bool, error) {
		return v.Key, v.Version, w.yield(PutVersion{v}), nil
	})
	if !more || err != nil {
		return more, err
	}
	return scanAll(w, bucket.Name, w.records.Uploads, func(u *Upload) (string, string, bool, error) {
		more := w.yield(PutUpload{u})
		var err error
		if more {
			more, err = w.parts(u.ID)
		}
		return u.Key, u.ID, more, err
	})
}

// scanAll passes all records of one kind of a bucket to visit, which returns where the scan goes on behind the record.
func scanAll[T any](w *walker, bucket string, scan func(context.Context, string, Scan) ([]T, error), visit func(T) (start, after string, more bool, err error)) (bool, error) {
	next := Scan{Limit: eachPage}
	for {
		page, err := scan(w.ctx, bucket, next)
		if err != nil {
			return false, fmt.Errorf("read records of bucket %s from %q: %w", bucket, next.Start, err)
		}
		for _, record := range page {
			start, after, more, err := visit(record)
			if !more || err != nil {
				return more, err
			}
			next.Start, next.After = start, after
		}
		if len(page) < eachPage {
			return true, nil
		}
	}
}

func (w *walker) parts(upload string) (bool, error) {
	for after := 0; ; {
		parts, err := w.records.Parts(w.ctx, upload, after, eachPage)
		if err != nil {
			return false, fmt.Errorf("read parts of upload %s behind %d: %w", upload, after, err)
		}
		for _, part := range parts {
			if !w.yield(PutPart{part}) {
				return false, nil
			}
			after = part.Number
		}
		if len(parts) < eachPage {
			return true, nil
		}
	}
}
