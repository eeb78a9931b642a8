package s3_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/backends/s3"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// TestEmulated runs the suite against versitygw, a server of S3's protocol that is independent of us. It tells nothing about
// throttling, permissions, and how fast S3 is.
func TestEmulated(t *testing.T) {
	buckettest.Run(t, newBuckets(emulated(t)))
}

// newBuckets makes empty buckets where a configuration says.
func newBuckets(c s3.Config) func(t *testing.T) func() (remote.Bucket, error) {
	var buckets atomic.Int32
	return func(t *testing.T) func() (remote.Bucket, error) {
		c := c
		c.Bucket = fmt.Sprintf("bucket-%d", buckets.Add(1))
		create(t, c)
		return func() (remote.Bucket, error) { return s3.Open(t.Context(), c) }
	}
}

// emulated starts an emulator, and returns how to reach a bucket there, which does not exist.
func emulated(t testing.TB) s3.Config {
	t.Helper()
	account := emulators.S3(t)
	return s3.Config{
		Bucket: "bucket", Region: account.Region, Endpoint: account.Endpoint,
		AccessKey: account.AccessKey, SecretKey: account.SecretKey, PathStyle: true,
	}
}

// newClient returns the SDK's client.
func newClient(c s3.Config) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &c.Endpoint, Region: c.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, ""),
	})
}

// create creates a bucket.
func create(t testing.TB, c s3.Config) {
	t.Helper()
	if _, err := newClient(c).CreateBucket(t.Context(), &sdk.CreateBucketInput{Bucket: &c.Bucket}); err != nil {
		t.Fatal(err)
	}
}
