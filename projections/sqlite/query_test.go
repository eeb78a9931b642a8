package sqlite

import (
	"strings"
	"testing"

	sqlite3 "github.com/ncruces/go-sqlite3"
)

// TestListsSeek asks SQLite how it lists: by a search in a primary key, in the order of which the rows come. Then what a
// page costs depends on the page alone.
func TestListsSeek(t *testing.T) {
	s := mustOpen(t, t.TempDir(), fileSystem)
	defer mustClose(t, s)
	lists := []string{
		buckets.from + bucketsFrom, objects.from + objectsFrom, versions.from + versionsFrom, uploads.from + uploadsFrom,
		parts.from + partsFrom, shared.from + sharedFrom, garbage.from + garbageFrom,
	}
	for _, list := range lists {
		searches := 0
		err := s.writer.conn.rows("EXPLAIN QUERY PLAN "+list, nil, func(row *sqlite3.Stmt) error {
			step := row.ColumnText(3)
			if strings.HasPrefix(step, "SEARCH") {
				searches++
			}
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\ndoes not seek: %s", list, step)
			}
			return nil
		})
		if err != nil || searches == 0 {
			t.Errorf("%s\nhas %d searches, error %v", list, searches, err)
		}
	}
}

// TestGlobSeeks holds the README to its word.
func TestGlobSeeks(t *testing.T) {
	s := mustOpen(t, t.TempDir(), fileSystem)
	defer mustClose(t, s)
	plan := rowsAsText(t, s.writer.conn, "EXPLAIN QUERY PLAN SELECT * FROM objects WHERE bucket = 'b' AND key GLOB 'logs/*'")
	if !strings.Contains(plan, "bucket=? AND key>? AND key<?") {
		t.Errorf("GLOB does not seek: %s", plan)
	}
}
