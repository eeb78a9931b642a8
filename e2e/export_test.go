package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// An export is taken while clients write and the bytes of what they overwrite are given back: each object in it is whole, and
// a server that imports it says so of each.
func TestExportWhileServing(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s"}})
	bucket := newBucket(t, s.client())
	writers := newCrashWriters(bucket)
	var exports []string
	crashUnderLoad(t, s, writers, 100, func() {
		for range 3 {
			exports = append(exports, filepath.Join(t.TempDir(), "export"))
			wantContains(t, mustBleepstore(t, s.dir, "export", exports[len(exports)-1]), "has an export as of")
		}
		s.kill()
	})
	for _, export := range exports {
		dir := t.TempDir()
		wantContains(t, mustBleepstore(t, dir, "import", export), "Imported from")
		verifyFolder(t, dir)
	}
}

// listing is what a bucket has, as clients see it.
func listing(t testing.TB, c *s3.Client, bucket string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: o.Key, ChecksumMode: types.ChecksumModeEnabled})
			if err != nil {
				t.Fatalf("get %q: %v", *o.Key, err)
			}
			all[*o.Key] = fmt.Sprint(*o.LastModified, *o.ETag, o.StorageClass, *got.ContentType, aws.ToString(got.CacheControl),
				aws.ToString(got.VersionId), aws.ToString(got.ChecksumCRC32), aws.ToString(got.ChecksumCRC64NVME), aws.ToInt32(got.TagCount),
				got.Metadata, hexMD5(readAll(t, got.Body)))
		}
	}
	return all
}

// What a server exports another one imports: the same listing, bytes and metadata, and uploads in progress, which clients go
// on with. To import again changes nothing, and to export again gives the same.
func TestExportAndImport(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	plain, versioned := newBucket(t, c), newBucket(t, c)
	_, err := c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &versioned, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "a/b", "folder/", "../up", "photos/x.jpg", strings.Repeat("k", 1024)} {
		put(t, c, plain, key, []byte("content of "+key))
	}
	put(t, c, plain, "large", randomBytes(300_000))
	put(t, c, versioned, "key", []byte("old"))
	put(t, c, versioned, "key", []byte("new"))
	put(t, c, versioned, "deleted", []byte("gone"))
	if _, err := deleteKeys(t, c, versioned, []string{"deleted"}, true); err != nil {
		t.Fatal(err)
	}
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &plain, Key: aws.String("described"), Body: strings.NewReader("described"), ContentType: aws.String("text/plain"),
		CacheControl: aws.String("no-store"), Tagging: aws.String("a=b"), Metadata: map[string]string{"who": "me"},
		StorageClass: types.StorageClassGlacier, ACL: types.ObjectCannedACLPublicRead,
	})
	if err != nil {
		t.Fatal(err)
	}
	complete := newUpload(t, c, plain, "assembled")
	if _, err := complete.complete(complete.mustPart(1, randomBytes(minPart)), complete.mustPart(2, []byte("end"))); err != nil {
		t.Fatal(err)
	}
	underWay := newUpload(t, c, plain, "under way")
	first := underWay.mustPart(1, randomBytes(minPart))
	want := []map[string]string{listing(t, c, plain), listing(t, c, versioned)}

	export := filepath.Join(t.TempDir(), "export")
	out := mustBleepstore(t, s.dir, "export", export)
	wantContains(t, out, "2 buckets, 10 objects, and 1 uploads in progress with 1 parts", "2 versions that are not current, 1 delete markers",
		"4 objects have keys that cannot be names of files")
	wantBytes(t, readFile(t, filepath.Join(export, plain, "photos", "x.jpg")), []byte("content of photos/x.jpg"))
	wantBytes(t, readFile(t, filepath.Join(export, plain, "a")), []byte("content of a"))
	if bytes.Contains(readFile(t, filepath.Join(export, "metadata.json")), []byte(secretKey)) {
		t.Error("the export tells a secret key, unasked")
	}
	s.stop(t)

	for _, serving := range []bool{true, false} {
		dir := t.TempDir()
		if serving {
			startServer(t, options{dir: dir})
		}
		wantContains(t, mustBleepstore(t, dir, "import", export), "2 buckets, 10 objects, and 1 uploads in progress with 1 parts")
		wantContains(t, mustBleepstore(t, dir, "import", export), "0 buckets, 0 objects", "11 objects and parts were there already")
		again := filepath.Join(t.TempDir(), "again")
		mustBleepstore(t, dir, "export", "--with-secrets", again)
		wantSameExport(t, again, export)
		if serving {
			continue
		}
		wantContains(t, mustBleepstore(t, dir, "replay", "--to", "sqlite", "--verify"), "the same as the server's")
		verifyFolder(t, dir)
		s := startServer(t, options{dir: dir})
		c := s.client()
		if got := []map[string]string{listing(t, c, plain), listing(t, c, versioned)}; !reflect.DeepEqual(got, want) {
			t.Errorf("imported\n%v\nof\n%v", got, want)
		}
		resumed := &upload{t, c, plain, "under way", underWay.id}
		if _, err := resumed.complete(first, resumed.mustPart(2, []byte("end"))); err != nil {
			t.Error(err)
		}
		wantContains(t, mustBleepstore(t, dir, "import", export), "0 buckets, 0 objects, and 0 uploads", "11 objects and parts were there already")
		s.stop(t)
		verifyFolder(t, dir)
	}
}

var (
	exportTime = regexp.MustCompile(`"exported_at": "[^"]*"`)
	secret     = regexp.MustCompile(`"secret_key": "[^"]*"`)
)

// wantSameExport compares two exports, but for their times, and the secrets in them.
func wantSameExport(t testing.TB, got, want string) {
	t.Helper()
	read := func(dir string) map[string]string {
		files := make(map[string]string)
		for path, content := range filesIn(t, dir) {
			files[path] = secret.ReplaceAllString(exportTime.ReplaceAllString(string(content), ""), "")
		}
		return files
	}
	a, b := read(got), read(want)
	if !maps.Equal(a, b) {
		t.Errorf("exports differ: %v, %v\n%s\n%s", slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)), a["metadata.json"], b["metadata.json"])
	}
}

// filesIn returns the content of the files below a folder by their paths.
func filesIn(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[name] = readFile(t, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// An import that is killed is gone on with by the next, on a server and without one.
func TestImportThatIsKilled(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	export := filepath.Join(t.TempDir(), "export")
	mustBleepstore(t, state.dir, "export", export)
	for _, serving := range []bool{true, false} {
		into := acknowledgedState{dir: t.TempDir(), bucket: state.bucket, bodies: state.bodies}
		cut := 0
		for round := range rounds(6, 60) {
			var s *server
			if serving {
				s = into.start(t)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round+1)*15*time.Millisecond)
			if _, err := into.runFor(ctx, "import", export); err != nil {
				cut++
			}
			cancel()
			if serving {
				s.kill()
			}
		}
		t.Logf("serving %v: %d imports were cut short", serving, cut)
		into.mustRun(t, "import", export)
		s := startSweeping(t, into.dir) // what the killed ones have stored for nothing
		if err := into.check(t, s); err != nil {
			t.Error(err)
		}
		s.stop(t)
		verifyFolder(t, into.dir)
	}
}

// A data folder of another implementation is imported: its tree, and the metadata that it exports. What its credentials are
// called is told, so that their accounts are there.
func TestImportFromAnotherImplementation(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	write := func(path string, content string) {
		t.Helper()
		path = filepath.Join(tree, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pictures/2026/cat.jpg", "a cat")
	write("pictures/stray.txt", "a stray")
	write(".multipart/3f9e7a1c/1", "the only part")
	write(".tmp/tmp-1", "left")
	initiated := time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000Z")
	write("metadata.json", `{
  "bleepstore_export": {"exported_at": "2026-11-01T00:00:00.000Z", "schema_version": 1, "source": "python/0.1.0", "version": 1},
  "buckets": [{"acl": {}, "created_at": "2026-01-02T03:04:05.000Z", "name": "pictures", "owner_display": "Ann", "owner_id": "ann", "region": "us-east-1"}],
  "credentials": [{"access_key_id": "annkey", "active": true, "created_at": "2026-01-01T00:00:00.000Z", "display_name": "Ann", "owner_id": "ann", "secret_key": "ann's secret"}],
  "multipart_parts": [{"etag": "\"`+hexMD5([]byte("the only part"))+`\"", "last_modified": "`+initiated+`", "part_number": 1, "size": 13, "upload_id": "3f9e7a1c"}],
  "multipart_uploads": [{"acl": {}, "bucket": "pictures", "cache_control": null, "content_disposition": null, "content_encoding": null, "content_language": null, "content_type": "text/plain", "expires": null, "initiated_at": "`+initiated+`", "key": "later", "owner_display": "Ann", "owner_id": "ann", "storage_class": "STANDARD", "upload_id": "3f9e7a1c", "user_metadata": {}}],
  "objects": [{"acl": {}, "bucket": "pictures", "cache_control": null, "content_disposition": null, "content_encoding": null, "content_language": null, "content_type": "image/jpeg", "delete_marker": false, "etag": "\"`+hexMD5([]byte("a cat"))+`\"", "expires": null, "key": "2026/cat.jpg", "last_modified": "2026-02-03T04:05:06.000Z", "size": 5, "storage_class": "STANDARD", "user_metadata": {"x-amz-meta-of": "cats"}}]
}
`)
	dir := t.TempDir()
	out := mustBleepstore(t, dir, "import", tree)
	wantContains(t, out, "pictures/stray.txt is the file of no object", "1 buckets, 1 objects, and 1 uploads in progress with 1 parts",
		"access_key: annkey", "id: ann")
	if strings.Contains(out, "ann's secret") {
		t.Errorf("a secret is told:\n%s", out)
	}
	verifyFolder(t, dir)
	s := startServer(t, options{dir: dir, config: "auth: {credentials: [{access_key: annkey, secret_key: another-secret, id: ann, name: Ann}]}"})
	c := s.client(func(o *s3.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider("annkey", "another-secret", "")
	})
	head, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("pictures"), Key: aws.String("2026/cat.jpg")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "metadata", head.Metadata["of"], "cats")
	want(t, "last change", head.LastModified.UTC(), time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC))
	wantBytes(t, get(t, c, "pictures", "2026/cat.jpg"), []byte("a cat"))
	resumed := &upload{t, c, "pictures", "later", aws.String("3f9e7a1c")}
	parts, err := c.ListParts(t.Context(), &s3.ListPartsInput{Bucket: &resumed.bucket, Key: &resumed.key, UploadId: resumed.id})
	if err != nil || len(parts.Parts) != 1 {
		t.Fatalf("parts: %+v, %v", parts, err)
	}
	if _, err := resumed.complete(types.CompletedPart{PartNumber: aws.Int32(1), ETag: parts.Parts[0].ETag}); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, get(t, c, "pictures", "later"), []byte("the only part"))
}

func TestExportsAndImportsThatAreRefused(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	export := filepath.Join(t.TempDir(), "export")
	state.mustRun(t, "export", export)
	refused := func(reason, dir string, args ...string) {
		t.Helper()
		if out, err := bleepstore(t, dir, args...); err == nil || !strings.Contains(out, reason) {
			t.Errorf("%v: %v, want %q\n%s", args, err, reason, out)
		}
	}
	refused("is not empty", state.dir, "export", export)
	refused("DIR is missing", state.dir, "export")
	refused("is no export", t.TempDir(), "import", t.TempDir())
	refused("no such file", t.TempDir(), "import", filepath.Join(t.TempDir(), "nothing"))

	// What was changed in the export is named, and the rest imported.
	if err := os.WriteFile(filepath.Join(export, state.bucket, "key-3"), make([]byte, len(state.bodies["key-3"])), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(export, state.bucket, "key-4")); err != nil {
		t.Fatal(err)
	}
	into := acknowledgedState{dir: t.TempDir(), bucket: state.bucket, bodies: maps.Clone(state.bodies)}
	out, err := into.run(t, "import", export)
	if err == nil {
		t.Error("what is left out is no error")
	}
	wantContains(t, out, `object "key-3" in bucket "`+state.bucket+`": BadDigest`, "key-4", "2 things were left out", "36 objects")
	delete(into.bodies, "key-3")
	delete(into.bodies, "key-4")
	verifyFolder(t, into.dir)
	if err := into.check(t, into.start(t)); err != nil {
		t.Error(err)
	}
}
