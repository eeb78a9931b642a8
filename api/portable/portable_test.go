package portable_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/portable"
	blobs "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	records "github.com/bleepstore/bleepstore/projections/memory"
)

var update = flag.Bool("update", false, "write the golden files")

// instantLog applies events to a store at once.
type instantLog struct {
	store *records.Store
	seq   uint64
	gate  chan struct{} // holds one token: appends come from several goroutines
}

func (l *instantLog) Append(ctx context.Context, events ...eventlog.Event) (eventlog.Position, error) {
	<-l.gate
	defer func() { l.gate <- struct{}{} }()
	l.seq++
	pos := eventlog.Position{Log: "log", Seq: l.seq}
	changes, err := projections.Fold(ctx, l.store, events)
	if err != nil {
		return pos, err
	}
	return pos, l.store.Apply(ctx, pos, changes)
}

func (l *instantLog) Head() eventlog.Position { return eventlog.Position{Log: "log", Seq: l.seq} }

func (l *instantLog) Wait(context.Context, eventlog.Position) error { return nil }

func newServer(t *testing.T) portable.Server {
	t.Helper()
	log := &instantLog{store: records.New(), gate: make(chan struct{}, 1)}
	log.gate <- struct{}{}
	service := api.New(api.Config{Region: "us-east-1", Log: log, Applied: log, Store: log.store, Blobs: blobs.New(1 << 30)})
	return portable.Server{Service: service, Store: log.store}
}

// told is a report that remembers.
type told struct{ leftOut, notes []string }

func (r *told) LeftOut(err error) { r.leftOut = append(r.leftOut, err.Error()) }
func (r *told) Note(text string)  { r.notes = append(r.notes, text) }
func (r *told) Bytes(_, _ int64)  {}
func (r *told) String() string    { return fmt.Sprintf("left out %q, notes %q", r.leftOut, r.notes) }

func (r *told) want(t *testing.T, leftOut, notes []string) {
	t.Helper()
	for name, list := range map[string][2][]string{"left out": {r.leftOut, leftOut}, "noted": {r.notes, notes}} {
		got, want := list[0], list[1]
		for _, text := range want {
			if !strings.Contains(strings.Join(got, "\n"), text) {
				t.Errorf("%s: %q, want one with %q", name, got, text)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %d", name, got, len(want))
		}
	}
}

func importDir(t *testing.T, s portable.Server, dir string) (portable.Imported, *told) {
	t.Helper()
	report := new(told)
	imported, err := portable.Import(t.Context(), s, dir, nil, report)
	if err != nil {
		t.Fatal(err)
	}
	return imported, report
}

func exportDir(t *testing.T, s portable.Server, o portable.Options) (dir string, exported portable.Exported) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "export")
	o.Source = "bleepstore/test"
	report := new(told)
	exported, err := portable.Export(t.Context(), s, dir, o, report)
	if err != nil || len(report.leftOut) > 0 {
		t.Fatalf("%v; %v", err, report)
	}
	return dir, exported
}

// writeTree writes files, of which some are at other paths than their names say.
func writeTree(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readTree returns the files below a folder, without the time of the export.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = exportedAt.ReplaceAllString(string(content), `"exported_at": "2026-03-01T00:00:00.000Z"`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var exportedAt = regexp.MustCompile(`"exported_at": "[^"]*"`)

func sum(content string) string {
	sum := md5.Sum([]byte(content))
	return hex.EncodeToString(sum[:])
}

// The tree of another implementation is imported, and exported again in the form that all of them write: byte for byte, but
// the time of the export and who it is from.
func TestTheFormOfOthers(t *testing.T) {
	golden, err := os.ReadFile("testdata/metadata.json")
	if err != nil {
		t.Fatal(err)
	}
	tree := map[string]string{
		"metadata.json":                        string(golden),
		"blue-bucket/notes/2026.txt":           "Hello, others.",
		"blue-bucket/pictures/über & <b>.jpg":  "\xff\xd8picture",
		"green.bucket/assembled":               "two parts, of which nobody knows any more how they divide",
		".multipart/upload-0007/1":             "the first part",
		".multipart/upload-0007/00002":         "the second part, as some name it",
		".parts/5f0c9f4e-6d20-4e6c-9a7e-1/3":   "a part where some had them",
		"blue-bucket/pictures/x.jpg.tmp.1a2b3": "left by a crash",
		".tmp/tmp-1":                           "left by another one",
		"metadata.db":                          "SQLite format 3",
	}
	s := newServer(t)
	imported, report := importDir(t, s, writeTree(t, tree))
	report.want(t, nil, []string{
		"blue-bucket/pictures/x.jpg.tmp.1a2b3 is the file of no object",
		`bucket "green.bucket" was in region "eu-west-1", and is in "us-east-1"`,
	})
	if want := (portable.Counted{Buckets: 2, Objects: 3, Uploads: 2, Parts: 3, Bytes: 152}); imported.Counted != want || imported.Markers != 1 {
		t.Errorf("imported %+v, want %+v and a delete marker", imported, want)
	}
	missing := []portable.Credential{{AccessKey: "AKBLUE", ID: "blue", Name: "Blue"}, {AccessKey: "AKGREEN", ID: "green", Name: "Green"}}
	if fmt.Sprint(imported.Missing) != fmt.Sprint(missing) {
		t.Errorf("missing credentials: %+v, want those that are active: %+v", imported.Missing, missing)
	}
	again, report := importDir(t, s, writeTree(t, tree))
	if again.Counted != (portable.Counted{}) || again.Present != 6 || len(report.leftOut) > 0 {
		t.Errorf("imported again: %+v, %v", again, report)
	}

	dir, _ := exportDir(t, s, portable.Options{Credentials: []portable.Credential{
		{AccessKey: "AKBLUE", ID: "blue", Name: "Blue"}, {AccessKey: "AKGREEN", SecretKey: "green's secret", ID: "green", Name: "Green"},
	}})
	exported := readTree(t, dir)
	const written = "testdata/exported.json"
	if *update {
		if err := os.WriteFile(written, []byte(exported["metadata.json"]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(written)
	if err != nil {
		t.Fatal(err)
	}
	if got := exported["metadata.json"]; got != string(want) {
		t.Errorf("exported\n%s\nwant\n%s", got, want)
	}
	tree[".multipart/upload-0007/2"] = tree[".multipart/upload-0007/00002"]
	tree[".multipart/5f0c9f4e-6d20-4e6c-9a7e-1/3"] = tree[".parts/5f0c9f4e-6d20-4e6c-9a7e-1/3"]
	for name, content := range exported {
		if name != "metadata.json" && content != tree[name] {
			t.Errorf("%s has %q, want %q", name, content, tree[name])
		}
	}
	if len(exported) != 7 {
		t.Errorf("exported %d files, want the metadata, 3 objects and 3 parts", len(exported))
	}
}

var somebody = eventlog.Owner{ID: "somebody", Name: "Some Body"}

// importObject makes an object.
func importObject(t *testing.T, s portable.Server, bucket, key, content string, change func(*eventlog.Object)) {
	t.Helper()
	object := eventlog.Object{
		Owner: somebody, Size: int64(len(content)), ETag: sum(content), Modified: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
	}
	if change != nil {
		change(&object)
	}
	in := api.ImportObjectInput{Bucket: bucket, Key: key, Object: object, Open: opener(content)}
	if made, err := s.Service.ImportObject(t.Context(), in); err != nil || !made {
		t.Fatalf("import %q: %v, %v", key, made, err)
	}
}

func importBucket(t *testing.T, s portable.Server, bucket *projections.Bucket) {
	t.Helper()
	bucket.Owner, bucket.Created = somebody, time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	if _, err := s.Service.ImportBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
}

// What others have no place for comes through an export and an import, and each object comes back under its key, whatever that is.
func TestRoundTrip(t *testing.T) {
	s := newServer(t)
	importBucket(t, s, &projections.Bucket{
		Name: "configured", Versioning: eventlog.VersioningEnabled, Ownership: eventlog.BucketOwnerPreferred,
		Grants:            []eventlog.Grant{{Group: eventlog.GroupAllUsers, Permission: eventlog.PermissionRead}, {Account: eventlog.Owner{ID: "else"}, Permission: eventlog.PermissionWrite}},
		PublicAccessBlock: &eventlog.PublicAccessBlock{IgnorePublicACLs: true},
		CORS:              []eventlog.CORSRule{{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}}},
		Tags:              []eventlog.Tag{{Key: "k", Value: "v"}},
		Notification: []eventlog.NotificationRule{{
			ID: "n", Kind: eventlog.NotifyFunction, Target: "arn:bleepstore:sqs::t:webhook", Events: []string{"s3:ObjectCreated:*"}, Suffix: ".jpg",
		}},
	})
	importObject(t, s, "configured", "versioned", "1", nil)
	importObject(t, s, "configured", "null", "2", func(o *eventlog.Object) { o.Version = api.NullVersion })
	importObject(t, s, "configured", "labelled", "3", func(o *eventlog.Object) {
		o.Attributes = eventlog.Attributes{
			ContentType: "text/plain", Expires: "never", WebsiteRedirect: "/", StorageClass: "GLACIER",
			Metadata: map[string]string{"x-amz-meta-twice": "1", "a": ""}, Tags: []eventlog.Tag{{Key: "t"}},
		}
		o.Grants = []eventlog.Grant{{Group: eventlog.GroupAllUsers, Permission: eventlog.PermissionRead}}
		o.Checksum = eventlog.Checksum{Algorithm: api.SHA256, Type: api.FullObject, Value: "TgdAhWK+24tgzgXB3s/jrRa3IjCWfeAfZAt+Rym0n84="}
	})
	importObject(t, s, "configured", "assembled", "onetwo", func(o *eventlog.Object) {
		o.ETag = "anything-2"
		for i, part := range []string{"one", "two"} {
			o.Parts = append(o.Parts, eventlog.Part{Number: 2*i + 1, Size: 3, ETag: sum(part), Modified: o.Modified})
		}
	})
	importBucket(t, s, &projections.Bucket{Name: "metadata.json"})
	importObject(t, s, "metadata.json", "key", "in the way", nil)
	importBucket(t, s, &projections.Bucket{Name: "keys"})
	long := strings.Repeat("ä", 128)
	for _, key := range []string{
		"a", "a!", "a!/b", "a/b", "a//b", "/a", "folder/", "folder/in it", ".", "..", "../a", "../keys/a", "b/..", "b/./c", long, "c/" + long + "/d",
		"nul\x00", "new\nline", `back\slash`, "/", "//", strings.Repeat("d/", 512), ".multipart/x/1", ".keys",
	} {
		importObject(t, s, "keys", key, "content of "+key, nil)
	}
	upload := &projections.Upload{
		Bucket: "keys", Key: "../upload", ID: "06h22idnjlv9n5td61ob8erfps", Owner: somebody, Initiated: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		ObjectOwner: eventlog.Owner{ID: "else", Name: "Else"}, Checksum: eventlog.Checksum{Algorithm: api.CRC32C, Type: api.Composite},
		Attributes: eventlog.Attributes{Tags: []eventlog.Tag{{Key: "t"}}},
	}
	if _, err := s.Service.ImportUpload(t.Context(), upload); err != nil {
		t.Fatal(err)
	}
	part := eventlog.Part{
		Number: 9, Size: 9, ETag: sum("123456789"), Modified: upload.Initiated,
		Checksum: eventlog.Checksum{Algorithm: api.CRC32C, Value: "4waSgw=="},
	}
	if _, err := s.Service.ImportPart(t.Context(), api.ImportPartInput{Bucket: "keys", Key: "../upload", Upload: upload.ID, Part: part, Open: opener("123456789")}); err != nil {
		t.Fatal(err)
	}

	first, exported := exportDir(t, s, portable.Options{})
	if exported.Escaped != 18 {
		t.Errorf("%d objects are not in their places, want 18", exported.Escaped)
	}
	copied := newServer(t)
	imported, report := importDir(t, copied, first)
	report.want(t, nil, nil)
	if imported.Counted != exported.Counted {
		t.Errorf("imported %+v of %+v", imported.Counted, exported.Counted)
	}
	second, _ := exportDir(t, copied, portable.Options{})
	want, got := readTree(t, first), readTree(t, second)
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: exported again as\n%s\nwant\n%s", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("exported %d files again, want %d", len(got), len(want))
	}
	for _, key := range []string{"a", "a/b", "../a", "/"} {
		object, err := copied.Store.Object(t.Context(), "keys", key)
		if err != nil || object.ETag != sum("content of "+key) {
			t.Errorf("%q: %+v, %v", key, object, err)
		}
	}
}

func TestSecretsAreToldOnlyIfAsked(t *testing.T) {
	s := newServer(t)
	importBucket(t, s, &projections.Bucket{Name: "bucket"})
	dir, _ := exportDir(t, s, portable.Options{MetadataOnly: true, Credentials: []portable.Credential{
		{AccessKey: "told", SecretKey: "the secret"}, {AccessKey: "not told"},
	}})
	text, err := os.ReadFile(filepath.Join(dir, "metadata.json"))
	if err != nil || !bytes.Contains(text, []byte(`"secret_key": "the secret"`)) || !bytes.Contains(text, []byte(`"secret_key": "REDACTED"`)) {
		t.Errorf("exported %s, %v", text, err)
	}
}

// Without --data, or with that of no server, there is nothing. An export of that would look like one of all.
func TestNothingIsNoExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "export")
	if _, err := portable.Export(t.Context(), newServer(t), dir, portable.Options{}, new(told)); err == nil || !strings.Contains(err.Error(), "nothing to export") {
		t.Errorf("the export of nothing: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the export of nothing leaves a folder: %v", err)
	}
}
