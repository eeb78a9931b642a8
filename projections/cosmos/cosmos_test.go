package cosmos

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/rows/tabletest"
)

// quick are times for tests.
var quick = times{answer: 10 * time.Second, patience: 2 * time.Second, end: 300 * time.Millisecond}

// TestTable runs against an emulator that is not Azure's. Its launcher, e2e/emulators/cosmos.js, adds what it lacks, so
// that batches are atomic and stay in their partition, that a query sees one partition, and that a read of an absent item
// says so, shows only that this package and the launcher have the same idea of the service. It has no index, one replica,
// no limits on throughput and no authentication. TestService runs the same on the service itself.
func TestTable(t *testing.T) {
	t.Parallel()
	account := emulators.Cosmos(t)
	tabletest.Run(t, func(t *testing.T) rows.Table { return mustOpen(t, newConfig(account), http.DefaultTransport) })
}

// TestService runs against an account of Azure Cosmos DB, in a container for each test, which it deletes.
func TestService(t *testing.T) {
	account := emulators.CosmosAccount{
		Endpoint: os.Getenv("BLEEPSTORE_TEST_COSMOS_ENDPOINT"),
		Key:      os.Getenv("BLEEPSTORE_TEST_COSMOS_KEY"),
	}
	if account.Endpoint == "" {
		t.Skip("NOT TESTED: BLEEPSTORE_TEST_COSMOS_ENDPOINT and BLEEPSTORE_TEST_COSMOS_KEY name no account of Azure Cosmos DB")
	}
	tabletest.Run(t, func(t *testing.T) rows.Table {
		table, err := Open(t.Context(), newConfig(account))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := table.container.Delete(context.Background(), nil); err != nil {
				t.Errorf("delete the container of the test: %v", err)
			}
		})
		return table
	})
}

// newConfig names a container that is not there.
func newConfig(account emulators.CosmosAccount) Config {
	return Config{
		Endpoint: account.Endpoint, Key: account.Key, Database: "bleepstore-test",
		Container: "test-" + strings.ReplaceAll(uuid.NewString(), "-", ""),
	}
}

func mustOpen(t testing.TB, config Config, transport http.RoundTripper) *Table {
	t.Helper()
	table, err := open(t.Context(), config, transport, quick)
	if err != nil {
		t.Fatal(err)
	}
	return table
}
