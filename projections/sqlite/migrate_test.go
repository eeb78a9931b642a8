package sqlite

import (
	"slices"
	"strings"
	"testing"

	sqlite3 "github.com/ncruces/go-sqlite3"
)

// later is a migration of a later program.
const later = "ALTER TABLE buckets ADD COLUMN note TEXT; UPDATE buckets SET note = 'old'"

func column(t *testing.T, c *conn, sql string) (values []string) {
	t.Helper()
	err := c.rows(sql, nil, func(row *sqlite3.Stmt) error {
		values = append(values, row.ColumnText(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestMigration(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, fileSystem)
	putBuckets(t, s, 1, 2)
	mustClose(t, s)

	newer := append(slices.Clone(migrations), later)
	for range 2 { // it is migrated once
		s, err := open(dir, fileSystem, newer)
		if err != nil {
			t.Fatal(err)
		}
		wantBuckets(t, s, 2)
		mustClose(t, s)
	}
	c := mustConnect(t, dir)
	if notes := column(t, c, "SELECT note FROM buckets"); !slices.Equal(notes, []string{"old", "old"}) {
		t.Errorf("what the migration has written: %q", notes)
	}

	for range 2 { // a refusal leaves nothing open
		_, err := Open(dir)
		if err == nil {
			t.Fatal("a store with a newer schema was opened")
		}
		if !strings.Contains(err.Error(), "move the folder "+dir+" away") {
			t.Errorf("the refusal does not say what to do: %v", err)
		}
	}
}

func TestMigrationThatFailsLeavesTheSchemaBefore(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, fileSystem)
	putBuckets(t, s, 1, 2)
	mustClose(t, s)

	failing := append(slices.Clone(migrations), later+"; SELECT * FROM what_is_not_there")
	if _, err := open(dir, fileSystem, failing); err == nil {
		t.Fatal("a store was opened whose migration failed")
	}
	s = mustOpen(t, dir, fileSystem)
	defer mustClose(t, s)
	wantBuckets(t, s, 2)
}

func TestOtherDatabasesAreRefused(t *testing.T) {
	dir := t.TempDir()
	c := mustConnect(t, dir)
	if err := c.db.Exec("CREATE TABLE store (schema_version INTEGER)"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a database of something else was opened")
	}
}
