package sqlite

import (
	_ "embed"
	"errors"
	"fmt"
	"path/filepath"

	sqlite3 "github.com/ncruces/go-sqlite3"
)

//go:embed schema.sql
var schema string

// migrations lead from an empty database to the schema of this program. The first n of them make schema version n. One that
// was ever released is never changed: what comes after is a new one.
var migrations = []string{
	schema,
	"ALTER TABLE buckets ADD COLUMN notification TEXT", // JSON: who is told of events
}

// migrate brings a database to the newest schema, one migration and one transaction after the other. A database with a
// newer schema is refused.
func (c *conn) migrate(path string, migrations []string) error {
	version, err := c.schemaVersion()
	if err != nil {
		return fmt.Errorf("read the schema version: %w", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("it has schema version %d, and this program knows versions up to %d: use the program that wrote it, "+
			"or move the folder %s away to have a new one filled from the log", version, len(migrations), filepath.Dir(path))
	}
	for ; version < len(migrations); version++ {
		err := c.transaction(func() error {
			if err := c.db.Exec(migrations[version]); err != nil {
				return err
			}
			return c.exec("UPDATE store SET schema_version = ?", version+1)
		})
		if err != nil {
			return fmt.Errorf("migrate the schema from version %d to %d: %w", version, version+1, err)
		}
	}
	return nil
}

// schemaVersion is 0 for an empty database.
func (c *conn) schemaVersion() (version int, err error) {
	empty := true
	err = c.rows("SELECT 1 FROM sqlite_schema LIMIT 1", nil, func(*sqlite3.Stmt) error {
		empty = false
		return nil
	})
	if empty || err != nil {
		return 0, err
	}
	err = c.rows("SELECT schema_version FROM store", nil, func(row *sqlite3.Stmt) error {
		version = row.ColumnInt(0)
		return nil
	})
	if err == nil && version == 0 {
		err = errors.New("the table store has no row: it is not a database of this program")
	}
	return version, err
}
