package portable_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api/portable"
	"github.com/bleepstore/bleepstore/projections"
)

func opener(content string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
}

const envelope = `"bleepstore_export": {"version": 1}`

// What is not the metadata of an export is refused before anything is imported, and the error says where it is not.
func TestDocumentsThatAreRefused(t *testing.T) {
	bucket := `"buckets": [{"name": "sound", "owner_id": "o", "created_at": "2026-01-01T00:00:00Z"}]`
	for document, reason := range map[string]string{
		``:                                      "EOF",
		`[]`:                                    "instead of",
		`{` + bucket + `}`:                      `no "bleepstore_export"`,
		`{"bleepstore_export": {"version": 2}}`: "of version 2 of the form, this program knows 1",
		`{` + envelope + `, ` + bucket:          "EOF",
		`{` + envelope + `, ` + bucket + `,}`:   "invalid character",
		`{` + envelope + `, ` + bucket + `} {}`: "behind its end",
		`{` + envelope + `, "buckets": [], "buckets": []}`:                                                  "duplicate",
		`{` + envelope + `, "objects": {}}`:                                                                 "instead of",
		`{` + envelope + `, "objects": null}`:                                                               "instead of",
		`{` + envelope + `, ` + bucket + `, "objects": [{"key": "a"}, {"key": 1}]}`:                         `"/objects/1/key"`,
		`{` + envelope + `, ` + bucket + `, "objects": [{"size": -1}]}`:                                     "-1 bytes",
		`{` + envelope + `, ` + bucket + `, "objects": [{"last_modified": "yesterday"}]}`:                   "last_modified",
		`{` + envelope + `, ` + bucket + `, "multipart_uploads": [{"upload_id": "b"}, {"upload_id": "a"}]}`: "sort multipart_uploads by upload_id",
		`{` + envelope + `, ` + bucket + `, "multipart_parts": [{"upload_id": "b"}, {"upload_id": "a"}]}`:   "sort multipart_parts by upload_id",
		`{` + envelope + `, ` + bucket + `, "objects": [{"key": "` + strings.Repeat("k", 17<<20) + `"}]}`:   "more than 16777216 bytes",
	} {
		s := newServer(t)
		_, err := portable.Import(t.Context(), s, writeTree(t, map[string]string{"metadata.json": document}), nil, new(told))
		if err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), "metadata.json") {
			t.Errorf("%.200s\nis refused with %v, want %q", document, err, reason)
		}
		if buckets, err := s.Store.Buckets(t.Context(), "", 1); err != nil || len(buckets) > 0 {
			t.Errorf("%.200s\nleaves %v, %v", document, buckets, err)
		}
	}
	dir := t.TempDir()
	if _, err := portable.Import(t.Context(), newServer(t), dir, nil, new(told)); err == nil || !strings.Contains(err.Error(), "is no export") {
		t.Errorf("an empty folder is refused with %v", err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "metadata.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := portable.Import(t.Context(), newServer(t), dir, nil, new(told)); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a link is refused with %v", err)
	}
}

// row is an object in the JSON of the form.
func row(bucket, key, content, more string) string {
	return fmt.Sprintf(`{"bucket": %q, "key": %q, "size": %d, "etag": "\"%s\"", "last_modified": "2026-01-01T00:00:00.000Z"%s}`,
		bucket, key, len(content), sum(content), more)
}

// Each thing that cannot be imported is left out and named, and all else is imported.
func TestWhatIsLeftOut(t *testing.T) {
	objects := map[string]string{ // by the reason for which it is left out
		"":                                    row("sound", "sound", "content", ""),
		"no file sound/missing":               row("sound", "missing", "content", ""),
		"has 7 bytes instead of 9":            row("sound", "short", "contents!", ""),
		"Its bytes are not those":             row("sound", "changed", "content", ""),
		`is no regular file`:                  row("sound", "link", "content", ""),
		`"elsewhere/key"`:                     row("sound", "escaping", "content", `, "x_bleepstore": {"file": "elsewhere/key"}`),
		"not the path of a file":              row("sound", "../secret", "secret", ""),
		"sound/out is a symbolic link":        row("sound", "out/secret", "secret", ""),
		"sound/in is a symbolic link":         row("sound", "in/file", "content", ""),
		`bucket "none": NoSuchBucket`:         row("none", "key", "content", ""),
		`bucket "..": NoSuchBucket`:           row("..", "key", "content", ""),
		`object "" in`:                        row("sound", "", "content", ""),
		"KeyTooLong":                          row("sound", strings.Repeat("k", 1025), "content", ""),
		"cannot be the value of a header":     row("sound", "split", "content", `, "content_type": "a\r\nb"`),
		"cannot be the name and value":        row("sound", "meta", "content", `, "user_metadata": {"x-amz-meta-a b": ""}`),
		`has "a" twice`:                       row("sound", "meta2", "content", `, "user_metadata": {"x-amz-meta-a": "", "A": ""}`),
		"cannot be a storage_class":           row("sound", "class", "content", `, "storage_class": "a b"`),
		`the type "Email"`:                    row("sound", "acl", "content", `, "acl": {"grants": [{"grantee": {"type": "Email"}, "permission": "READ"}]}`),
		`no permission "ALL"`:                 row("sound", "acl2", "content", `, "acl": {"grants": [{"grantee": {"type": "CanonicalUser", "id": "x"}, "permission": "ALL"}]}`),
		`no group "all"`:                      row("sound", "acl3", "content", `, "acl": {"grants": [{"grantee": {"type": "Group", "uri": "all"}, "permission": "READ"}]}`),
		`"\x01" cannot be the id or the name`: row("sound", "acl4", "content", `, "acl": {"owner": {"id": "o", "display_name": "\u0001"}}`),
		`"x\n" cannot be the id or the name`:  row("sound", "acl5", "content", `, "acl": {"grants": [{"grantee": {"type": "CanonicalUser", "id": "x\n"}, "permission": "READ"}]}`),
		"multiple Tags with the same key":     row("sound", "tags", "content", `, "x_bleepstore": {"tags": [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}]}`),
		"The TagValue you have provided":      row("sound", "tags2", "content", `, "x_bleepstore": {"tags": [{"key": "a", "value": "\u0001"}]}`),
		"cannot be an ETag":                   strings.Replace(row("sound", "etag", "content", ""), sum("content"), `a\u0000`, 1),
		"cannot be the version id":            row("sound", "version", "content", `, "x_bleepstore": {"version_id": "1"}`),
		"its parts have 1":                    row("sound", "parts", "content", `, "x_bleepstore": {"parts": [{"number": 1, "size": 1, "etag": "`+sum("c")+`"}]}`),
		"Part 1 with 6 bytes cannot follow":   row("sound", "parts2", "content", `, "x_bleepstore": {"parts": [{"number": 1, "size": 1, "etag": "`+sum("c")+`"}, {"number": 1, "size": 6, "etag": "`+sum("ontent")+`"}]}`),
		"The SHA256 of the object":            row("sound", "checksum", "content", `, "x_bleepstore": {"checksum": {"algorithm": "SHA256", "type": "FULL_OBJECT", "value": "x"}}`),
		`"ROT13" is not supported`:            row("sound", "checksum2", "content", `, "x_bleepstore": {"checksum": {"algorithm": "ROT13", "type": "FULL_OBJECT"}}`),
		"The key has another object already":  row("sound", "there", "content", ""),
		"It has no size, or no time|last_mod": strings.Replace(row("sound", "time", "content", ""), "last_modified", "modified", 1),
	}
	files := map[string]string{"sound/short": "content", "sound/changed": "CONTENT", "secret": "secret", "sound/folder/file": "content"}
	var list, reasons []string
	for reason, object := range objects {
		list = append(list, object)
		if _, alternative, ok := strings.Cut(reason, "|"); ok {
			reason = alternative
		}
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	for _, key := range []string{
		"sound", "escaping", "split", "meta", "meta2", "class", "acl", "acl2", "acl3", "acl4", "acl5", "tags", "tags2", "etag", "version", "parts", "parts2",
		"checksum", "checksum2", "there", "time",
	} {
		files["sound/"+key] = "content"
	}
	upload := func(id, more string) string {
		return fmt.Sprintf(`{"upload_id": %q, "bucket": "sound", "key": "up", "owner_id": "o", "initiated_at": "2026-01-01T00:00:00Z"%s}`, id, more)
	}
	part := func(id string, number int, content string) string {
		return fmt.Sprintf(`{"upload_id": %q, "part_number": %d, "size": %d, "etag": %q, "last_modified": "2026-01-01T00:00:00Z"}`,
			id, number, len(content), sum(content))
	}
	uploads := []string{upload("../../etc", ""), upload("good", ""), upload("odd", `, "x_bleepstore": {"checksum": {"algorithm": "CRC64NVME", "type": "COMPOSITE"}}`)}
	parts := []string{part("../../etc", 1, "x"), part("good", 0, "x"), part("good", 1, "sound"), part("good", 2, "x"), part("good", 3, "y"), part("nobody's", 1, "x")}
	reasons = append(reasons, `The id of the upload, "../../etc"`, `checksum "CRC64NVME" cannot be of the type`,
		`part 1 of upload "../../etc": the upload is not there`, "part 1 of upload \"nobody's\"", "There cannot be a part 0", "no file .multipart/good/2", "Its bytes are not those that were stored: their MD5 is "+sum("x"))
	files[".multipart/good/1"], files[".multipart/good/3"] = "sound", "x"
	reasons = append(reasons, `bucket "Upper"`, `bucket "timeless"`, `bucket "tagged": InvalidTag`)
	files["metadata.json"] = `{` + envelope + `, "buckets": [
		{"name": "Upper", "owner_id": "o", "created_at": "2026-01-01T00:00:00Z"}, {"name": "timeless", "owner_id": "o"},
		{"name": "tagged", "owner_id": "o", "created_at": "2026-01-01T00:00:00Z", "x_bleepstore": {"tags": [{"key": "", "value": "b"}]}},
		{"name": "sound", "owner_id": "o", "region": "us-east-1", "created_at": "2026-01-01T00:00:00Z"}],
		"objects": [` + strings.Join(list, ",") + `], "multipart_parts": [` + strings.Join(parts, ",") + `],
		"multipart_uploads": [` + strings.Join(uploads, ",") + `], "later": [{"more": 1}]}`

	s := newServer(t)
	importBucket(t, s, &projections.Bucket{Name: "sound"})
	importObject(t, s, "sound", "there", "another", nil)
	dir := writeTree(t, files)
	outside := writeTree(t, map[string]string{"secret": "secret"})
	for name, target := range map[string]string{"sound/link": "sound", "sound/in": "folder", "sound/out": outside} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	imported, report := importDir(t, s, dir)
	report.want(t, reasons, []string{`"later" in metadata.json`, `belongs to "somebody" instead of "o"`, "sound/out is the file of no object", "sound/in is the file of no object", "sound/folder/file is the file of no object"})
	if want := (portable.Counted{Objects: 1, Uploads: 1, Parts: 1, Bytes: 12}); imported.Counted != want {
		t.Errorf("imported %+v, want %+v", imported.Counted, want)
	}
	if objects, err := s.Store.Objects(t.Context(), "sound", projections.Scan{Limit: 10}); err != nil || len(objects) != 2 {
		t.Errorf("there are %d objects, %v; want the sound one, and the one that was there", len(objects), err)
	}
}
