// Package gcs keeps objects in a bucket of Google Cloud Storage: README.md in this folder documents how a bucket is set up, what
// it costs and which limits it has.
//
// Objects are written, listed and deleted by the JSON API, and read by the XML API, which alone returns an object's metadata
// with its content. Errors call the settings storage.gcs.bucket, storage.gcs.endpoint and storage.gcs.credentials_file.
package gcs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/internal/gcloud"
)

// Config says where the bucket is.
type Config struct {
	// Bucket is the name of the bucket, without gs:// in front.
	Bucket string
	// Endpoint is the URL of an emulator, to which the client shows no credentials. Empty is Google's service.
	Endpoint string
	// CredentialsFile is a JSON file of a service account's key or of another kind of Google's credentials. Empty stands for
	// application default credentials.
	CredentialsFile string
}

// Bucket is a bucket of Google Cloud Storage. The tag of an object is its generation, in decimal digits.
type Bucket struct {
	name    string
	client  *storage.Client
	handle  *storage.BucketHandle
	retries retries
}

var _ remote.Bucket = (*Bucket)(nil)

// Open makes a client of a bucket. It makes no request, except to find application default credentials.
func Open(ctx context.Context, c Config) (*Bucket, error) { return open(ctx, c, defaultRetries) }

func open(ctx context.Context, c Config, retries retries) (*Bucket, error) {
	if c.Bucket == "" || strings.Contains(c.Bucket, "/") {
		return nil, fmt.Errorf("storage.gcs.bucket: %q cannot be the name of a bucket", c.Bucket)
	}
	options, err := clientOptions(c)
	if err != nil {
		return nil, err
	}
	client, err := storage.NewClient(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to Google Cloud Storage: %w: %s", err, nameCredentials)
	}
	client.SetRetry(retries.options()...)
	return &Bucket{name: c.Bucket, client: client, handle: client.Bucket(c.Bucket), retries: retries}, nil
}

// clientOptions say where a client connects to and as whom.
func clientOptions(c Config) ([]option.ClientOption, error) {
	options := []option.ClientOption{option.WithTelemetryDisabled()} // nobody collects it
	switch {
	case c.Endpoint != "":
		endpoint, err := parseEndpoint(c.Endpoint)
		if err != nil {
			return nil, fmt.Errorf("storage.gcs.endpoint: %w", err)
		}
		options = append(options, option.WithEndpoint(endpoint), option.WithoutAuthentication())
	case c.CredentialsFile != "":
		credentials, err := gcloud.CredentialsFile(c.CredentialsFile)
		if err != nil {
			return nil, fmt.Errorf("storage.gcs.credentials_file: %w", err)
		}
		options = append(options, credentials)
	}
	return options, nil
}

// parseEndpoint returns the URL of the JSON API, of which people leave out the path.
func parseEndpoint(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is no URL such as http://127.0.0.1:4443", endpoint)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/storage/v1"
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	return u.String(), nil
}

// String implements remote.Bucket.
func (b *Bucket) String() string { return "gs://" + b.name }

// Check implements remote.Bucket. It lists one object, because an account that may do all with objects may still not ask for
// the bucket itself.
func (b *Bucket) Check(ctx context.Context) error { return b.explain("list objects", b.probe(ctx)) }

func (b *Bucket) probe(ctx context.Context) error {
	query := &storage.Query{Projection: storage.ProjectionNoACL}
	err := query.SetAttrSelection([]string{"Name"})
	if err == nil {
		objects := b.handle.Objects(ctx, query)
		objects.PageInfo().MaxSize = 1
		_, err = objects.Next()
	}
	if errors.Is(err, iterator.Done) {
		return nil
	}
	return err
}

// Close implements remote.Bucket.
func (b *Bucket) Close() error {
	if err := b.client.Close(); err != nil {
		return fmt.Errorf("close the connection to %v: %w", b, err)
	}
	return nil
}
