package s3_test

import (
	"net/http/httptest"
	"testing"

	"github.com/rs/zerolog"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/apitest"
	server "github.com/bleepstore/bleepstore/api/s3"
	"github.com/bleepstore/bleepstore/api/sigv4"
	blobs "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/backends/s3"
	"github.com/bleepstore/bleepstore/eventlog"
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
	service, _, _ := apitest.New(t, api.Config{Region: c.Region, Blobs: blobs.New(8 << 30)})
	s := httptest.NewServer(server.New(server.Config{
		Service:  service,
		Verifier: sigv4.NewVerifier(c.Region, func(key string) (string, bool) { return c.SecretKey, key == c.AccessKey }),
		Accounts: map[string]eventlog.Owner{c.AccessKey: {ID: "c0ffee", Name: "tester"}},
		Region:   c.Region, Log: zerolog.Nop(), Ready: func() error { return nil },
	}))
	t.Cleanup(s.Close)
	c.Endpoint = s.URL
	return c
}
