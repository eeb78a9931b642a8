package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/api/admin"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

const (
	// maxBehind is how many commits an engine may be behind that is to take over: what it applies within moments.
	maxBehind = 1000
	// takeOverTimeout is how long it may take to apply them. Nobody's write is acknowledged meanwhile.
	takeOverTimeout = 10 * time.Second
)

// served is an engine that serves, or can, with its store and what keeps that up to date.
type served struct {
	engine
	store     projections.MetadataStore
	projector *projections.Projector
	garbage   *projections.Tally // of the store
}

func newServed(e engine, store projections.MetadataStore, projector *projections.Projector) *served {
	s := &served{e, store, projector, new(projections.Tally)}
	projector.Watch(func(position eventlog.Position, changes []projections.Change) {
		s.garbage.Tell(position.Seq, projections.GarbageChanged(changes))
	})
	return s
}

// parts are the parts of a node with the store that serves.
func (s *served) parts(all *parts) *parts {
	p := *all
	p.engine, p.store = s.engine, s.store
	return &p
}

// follower keeps a further engine up to date.
type follower struct {
	engine
	*projections.Follower
}

// serving is the engine that serves.
func (n *node) serving() *served { return n.current.Load() }

// follow begins to keep further engines up to date.
func (n *node) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	n.stopFollowing = cancel
	for _, name := range n.config.Projections {
		told := n.out.With().Str("engine", name).Logger()
		retry := output{Logger: told, metrics: n.out.metrics}.retry(name)
		e := engineOf(n.config, name, retry)
		open := func(ctx context.Context) (projections.MetadataStore, error) {
			return e.openFilled(ctx, func(store projections.MetadataStore) (bool, error) { return n.fill(ctx, store, output{Logger: told}) })
		}
		failed := func(err error) {
			if errors.Is(err, projections.ErrHandedOver) {
				told.Error().Err(err).Msg(n.remedy(e, err))
			} else {
				retry(err)
			}
		}
		f := follower{e, projections.NewFollower(n.source(), open, failed)}
		n.followers = append(n.followers, f)
		n.following.Go(func() { f.Run(ctx) })
	}
}

// follows tells whether the node has a store open.
func (n *node) follows(e engine) bool {
	for _, f := range n.followers {
		if e.is(f.engine) {
			return true
		}
	}
	return e.is(n.first.engine)
}

// takeOver has an engine serve.
func (n *node) takeOver(ctx context.Context, name string) error {
	n.takingOver.Lock()
	defer n.takingOver.Unlock()
	if name == n.serving().name {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, takeOverTimeout)
	defer cancel()
	next, err := n.find(ctx, name)
	if err != nil {
		return err
	}
	if err := n.service.Serve(ctx, next.store, next.projector); err != nil {
		return cannotTakeOver(name, err)
	}
	n.current.Store(next)
	n.tookOver.tell()
	n.out.Info().Str("engine", name).Msg("serves from now on; the next start goes by metadata.engine of the configuration")
	return nil
}

// find returns an engine that can take over: one that works and follows the log closely. Another would have all writes wait
// for nothing, and less to say about why.
func (n *node) find(ctx context.Context, name string) (*served, error) {
	if name == n.first.name {
		status := n.first.projector.Status()
		if err := n.canFollow(name, projections.Following{Position: status.Position, Err: status.Err}); err != nil {
			return nil, err
		}
		if err := n.first.store.Check(ctx); err != nil {
			return nil, cannotTakeOver(name, err)
		}
		return n.first, nil
	}
	for _, f := range n.followers {
		if f.name != name {
			continue
		}
		// A store that was handed over is not opened again, so one that cannot take over stays with its follower.
		if err := n.canFollow(name, f.Following()); err != nil {
			return nil, err
		}
		if err := f.Check(ctx); err != nil {
			return nil, cannotTakeOver(name, err)
		}
		store, projector, err := f.HandOver()
		if err != nil {
			return nil, cannotTakeOver(name, err)
		}
		return newServed(f.engine, store, projector), nil
	}
	return nil, fmt.Errorf("%w: %s", admin.ErrNoProjection, name)
}

// canFollow returns nil for an engine that follows the log closely.
func (n *node) canFollow(name string, following projections.Following) error {
	if following.Err != nil {
		return cannotTakeOver(name, fmt.Errorf("it does not follow the log: %w", following.Err))
	}
	if behind := n.behind(following.Position.Seq); behind > maxBehind {
		return &admin.ConflictError{Reason: fmt.Sprintf("%s is %d commits behind the log: wait until it is less than %d", name, behind, maxBehind)}
	}
	return nil
}

func cannotTakeOver(name string, err error) error {
	return &admin.ConflictError{Reason: fmt.Sprintf("%s cannot take over: %v", name, err)}
}

// behind is how many commits a store has not applied.
func (n *node) behind(applied uint64) uint64 {
	head := n.log.Head().Seq
	return head - min(applied, head)
}

// projections tells how all engines are, and the public stream.
func (n *node) projections(ctx context.Context) []admin.Projection {
	first := n.first.projector.Status()
	list := []admin.Projection{{
		Engine: n.first.name, Place: n.first.place, Position: first.Position.Seq, CaughtUp: first.Ready(), Err: first.Err,
	}}
	for _, f := range n.followers {
		following := f.Following()
		list = append(list, admin.Projection{
			Engine: f.name, Place: f.place, Position: following.Position.Seq, CaughtUp: following.CaughtUp, Err: f.Check(ctx),
		})
	}
	for i := range list {
		list[i].Serving = list[i].Engine == n.serving().name
		list[i].Behind = n.behind(list[i].Position)
	}
	if n.public != nil {
		list = append(list, n.eventsProjection())
	}
	return append(list, n.targetProjections()...)
}
