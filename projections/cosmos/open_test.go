package cosmos

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	account := emulators.Cosmos(t)
	good := newConfig(account)
	table := mustOpen(t, good, http.DefaultTransport)
	mustOpen(t, good, http.DefaultTransport).Close() // the container is there now
	properties, err := table.readContainer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := properties.IndexingPolicy; !reflect.DeepEqual(p.IncludedPaths, indexingPolicy.IncludedPaths) ||
		!reflect.DeepEqual(p.ExcludedPaths, indexingPolicy.ExcludedPaths) {
		t.Errorf("the container was made with the indexing policy %+v", p)
	}

	database, err := table.client.NewDatabase(good.Database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := database.CreateContainer(t.Context(), azcosmos.ContainerProperties{
		ID: "theirs", PartitionKeyDefinition: azcosmos.PartitionKeyDefinition{Paths: []string{"/type"}},
	}, nil); err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Config)) Config {
		c := newConfig(account)
		change(&c)
		return c
	}
	weak := &hook{}
	weak.set(answer(400, `{"message":"ConsistencyLevel Session specified in the request is invalid"}`))
	tests := []struct {
		name      string
		config    Config
		transport http.RoundTripper
		want      string
	}{
		{"No endpoint", with(func(c *Config) { c.Endpoint = "" }), http.DefaultTransport, "needs an endpoint"},
		{"No URI", with(func(c *Config) { c.Endpoint = "example" }), http.DefaultTransport, "not the URI"},
		{"No key", with(func(c *Config) { c.Key = "*" }), http.DefaultTransport, "not base64"},
		{"Other container", with(func(c *Config) { c.Container = "theirs" }), http.DefaultTransport, "partition key is /type"},
		{"Weak consistency", good, weak, "--default-consistency-level Session"},
		{"No permission", newConfig(account), denyCreate{}, "az cosmosdb sql database create --account-name 127 "},
		{"Nobody listens", with(func(c *Config) { c.Endpoint = "http://127.0.0.1:1" }), http.DefaultTransport, "connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t.Context(), tt.config, tt.transport, quick)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// denyCreate denies what a role for data alone does not permit.
type denyCreate struct{}

func (denyCreate) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && !isOfItems(r) {
		return answer(403, `{"message":"denied"}`)(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}
