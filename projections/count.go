package projections

import (
	"context"
)

// Totals are numbers of what there is. Not all of them need be counted.
type Totals struct {
	Buckets int64
	Objects int64 // current ones
	Bytes   int64 // of the current objects

	Garbage      int64 // blobs that nothing names any more
	GarbageBytes int64 // of these, as far as their records tell
}

// Plus returns the sum of two totals.
func (t Totals) Plus(o Totals) Totals {
	return Totals{
		Buckets: t.Buckets + o.Buckets, Objects: t.Objects + o.Objects, Bytes: t.Bytes + o.Bytes,
		Garbage: t.Garbage + o.Garbage, GarbageBytes: t.GarbageBytes + o.GarbageBytes,
	}
}

// Minus returns the difference of two totals.
func (t Totals) Minus(o Totals) Totals {
	return Totals{
		Buckets: t.Buckets - o.Buckets, Objects: t.Objects - o.Objects, Bytes: t.Bytes - o.Bytes,
		Garbage: t.Garbage - o.Garbage, GarbageBytes: t.GarbageBytes - o.GarbageBytes,
	}
}

// CountObjects reads all buckets and current objects to count them. The records should be a Snapshot's.
func CountObjects(ctx context.Context, records Records) (Totals, error) {
	var t Totals
	w := walker{ctx: ctx, records: records, yield: func(c Change) bool {
		switch c := c.(type) {
		case PutBucket:
			t.Buckets++
		case PutObject:
			t.Objects++
			t.Bytes += c.Object.Size
		}
		return true
	}}
	_, err := w.buckets(w.objects)
	return t, err
}

// CountGarbage reads all garbage records to count them. The records should be a Snapshot's.
func CountGarbage(ctx context.Context, records Records) (Totals, error) {
	var t Totals
	w := walker{ctx: ctx, records: records, yield: func(c Change) bool {
		t = t.Plus(GarbageChanged([]Change{c}))
		return true
	}}
	_, err := w.garbage()
	return t, err
}

// GarbageChanged tells what changes do to the numbers of garbage. A blob becomes garbage once, and its record goes once.
func GarbageChanged(changes []Change) Totals {
	var t Totals
	for _, c := range changes {
		switch c := c.(type) {
		case PutGarbage:
			t.Garbage++
			t.GarbageBytes += c.Garbage.Size
		case DeleteGarbage:
			t.Garbage--
			t.GarbageBytes -= c.Garbage.Size
		}
	}
	return t
}
