package api

import (
	"context"

	"github.com/bleepstore/bleepstore/projections"
)

// Count counts all buckets and current objects, which takes as long as to read them, so that Totals is known from then on.
// It does nothing if that is so already. After an error it may be called again.
//
// From then on each decision tells what it changes. Only who decides knows that without reading: the events do not tell how
// large an object is that they replace. All that is written to the log while a server runs is decided by its Service, under
// locks, by what is there; so the totals are what a store holds that has applied the whole log, whichever store serves.
// Where it is unknown whether a commit is in the log, the log takes no more of them, and the totals are unknown.
func (s *Service) Count(ctx context.Context) error {
	take := func(ctx context.Context) (projections.Snapshot, error) {
		serving := s.metadata.now.Load()
		if err := serving.applied.Wait(ctx, s.log.Head()); err != nil { // for all that was told before
			return nil, err
		}
		return serving.store.Snapshot(ctx)
	}
	return s.tally.Count(ctx, take, projections.CountObjects)
}

// ResumeTotals says what Totals are, as of the end of the log. It is called before the first command, and leaves nothing to Count.
func (s *Service) ResumeTotals(t projections.Totals) { s.tally.Resume(t) }

// Totals are the numbers of buckets and current objects, and the bytes of these, if they are known. They have all that was
// answered before the call.
func (s *Service) Totals() (t projections.Totals, known bool) { return s.tally.Totals() }

// totalsOf are the totals of an object, nil for none.
func totalsOf(object *projections.Object) projections.Totals {
	if object == nil {
		return projections.Totals{}
	}
	return projections.Totals{Objects: 1, Bytes: object.Size}
}
