package s3_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api"
	server "github.com/bleepstore/bleepstore/api/s3"
	"github.com/bleepstore/bleepstore/api/sigv4"
	blobs "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/backends/s3"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// TestOurs runs the suite of buckets against a server of ours: one can stand behind another.
func TestOurs(t *testing.T) {
	t.Parallel()
	buckettest.RunBucket(t, newBuckets(ours(t)))
}

// ours starts a server of ours, and returns how to reach a bucket there, which does not exist.
func ours(t testing.TB) s3.Config {
	t.Helper()
	c := s3.Config{Bucket: "bucket", Region: "us-east-1", AccessKey: "access", SecretKey: "secret", PathStyle: true}
	log, err := eventlog.Open(t.Context(), eventlog.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	store := memory.New()
	projector := projections.NewProjector(source{log}, store)
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- projector.Run(ctx) }()
	s := httptest.NewServer(server.New(server.Config{
		Service:  api.New(api.Config{Region: c.Region, Log: log, Applied: projector, Store: store, Blobs: blobs.New(8 << 30)}),
		Verifier: sigv4.NewVerifier(c.Region, func(key string) (string, bool) { return c.SecretKey, key == c.AccessKey }),
		Accounts: map[string]eventlog.Owner{c.AccessKey: {ID: "c0ffee", Name: "tester"}},
		Region:   c.Region, Log: zerolog.Nop(), Ready: func() error { return nil },
	}))
	t.Cleanup(func() {
		s.Close()
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Endpoint = s.URL
	return c
}

// source is a log as a projector reads it.
type source struct{ *eventlog.Log }

func (s source) Read(ctx context.Context, after eventlog.Position) (projections.Reader, error) {
	return s.Log.Read(ctx, after)
}
