package gcs_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/google/uuid"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/bleepstore/bleepstore/backends/gcs"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// TestEmulator runs against fake-gcs-server, which knows no credentials, permissions, quotas and delays, and no preconditions
// but those of uploads.
func TestEmulator(t *testing.T) {
	endpoint := emulators.GCS(t)
	buckettest.Run(t, func(t *testing.T) func() (remote.Bucket, error) {
		c := newBucket(t, "project", endpoint)
		return func() (remote.Bucket, error) { return gcs.Open(t.Context(), c) }
	})
}

// TestService runs against Google Cloud Storage itself, in buckets of its own in the project that BLEEPSTORE_TEST_GCS_PROJECT
// names, with application default credentials.
func TestService(t *testing.T) {
	project := os.Getenv("BLEEPSTORE_TEST_GCS_PROJECT")
	if project == "" {
		t.Skip("NOT TESTED: Google Cloud Storage itself, because BLEEPSTORE_TEST_GCS_PROJECT names no project of Google Cloud")
	}
	buckettest.Run(t, func(t *testing.T) func() (remote.Bucket, error) {
		c := newBucket(t, project, "")
		return func() (remote.Bucket, error) { return gcs.Open(t.Context(), c) }
	})
}

// newBucket makes a bucket, which the end of the test deletes with all that is in it.
func newBucket(t *testing.T, project, endpoint string) gcs.Config {
	t.Helper()
	bucket := newClient(t, endpoint).Bucket("bleepstore-test-" + uuid.NewString())
	if err := bucket.Create(t.Context(), project, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		objects := bucket.Objects(ctx, nil)
		attrs, err := objects.Next()
		for ; err == nil; attrs, err = objects.Next() {
			if err := bucket.Object(attrs.Name).Delete(ctx); err != nil {
				t.Error(err)
			}
		}
		if err != iterator.Done {
			t.Error(err)
		}
		if err := bucket.Delete(ctx); err != nil {
			t.Error(err)
		}
	})
	return gcs.Config{Bucket: bucket.BucketName(), Endpoint: endpoint}
}

// newClient makes a client of an emulator, or of the service if endpoint is empty, as others have one.
func newClient(t *testing.T, endpoint string) *storage.Client {
	t.Helper()
	var options []option.ClientOption
	if endpoint != "" {
		options = append(options, option.WithoutAuthentication(),
			option.WithEndpoint(strings.TrimSuffix(endpoint, "/storage/v1/")+"/storage/v1/"))
	}
	client, err := storage.NewClient(context.WithoutCancel(t.Context()), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
