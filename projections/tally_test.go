package projections_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// A commit that is told while the snapshot is taken counts once, whether the snapshot has it or not.
func TestTallyDuringTheSnapshot(t *testing.T) {
	store := memory.New()
	apply := func(seq uint64, name string) {
		t.Helper()
		change := projections.PutBucket{Bucket: &projections.Bucket{Name: name}}
		if err := store.Apply(t.Context(), eventlog.Position{Log: "log", Seq: seq}, []projections.Change{change}); err != nil {
			t.Fatal(err)
		}
	}
	one := projections.Totals{Buckets: 1}
	var tally projections.Tally
	apply(1, "one")
	tally.Tell(1, one) // which the snapshot has
	take := func(ctx context.Context) (projections.Snapshot, error) {
		apply(2, "two")
		tally.Tell(2, one)
		tally.Tell(4, one) // told before it is applied
		snapshot, err := store.Snapshot(ctx)
		tally.Tell(3, one)
		return snapshot, err
	}
	count := func(ctx context.Context, records projections.Records) (projections.Totals, error) {
		tally.Tell(5, one)
		if _, known := tally.Totals(); known {
			t.Error("totals are known before they are counted")
		}
		return projections.CountObjects(ctx, records)
	}
	if err := tally.Count(t.Context(), take, count); err != nil {
		t.Fatal(err)
	}
	tally.Tell(2, one) // late
	tally.Tell(6, one)
	if got, known := tally.Totals(); !known || got.Buckets != 6 {
		t.Errorf("%d buckets (known: %t), want 6", got.Buckets, known)
	}
	tally.Lose()
	if _, known := tally.Totals(); known {
		t.Error("totals are known that were lost")
	}
}

func TestTallyAfterAFailure(t *testing.T) {
	store := memory.New()
	var tally projections.Tally
	failure := errors.New("the engine is away")
	fail := func(context.Context, projections.Records) (projections.Totals, error) {
		return projections.Totals{Buckets: 7}, failure
	}
	if err := tally.Count(t.Context(), store.Snapshot, fail); !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	if _, known := tally.Totals(); known {
		t.Error("totals are known that could not be counted")
	}
	if err := tally.Count(t.Context(), store.Snapshot, projections.CountObjects); err != nil {
		t.Fatal(err)
	}
	if got, known := tally.Totals(); !known || got != (projections.Totals{}) {
		t.Errorf("totals %+v (known: %t), want none", got, known)
	}
}
