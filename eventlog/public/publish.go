package public

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/archive"
	"github.com/bleepstore/bleepstore/eventlog/feed"
)

// publish publishes until ctx ends or something fails.
func (p *Publisher) publish(ctx context.Context) error {
	if err := p.openServer(ctx); err != nil {
		return err
	}
	r, err := p.resume(ctx)
	if err != nil {
		return p.explain(err)
	}
	reader, err := p.config.Reader(ctx, r.position)
	if err != nil {
		return p.explain(fmt.Errorf("read the log behind %v: %w", r.position, err))
	}
	defer reader.Close()
	p.setPublished(r.position)
	for {
		commits, err := reader.Next(ctx)
		if ctx.Err() != nil {
			return r.saveLast(ctx)
		}
		if err != nil {
			return p.explain(err)
		}
		if err := r.publish(ctx, commits); err != nil {
			return p.server.reason(err)
		}
		p.setPublished(r.position)
		if err := r.saveSometimes(ctx); err != nil {
			return err
		}
	}
}

// openServer replaces a server that does not work any more.
func (p *Publisher) openServer(ctx context.Context) (err error) {
	if p.server != nil {
		if p.server.works() {
			return nil
		}
		p.server.close()
	}
	p.server, err = openServer(ctx, p.config)
	return err
}

// explain says what to do about a log that does not reach back any more to where publishing has come.
func (p *Publisher) explain(err error) error {
	_, trimmed := errors.AsType[*eventlog.TrimmedError](err)
	if trimmed || errors.Is(err, archive.ErrNotArchived) {
		return fmt.Errorf("%w; if there is no such archive any more, stop the server and remove %s: "+
			"then all is published that there is, from the beginning", err, p.config.Dir)
	}
	return err
}

// run is the publishing from one failure to the next.
type run struct {
	config   Config
	accounts []*account
	*progress
	saved time.Time
}

// administrators is the account that has all events, and that gets each last: what it has, all have.
func (r *run) administrators() *account { return r.accounts[0] }

// owners are the other accounts.
func (r *run) owners() []*account { return r.accounts[1:] }

// resume finds out where publishing has come. Streams that are not of the log, as it is, are made again.
func (p *Publisher) resume(ctx context.Context) (*run, error) {
	r := &run{config: p.config, accounts: p.server.accounts, saved: time.Now()}
	for _, a := range r.accounts {
		err := r.load(ctx, a)
		if errors.Is(err, errUnsound) {
			p.config.Retry(fmt.Errorf("stream %s of account %s is made again: %w", StreamName, a.name, err))
			err = a.renew(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	r.progress, err = r.begin(ctx)
	return r, err
}

// load finds out what is in a stream. Errors: errUnsound, if that is not of the log.
func (r *run) load(ctx context.Context, a *account) error {
	if err := a.load(ctx); err != nil || a.last.IsZero() {
		return err
	}
	if a.last.commit.Log != r.config.Log {
		return fmt.Errorf("%w: event %v is of log %s", errUnsound, a.last.ID, a.last.commit.Log)
	}
	found, err := r.config.At(ctx, a.last.commit.Seq)
	if _, unknown := errors.AsType[*eventlog.PositionError](err); unknown || err == nil && found != a.last.commit {
		return fmt.Errorf("%w: event %v is not in the log any more", errUnsound, a.last.ID)
	}
	return err
}

// begin returns from where to read the log: never behind an event that a stream lacks.
func (r *run) begin(ctx context.Context) (*progress, error) {
	if len(r.owners()) > 0 {
		// Who owns which bucket, only the progress tells, or the log from its beginning on.
		if saved := r.restore(ctx); saved != nil {
			return saved, nil
		}
		start, err := r.config.Start(ctx)
		return &progress{position: start, bucketOwners: make(map[string]string)}, err
	}
	var position eventlog.Position
	var err error
	switch last := r.administrators().last; {
	case !last.IsZero():
		position, err = r.config.At(ctx, last.commit.Seq-1)
	case r.config.MaxAge > 0:
		position, err = r.config.Before(ctx, time.Now().Add(-r.config.MaxAge))
	default:
		position, err = r.config.Start(ctx)
	}
	return &progress{position: position}, err
}

// publish publishes the events of commits that are not published yet. After an error, the run has ended.
func (r *run) publish(ctx context.Context, commits []eventlog.Commit) error {
	var oldest time.Time
	if r.config.MaxAge > 0 {
		oldest = time.Now().Add(-r.config.MaxAge)
	}
	var events []feed.Event
	for _, commit := range commits {
		for _, event := range feed.Events(commit) {
			owner := r.owner(&event)
			if event.Time.Before(oldest) {
				continue
			}
			events = append(events, event)
			if owner == nil {
				continue
			}
			if err := owner.publish(ctx, &event); err != nil {
				return err
			}
		}
	}
	for _, owner := range r.owners() {
		if err := owner.flush(ctx); err != nil {
			return err
		}
	}
	for i := range events {
		if err := r.administrators().publish(ctx, &events[i]); err != nil {
			return err
		}
	}
	if err := r.administrators().flush(ctx); err != nil {
		return err
	}
	r.position = commits[len(commits)-1].Position
	return nil
}

// owner is the account of the owner of the bucket that an event is about, at the time of the event; nil if there is none. It must
// be asked about each event, in order.
func (r *run) owner(e *feed.Event) *account {
	if len(r.owners()) == 0 || e.Bucket == "" {
		return nil
	}
	if created, ok := e.Data.(*eventlog.BucketCreated); ok {
		r.bucketOwners[e.Bucket] = created.Owner.ID
	}
	id := r.bucketOwners[e.Bucket]
	if _, ok := e.Data.(*eventlog.BucketDeleted); ok {
		delete(r.bucketOwners, e.Bucket)
	}
	for _, a := range r.owners() {
		if a.owner == id {
			return a
		}
	}
	return nil
}
