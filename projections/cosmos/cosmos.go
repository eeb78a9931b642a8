// Package cosmos keeps the rows of a metadata store in Azure Cosmos DB for NoSQL: in one container, an item for each row.
//
// README.md is the page of this engine: its schema, set-up, costs and limits. item.go has the layout of an item, session.go
// how reads see what was written, lost.go what happens to writes whose answer never came.
package cosmos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"

	"github.com/bleepstore/bleepstore/internal/tracing"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// Config says where the rows are.
type Config struct {
	// Endpoint is the URI of the account, such as https://example.documents.azure.com:443/.
	Endpoint string
	// Key is the account's primary or secondary key. Without one, the credentials are those that
	// azidentity.NewDefaultAzureCredential finds: the environment's, the managed identity of the machine, or those of az.
	Key string
	// Database and Container are the ids of the two. They are created if they are missing and the credentials are a key.
	Database, Container string
}

// concurrency bounds the requests that one call has under way. More of them would only be throttled sooner.
const concurrency = 16

// Table is a rows.Table in a container.
type Table struct {
	config    Config
	times     times
	client    *azcosmos.Client
	container *azcosmos.ContainerClient
	transport http.RoundTripper
	session   session
	joined    sync.Map // the partitions that the session covers
	lost      lost
}

var _ rows.Table = (*Table)(nil)

// Open returns the table in a container, which it creates with its database if there is none.
func Open(ctx context.Context, config Config) (*Table, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 4 * concurrency
	return open(ctx, config, transport, times{answer: 10 * time.Second, patience: 15 * time.Second, end: 65 * time.Second})
}

func open(ctx context.Context, config Config, transport http.RoundTripper, times times) (*Table, error) {
	if config.Endpoint == "" || config.Database == "" || config.Container == "" {
		return nil, errors.New("the metadata in Cosmos DB needs an endpoint, a database and a container")
	}
	if u, err := url.Parse(config.Endpoint); err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not the URI of a Cosmos DB account, such as https://example.documents.azure.com:443/",
			config.Endpoint)
	}
	t := &Table{config: config, times: times, transport: transport}
	var err error
	if t.client, err = t.newClient(); err != nil {
		return nil, t.failure("open", err.Error(), err)
	}
	if t.container, err = t.client.NewContainer(config.Database, config.Container); err == nil {
		err = t.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Table) newClient() (*azcosmos.Client, error) {
	options := &azcosmos.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: &http.Client{Transport: tracing.Transport(t.transport), Timeout: t.times.answer},
		// Table.call repeats requests. The client's own policy knows neither all that passes nor which writes may be lost.
		Retry:            policy.RetryOptions{MaxRetries: -1},
		PerRetryPolicies: []policy.Policy{&t.session},
		Telemetry:        policy.TelemetryOptions{ApplicationID: "bleepstore"},
	}}
	if t.config.Key == "" {
		credential, err := newCredential()
		if err != nil {
			return nil, err
		}
		return azcosmos.NewClient(t.config.Endpoint, credential, options)
	}
	credential, err := azcosmos.NewKeyCredential(t.config.Key)
	if err != nil {
		return nil, errors.New("the key is not base64, as keys of accounts are: copy it again")
	}
	return azcosmos.NewClientWithKey(t.config.Endpoint, credential, options)
}

// Check implements rows.Table. It asks for an item that is not there, which costs one request unit.
func (t *Table) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.times.answer)
	defer cancel()
	_, err := t.container.ReadItem(ctx, azcosmos.NewPartitionKeyString(absentID), absentID, nil)
	if err == nil || isAbsent(err) {
		return nil
	}
	return t.explain("check", err)
}

// Close implements rows.Table.
func (t *Table) Close() error {
	t.client.Close()
	if transport, ok := t.transport.(interface{ CloseIdleConnections() }); ok {
		transport.CloseIdleConnections()
	}
	return nil
}
