package dynamodb_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/dynamodb"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/rows/tabletest"
)

// TestEmulated runs the suite against dynalite, an emulator: it tells little about capacity, permissions and consistency in
// the real service.
func TestEmulated(t *testing.T) {
	endpoint := emulators.DynamoDB(t)
	var tables atomic.Int32
	tabletest.Run(t, func(t *testing.T) rows.Table {
		table, err := dynamodb.Open(t.Context(), dynamodb.Config{
			Table: fmt.Sprintf("table-%d", tables.Add(1)), Region: "us-east-1", Endpoint: endpoint, AccessKey: "a", SecretKey: "s",
		})
		if err != nil {
			t.Fatal(err)
		}
		return table
	})
}
