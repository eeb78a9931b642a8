// Package s3 keeps blobs in a bucket of Amazon S3, or of any service that speaks its protocol. README.md tells who runs it what
// is in the bucket, what it costs and which permissions it takes.
//
// What is said here of S3 is from its reference, https://docs.aws.amazon.com/AmazonS3/latest/API/.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// Config names a bucket and tells how to reach it.
type Config struct {
	Bucket string // its name
	// Region is that of the bucket; empty for the one that the AWS SDK's environment and files name or, with an Endpoint, for
	// us-east-1.
	Region   string
	Endpoint string // URL of what is not AWS; empty for AWS
	// AccessKey and SecretKey are credentials. Both empty, the SDK looks for some where it always does: in the environment,
	// in its files, and in the roles of containers and instances.
	AccessKey, SecretKey string
	// PathStyle puts the name of the bucket into the path of requests, in place of the host's name, as services need whose DNS
	// has no name for each bucket.
	PathStyle bool
}

// Bucket is a remote.Bucket in S3.
type Bucket struct {
	client *sdk.Client
	http   *http.Client // of client
	direct *direct      // nil if only client knows how to ask
	name   string
}

var _ remote.Bucket = (*Bucket)(nil)

// Open returns a bucket, of which it does not know whether it exists: it makes no request.
func Open(ctx context.Context, c Config) (*Bucket, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	client, transport, err := connect(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", c.Bucket, err)
	}
	direct := newDirect(ctx, client.Options(), c.Bucket)
	return &Bucket{client: client, http: transport, direct: direct, name: c.Bucket}, nil
}

func (c Config) check() error {
	switch {
	case c.Bucket == "":
		return errors.New("the name of the bucket is missing: set storage.s3.bucket")
	case strings.HasSuffix(c.Bucket, "--x-s3"):
		return fmt.Errorf("bucket %s is a directory bucket, which lists its objects in no order: set storage.s3.bucket to "+
			"a general purpose one", c.Bucket)
	case (c.AccessKey == "") != (c.SecretKey == ""):
		return errors.New("storage.s3.access_key and storage.s3.secret_key belong together, and one is missing")
	case c.Endpoint == "":
		return nil
	}
	if at, err := url.Parse(c.Endpoint); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return fmt.Errorf("storage.s3.endpoint is %q, which is no URL such as https://s3.example.com", c.Endpoint)
	}
	return nil
}

// Check implements remote.Bucket.
func (b *Bucket) Check(ctx context.Context) error {
	_, err := b.client.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: &b.name})
	return b.explain(err, "check bucket "+b.name)
}

// Close implements remote.Bucket.
func (b *Bucket) Close() error {
	b.http.CloseIdleConnections()
	return nil
}

// String implements remote.Bucket.
func (b *Bucket) String() string { return "s3://" + b.name }
