package sqlite

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"
)

// maxQueries bounds the queries at one time, and the connections that stay open while they rest.
const maxQueries = 8

// pool keeps the connections that read.
type pool struct {
	open  func() (*conn, error)
	turns *semaphore.Weighted // one for each query

	mu   sync.Mutex
	idle []*conn // the last one used is the next one taken: it has most of the database in its cache
}

func newPool(open func() (*conn, error)) *pool {
	return &pool{open: open, turns: semaphore.NewWeighted(maxQueries)}
}

// use runs a query on a connection, when it is its turn.
func (p *pool) use(ctx context.Context, query func(*conn) error) error {
	if err := p.turns.Acquire(ctx, 1); err != nil {
		return err
	}
	defer p.turns.Release(1)
	c, err := p.take()
	if err != nil {
		return err
	}
	return errors.Join(c.query(ctx, query), p.give(c))
}

// take returns a connection for whoever needs one, without a turn.
func (p *pool) take() (*conn, error) {
	p.mu.Lock()
	last := len(p.idle) - 1
	if last < 0 {
		p.mu.Unlock()
		return p.open()
	}
	defer p.mu.Unlock()
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c, nil
}

// give takes a connection back.
func (p *pool) give(c *conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == maxQueries {
		return c.close()
	}
	p.idle = append(p.idle, c)
	return nil
}

// close closes the connections, none of which is in use.
func (p *pool) close() error {
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}
