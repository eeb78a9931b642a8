package dynamodb_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/dynamodb"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/rows/tabletest"
)

// TestEmulated runs the suite against dynalite, an emulator: it tells nothing about capacity, permissions and consistency in
// the real service.
func TestEmulated(t *testing.T) {
	endpoint := emulators.DynamoDB(t)
	var tables atomic.Int32
	tabletest.Run(t, func(t *testing.T) rows.Table {
		return open(t, emulated(fmt.Sprintf("table-%d", tables.Add(1)), endpoint))
	})
}

// prefixVariable is a variable of the environment: the prefix of the names of tables that tests may create in, and delete
// from, the account and the region that the SDK finds.
const prefixVariable = "BLEEPSTORE_TEST_DYNAMODB_TABLE_PREFIX"

// TestService runs the suite against the real service.
func TestService(t *testing.T) {
	prefix := os.Getenv(prefixVariable)
	if prefix == "" {
		t.Skipf("NOT TESTED: DynamoDB itself, because %s is not set", prefixVariable)
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var tables atomic.Int32
	tabletest.Run(t, func(t *testing.T) rows.Table {
		name := fmt.Sprintf("%s%d-%d", prefix, time.Now().UnixMilli(), tables.Add(1))
		t.Cleanup(func() {
			_, err := sdk.NewFromConfig(cfg).DeleteTable(context.Background(), &sdk.DeleteTableInput{TableName: &name})
			if err != nil {
				t.Errorf("delete table %s, which is left: %v", name, err)
			}
		})
		return open(t, dynamodb.Config{Table: name})
	})
}

// emulated returns how to reach a table in an emulator.
func emulated(table, endpoint string) dynamodb.Config {
	return dynamodb.Config{Table: table, Region: "us-east-1", Endpoint: endpoint, AccessKey: "key", SecretKey: "secret"}
}

func open(t *testing.T, c dynamodb.Config) *dynamodb.Table {
	t.Helper()
	table, err := dynamodb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// openClosed is open for tables that the test does not close.
func openClosed(t *testing.T, c dynamodb.Config) *dynamodb.Table {
	t.Helper()
	table := open(t, c)
	t.Cleanup(func() { table.Close() })
	return table
}

// newClient returns the SDK's client of an emulator.
func newClient(endpoint string) *sdk.Client {
	return sdk.New(sdk.Options{
		BaseEndpoint: &endpoint, Region: "us-east-1", DisableValidateResponseChecksum: true,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("key", "secret", "")),
	})
}

// row returns a row of partition p.
func row(sort string, commit uint64) rows.Row {
	return rows.Row{
		Key: rows.Key{Partition: "p", Sort: sort}, Commit: commit, Record: fmt.Sprintf(`{"of":%q,"commit":%d}`, sort, commit),
	}
}

// puts returns writes of n rows of partition p.
func puts(n int, commit uint64) []rows.Write {
	writes := make([]rows.Write, n)
	for i := range writes {
		writes[i].Row = row(fmt.Sprintf("%05d", i), commit)
	}
	return writes
}

func write(t *testing.T, table rows.Table, writes ...rows.Write) {
	t.Helper()
	if err := table.Write(t.Context(), writes); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

// wantRows checks that partition p holds what writes have put, and nothing else.
func wantRows(t *testing.T, table rows.Table, writes []rows.Write) {
	t.Helper()
	got, err := table.Scan(t.Context(), "p", "", "", len(writes)+1)
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	if len(got) != len(writes) {
		t.Fatalf("Scan: %d rows, want %d", len(got), len(writes))
	}
	for i, w := range writes {
		if got[i] != w.Row {
			t.Fatalf("Scan: row %d is %+v, want %+v", i, got[i], w.Row)
		}
	}
}

// wantGet checks that a row is there as it is told.
func wantGet(t *testing.T, table rows.Table, want rows.Row) {
	t.Helper()
	got, err := table.Get(t.Context(), []rows.Key{want.Key})
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if got[0] == nil || *got[0] != want {
		t.Fatalf("Get: %+v, want %+v", got[0], want)
	}
}
