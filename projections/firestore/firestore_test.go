package firestore_test

import (
	"os"
	"testing"

	"github.com/google/uuid"

	"github.com/bleepstore/bleepstore/e2e/emulators"
	"github.com/bleepstore/bleepstore/projections/firestore"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/rows/tabletest"
)

// TestEmulator runs against Google's emulator, which knows no credentials, permissions, quotas, exemptions and delays.
func TestEmulator(t *testing.T) {
	endpoint := emulators.Firestore(t)
	tabletest.Run(t, func(t *testing.T) rows.Table { return openTable(t, newCollection(endpoint)) })
}

// TestService runs against Firestore itself, in the project that BLEEPSTORE_TEST_FIRESTORE_PROJECT names, with application
// default credentials; BLEEPSTORE_TEST_FIRESTORE_DATABASE names a database other than "(default)".
func TestService(t *testing.T) {
	project := os.Getenv("BLEEPSTORE_TEST_FIRESTORE_PROJECT")
	if project == "" {
		t.Skip("BLEEPSTORE_TEST_FIRESTORE_PROJECT names no project of Google Cloud")
	}
	tabletest.Run(t, func(t *testing.T) rows.Table {
		c := newCollection("")
		c.Project, c.Database = project, os.Getenv("BLEEPSTORE_TEST_FIRESTORE_DATABASE")
		return openTable(t, c)
	})
}

// newCollection is a collection that nothing was written to, in an emulator.
func newCollection(endpoint string) firestore.Config {
	return firestore.Config{Project: "project", Collection: "test-" + uuid.NewString(), Endpoint: endpoint}
}

func openTable(t *testing.T, c firestore.Config) *firestore.Table {
	t.Helper()
	table, err := firestore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return table
}
