// Package azblob keeps objects in a container of Azure Blob Storage, as block blobs.
//
// README.md is the page of this backend: how to set it up, what it costs, its limits. What the service does is in the pages
// of its REST API, https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
package azblob

import (
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// Config says which container, and how to sign in: with a Key, a SAS or a ConnectionString; with none of them, as Azure's
// default credential, such as the managed identity of the machine.
type Config struct {
	Container string
	// Account is the name of the storage account, whose endpoint is https://ACCOUNT.blob.core.windows.net then.
	Account string
	// Endpoint is the URL of the account's blobs instead, such as that of an emulator or of another cloud of Azure.
	Endpoint string
	// Key is one of the account's two keys. Account is given too.
	Key string
	// SAS is a token that permits to read, add, create, write, delete and list in the container: sv=...&sig=...
	SAS string
	// ConnectionString has the account and its endpoint in it, and a key or a SAS.
	ConnectionString string
}

// Bucket is a remote.Bucket in a container.
type Bucket struct {
	config    Config
	url       string // of the container, without secrets
	client    *container.Client
	transport *http.Transport
}

var _ remote.Bucket = (*Bucket)(nil)

// retries are for what passes: a connection that was cut, 408, 429, 500, 502, 503 and 504. They wait for 0.6, 1.8 and 4.2
// seconds, more or less, or for as long as the service asks to.
var retries = policy.RetryOptions{MaxRetries: 3, RetryDelay: 600 * time.Millisecond, MaxRetryDelay: 10 * time.Second}

// Open returns a container, which must be there already. It makes no request: Check does. Errors name the settings, which are
// called storage.azblob.container and so on, and no secrets.
func Open(_ context.Context, c Config) (*Bucket, error) {
	return open(c, retries, newIdentity)
}

// Check implements remote.Bucket. It asks for a list of one blob, which a SAS for the container permits too.
func (b *Bucket) Check(ctx context.Context) error {
	pager := b.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{MaxResults: to.Ptr[int32](1)})
	_, err := pager.NextPage(ctx)
	return b.failure("check the container", err)
}

// Close implements remote.Bucket.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}

// String implements remote.Bucket.
func (b *Bucket) String() string { return b.url }
