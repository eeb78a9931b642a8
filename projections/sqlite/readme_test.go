package sqlite

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	sqlite3 "github.com/ncruces/go-sqlite3"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// example is a query of the README, with what it says that the query yields.
type example struct{ query, want string }

func readme(t *testing.T) (examples []example) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```sql\n(.*?)```\n\n```text\n(.*?)```").FindAllSubmatch(text, -1)
	for _, f := range found {
		examples = append(examples, example{string(f[1]), string(f[2])})
	}
	if queries := strings.Count(string(text), "```sql"); len(examples) == 0 || len(examples) != queries {
		t.Fatalf("the README has %d queries, %d of them with a result", queries, len(examples))
	}
	return examples
}

// readmeStore fills a store with what the README's queries find.
func readmeStore(t *testing.T, dir string) *Store {
	t.Helper()
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2024, month, day, hour, minute, 0, 0, time.UTC)
	}
	object := func(version string, modified time.Time, size int64, contentType string) eventlog.Object {
		return eventlog.Object{
			Version: version, Modified: modified, Size: size, ETag: "0123456789abcdef0123456789abcdef",
			Attributes: eventlog.Attributes{ContentType: contentType},
		}
	}
	tagged := object("3", at(3, 2, 9, 30), 4_000_000, "image/jpeg")
	tagged.Attributes.Tags = []eventlog.Tag{{Key: "project", Value: "river"}, {Key: "print", Value: "no"}}
	tagged.Attributes.Metadata = map[string]string{"camera": "F3", "lens": "50mm"}
	put := func(bucket, key string, o eventlog.Object) projections.Change {
		return projections.PutObject{Object: &projections.Object{Bucket: bucket, Key: key, Object: o}}
	}
	part := func(number int) projections.Change {
		return projections.PutPart{Part: &projections.Part{
			Upload: "u1", Part: eventlog.Part{Number: number, Size: 8 << 20, ETag: "e", Modified: at(4, 2, 1, number)},
			Blob: eventlog.Blob{ID: "b", Size: 8 << 20},
		}}
	}
	changes := []projections.Change{
		projections.PutBucket{Bucket: &projections.Bucket{Name: "photos", Created: at(1, 1, 0, 0)}},
		projections.PutBucket{Bucket: &projections.Bucket{Name: "backups", Created: at(1, 1, 0, 0)}},
		put("photos", "2024/february/snow.png", object("1", at(2, 29, 8, 0), 250_000, "image/png")),
		put("photos", "2024/march/bridge.jpg", tagged),
		put("photos", "2024/march/harbour.jpg", object("4", at(3, 2, 9, 31), 3_000_000, "image/jpeg")),
		put("photos", "thumbnails/bridge.jpg", object("5", at(3, 2, 9, 32), 50_000, "image/jpeg")),
		put("backups", "monday.tar", object("6", at(4, 1, 1, 0), 5<<30, "application/x-tar")),
		projections.PutVersion{Version: &projections.Version{
			Bucket: "photos", Key: "2024/march/bridge.jpg", Object: object("2", at(3, 2, 9, 0), 3_900_000, "image/jpeg"),
		}},
		projections.PutVersion{Version: &projections.Version{
			Bucket: "photos", Key: "2024/april/rain.jpg", DeleteMarker: true,
			Object: eventlog.Object{Version: "7", Modified: at(4, 1, 12, 0)},
		}},
		projections.PutUpload{Upload: &projections.Upload{
			Bucket: "backups", Key: "tuesday.tar", ID: "u1", Initiated: at(4, 2, 1, 0), Owner: eventlog.Owner{ID: "bleepstore"},
		}},
		part(1), part(2),
	}
	s := mustOpen(t, dir, fileSystem)
	pos := eventlog.Position{Log: "2a78d19b-aa64-42f8-91fc-701a05e40279", Seq: 17, Hash: "6733feef188f"}
	if err := s.Apply(t.Context(), pos, changes); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestReadme runs the README's queries against a store that is open, on a connection of somebody else.
func TestReadme(t *testing.T) {
	dir := t.TempDir()
	s := readmeStore(t, dir)
	defer mustClose(t, s)
	c := mustConnect(t, dir)
	for _, e := range readme(t) {
		if got := rowsAsText(t, c, e.query); got != e.want {
			t.Errorf("%s\n got:\n%s\nwant:\n%s", e.query, got, e.want)
		}
	}
}

// rowsAsText shows the rows of a query as sqlite3 does.
func rowsAsText(t *testing.T, c *conn, query string) string {
	t.Helper()
	var b strings.Builder
	err := c.rows(query, nil, func(row *sqlite3.Stmt) error {
		for i := range row.ColumnCount() {
			if i > 0 {
				b.WriteByte('|')
			}
			b.WriteString(row.ColumnText(i))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Errorf("%s\n%v", query, err)
	}
	return b.String()
}

// TestReadmeWithSqlite3 has the program sqlite3, which is the original and another process, run the README's queries while
// the store is open.
func TestReadmeWithSqlite3(t *testing.T) {
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("NOT TESTED: this machine has no sqlite3, which CI must have")
		}
		t.Skip("NOT TESTED: this machine has no sqlite3")
	}
	dir := t.TempDir()
	s := readmeStore(t, dir)
	defer mustClose(t, s)
	for _, e := range readme(t) {
		got, err := exec.Command(program, "-readonly", filepath.Join(dir, File), e.query).CombinedOutput()
		if err != nil || string(got) != e.want {
			t.Errorf("%s\n got:\n%s%v\nwant:\n%s", e.query, got, err, e.want)
		}
	}
}
