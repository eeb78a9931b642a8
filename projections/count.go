package projections

import "context"

// Totals are numbers of what there is.
type Totals struct {
	Buckets int64
	Objects int64 // current ones
	Bytes   int64 // of the current objects
}

// Plus returns the sum of two totals.
func (t Totals) Plus(o Totals) Totals {
	return Totals{Buckets: t.Buckets + o.Buckets, Objects: t.Objects + o.Objects, Bytes: t.Bytes + o.Bytes}
}

// Minus returns the difference of two totals.
func (t Totals) Minus(o Totals) Totals {
	return Totals{Buckets: t.Buckets - o.Buckets, Objects: t.Objects - o.Objects, Bytes: t.Bytes - o.Bytes}
}

// Count reads all buckets and current objects to count them. The records should be a Snapshot's.
func Count(ctx context.Context, records Records) (Totals, error) {
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
