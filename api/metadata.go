package api

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// metadata is the store that serves: decisions and answers come from it.
//
// Another can take its place at any time. Who holds locks relies on that all who held them before were acknowledged when the
// store that he reads had applied their commits. So a store that begins to serve has applied all that is in the log, and
// while it comes to that, nobody is acknowledged. Who waits for the store that served waits for the next one from then on.
type metadata struct {
	now           atomic.Pointer[serving]
	acknowledging sync.RWMutex // held for writing while another store takes over
}

// serving is a store that serves, or has served.
type serving struct {
	store   projections.MetadataStore
	applied Applied
	ctx     context.Context // ends when another store has taken over
	replace context.CancelFunc
	failed  atomic.Bool // there was a commit that it will not apply
}

func newServing(store projections.MetadataStore, applied Applied) *serving {
	s := &serving{store: store, applied: applied}
	s.ctx, s.replace = context.WithCancel(context.Background())
	return s
}

// store is the store that serves.
func (s *Service) store() projections.MetadataStore { return s.metadata.now.Load().store }

// Serve makes another store the one that serves, as soon as it has applied all that is in the log; applied tells that. It
// should be about to have: until then, no command is acknowledged. When ctx ends before, everything stays as it was.
// The store that served may still be in use by queries that began before.
func (s *Service) Serve(ctx context.Context, store projections.MetadataStore, applied Applied) error {
	s.metadata.acknowledging.Lock()
	defer s.metadata.acknowledging.Unlock()
	if err := applied.Wait(ctx, s.log.Head()); err != nil {
		return fmt.Errorf("bring the metadata up to date: %w", err)
	}
	s.metadata.now.Swap(newServing(store, applied)).replace()
	return nil
}

// awaitApplied waits until the store that serves has applied a commit. After an error, nothing is decided by that store any
// more: who takes the locks next would not find the commit there.
func (s *Service) awaitApplied(position eventlog.Position) error {
	for {
		now := s.metadata.now.Load()
		err := now.applied.Wait(now.ctx, position)
		s.metadata.acknowledging.RLock()
		same := now == s.metadata.now.Load()
		s.metadata.acknowledging.RUnlock()
		if same {
			if err != nil {
				now.failed.Store(true)
			}
			return err
		}
	}
}
