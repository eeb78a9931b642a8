package portable

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Whatever is read as metadata, its rows can be read again as often as they were checked, no path leaves the tree, and what
// they say of objects can be written again.
func FuzzDocument(f *testing.F) {
	for _, name := range []string{"testdata/metadata.json", "testdata/exported.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"bleepstore_export":{"version":1},"objects":[{"bucket":"..","key":"../a","x_bleepstore":{"parts":[{}]}}],"more":{}}`))
	f.Add([]byte(`{"objects":[{"acl":{"grants":[{}]},"last_modified":"2026-01-01T23:59:59.9999999+23:59"}],"bleepstore_export":{"version":1}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := readDocument(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		for row, err := range rows[bucketRow](d, bucketsMember) {
			if err != nil {
				t.Fatal(err)
			}
			if bucket, err := row.record(); err == nil {
				mustEncode(t, newBucketRow(bucket))
			}
		}
		for row, err := range rows[objectRow](d, objectsMember) {
			if err != nil {
				t.Fatal(err)
			}
			mustEncode(t, row)
			paths, err := row.files()
			for _, path := range paths {
				if err == nil && row.Bucket != ".." && !isWithin(path, row.Bucket) && !isWithin(path, escapedFolder) {
					t.Errorf("the file of %q in %q is %q", row.Key, row.Bucket, path)
				}
			}
			_, _ = row.record(eventlog.Owner{ID: "other"})
		}
		for row, err := range rows[uploadRow](d, uploadsMember) {
			if err != nil {
				t.Fatal(err)
			}
			if upload, err := row.record(); err == nil {
				mustEncode(t, newUploadRow(upload))
			}
		}
		for row, err := range rows[partRow](d, partsMember) {
			if err != nil {
				t.Fatal(err)
			}
			_, _ = row.record()
		}
	})
}

// isWithin tells whether a path is below a folder.
func isWithin(path, folder string) bool {
	return strings.HasPrefix(path, folder+"/") && !strings.Contains(path[len(folder):]+"/", "/../")
}

// mustEncode writes a row, whose names then come in their order.
func mustEncode(t *testing.T, row any) {
	t.Helper()
	text, err := encodeRow(row)
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
}
