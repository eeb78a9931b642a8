package main

import (
	"context"
	"errors"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/azblob"
	"github.com/bleepstore/bleepstore/backends/cache"
	"github.com/bleepstore/bleepstore/backends/gcs"
	"github.com/bleepstore/bleepstore/backends/local"
	"github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/backends/moving"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/s3"
	"github.com/bleepstore/bleepstore/cmd/bleepstore/config"
)

// openBlobs opens the backend of a configuration, behind a cache if it is to have one, which reports what it cannot do.
func openBlobs(ctx context.Context, c *config.Config, report func(error)) (backends.Backend, error) {
	blobs, err := openRaw(ctx, c)
	if err != nil || c.Storage.Cache.Size == 0 {
		return blobs, err
	}
	cached, err := cache.Open(c.CacheDir(), int64(c.Storage.Cache.Size), blobs, report)
	if err != nil {
		return nil, errors.Join(err, blobs.Close())
	}
	return cached, nil
}

// openMovable is openBlobs for those that can be moved.
func openMovable(ctx context.Context, c *config.Config, report func(error)) (*moving.Backend, error) {
	blobs, err := openBlobs(ctx, c, report)
	if err != nil {
		return nil, err
	}
	return moving.New(moving.Storage{Backend: blobs, Name: c.StoragePlace()}), nil
}

// openRaw opens the backend of a configuration itself. It returns an interface that is nil with an error.
func openRaw(ctx context.Context, c *config.Config) (backends.Backend, error) {
	switch c.Storage.Backend {
	case config.BackendMemory:
		return memory.New(int64(c.Storage.Memory.Limit)), nil
	case config.BackendLocal:
		blobs, err := local.Open(c.BlobDir())
		if err != nil {
			return nil, err
		}
		return blobs, nil
	default:
		return openRemote(ctx, c.Storage)
	}
}

// openRemote opens the backend in a cloud.
func openRemote(ctx context.Context, s config.Storage) (backends.Backend, error) {
	opener, bucket, prefix := openerOf(s, s.Backend)
	opened, err := opener(ctx, bucket)
	if err != nil {
		return nil, err
	}
	return remote.New(opened, remote.Config{Prefix: prefix, Timeout: s.Timeout}), nil
}

// openElsewhere returns what reads objects that lie elsewhere, with the settings of the backends in clouds but their buckets.
func openElsewhere(s config.Storage) *remote.Elsewhere {
	openers := make(map[string]remote.Opener)
	for scheme, backend := range map[string]string{"s3": config.BackendS3, "gs": config.BackendGCS, "azblob": config.BackendAzBlob} {
		openers[scheme], _, _ = openerOf(s, backend)
	}
	return remote.NewElsewhere(openers, s.Timeout)
}

// openerOf returns what opens buckets of a cloud, and the one that is configured, with the prefix.
func openerOf(s config.Storage, backend string) (opener remote.Opener, bucket, prefix string) {
	switch backend {
	case config.BackendS3:
		return func(ctx context.Context, bucket string) (remote.Bucket, error) {
			return asBucket(s3.Open(ctx, s3.Config{
				Bucket: bucket, Region: s.S3.Region, Endpoint: s.S3.Endpoint, AccessKey: s.S3.AccessKey, SecretKey: s.S3.SecretKey,
				PathStyle: s.S3.PathStyle,
			}))
		}, s.S3.Bucket, s.S3.Prefix
	case config.BackendGCS:
		return func(ctx context.Context, bucket string) (remote.Bucket, error) {
			return asBucket(gcs.Open(ctx, gcs.Config{Bucket: bucket, Endpoint: s.GCS.Endpoint, CredentialsFile: s.GCS.CredentialsFile}))
		}, s.GCS.Bucket, s.GCS.Prefix
	default:
		return func(ctx context.Context, bucket string) (remote.Bucket, error) {
			return asBucket(azblob.Open(ctx, azblob.Config{
				Container: bucket, Account: s.AzBlob.Account, Endpoint: s.AzBlob.Endpoint, Key: s.AzBlob.Key, SAS: s.AzBlob.SAS,
				ConnectionString: s.AzBlob.ConnectionString,
			}))
		}, s.AzBlob.Container, s.AzBlob.Prefix
	}
}

// asBucket returns an interface that is nil with an error.
func asBucket[B remote.Bucket](bucket B, err error) (remote.Bucket, error) {
	if err != nil {
		return nil, err
	}
	return bucket, nil
}
