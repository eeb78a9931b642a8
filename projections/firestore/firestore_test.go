package firestore_test

import (
	"context"
	"errors"
	"os"
	"sync"
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
		t.Skip("NOT TESTED: Firestore itself, because BLEEPSTORE_TEST_FIRESTORE_PROJECT names no project of Google Cloud")
	}
	tabletest.Run(t, func(t *testing.T) rows.Table {
		c := newCollection("")
		c.Project, c.Database = project, os.Getenv("BLEEPSTORE_TEST_FIRESTORE_DATABASE")
		return &temporary{Table: openTable(t, c), keys: make(map[rows.Key]bool)}
	})
}

// temporary is a table that removes what was written when it is closed.
type temporary struct {
	rows.Table
	mu   sync.Mutex
	keys map[rows.Key]bool
}

func (t *temporary) note(key rows.Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys[key] = true
}

func (t *temporary) Write(ctx context.Context, writes []rows.Write) error {
	for _, w := range writes {
		t.note(w.Key)
	}
	return t.Table.Write(ctx, writes)
}

func (t *temporary) Swap(ctx context.Context, row rows.Row, was string) error {
	t.note(row.Key)
	return t.Table.Swap(ctx, row, was)
}

func (t *temporary) Close() error {
	var removals []rows.Write
	for key := range t.keys {
		removals = append(removals, rows.Write{Row: rows.Row{Key: key}, Remove: true})
	}
	return errors.Join(t.Table.Write(context.Background(), removals), t.Table.Close())
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
