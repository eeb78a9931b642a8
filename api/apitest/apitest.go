// Package apitest starts object stores for tests.
package apitest

import (
	"context"
	"testing"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// New starts an object store of a configuration, with a log of its own, which it returns, and metadata in memory. It lives as long
// as the test.
func New(t testing.TB, c api.Config) (*api.Service, projections.MetadataStore, *eventlog.Log) {
	t.Helper()
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	projector := projections.NewProjector(source{log}, store)
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- projector.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Log, c.Applied, c.Store = log, projector, store
	return api.New(c), store, log
}

// source is a log as a projector reads it.
type source struct{ *eventlog.Log }

func (s source) Read(ctx context.Context, after eventlog.Position) (projections.Reader, error) {
	return s.Log.Read(ctx, after)
}
