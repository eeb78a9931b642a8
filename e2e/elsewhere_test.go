package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// upstream is somebody else's bucket, and how a server comes to read it.
type upstream struct {
	*gate
	client   *s3.Client
	settings []string
	oddKeys  []string
}

// startUpstreams returns services with an empty bucket each.
func startUpstreams(t testing.TB) map[string]upstream {
	t.Helper()
	account := emulators.S3(t)
	// It keeps objects as files, and lists what is percent-encoded in their names as if it were not.
	files := []string{"space in it", "a?b=c", "a#b", "a&b", "日本語/😀", strings.Repeat("k", 200)}
	return map[string]upstream{
		"ours": newUpstream(t, startServer(t, options{}).endpoint, accessKey, secretKey, oddKeys),
		"s3":   newUpstream(t, account.Endpoint, account.AccessKey, account.SecretKey, files),
	}
}

func newUpstream(t testing.TB, endpoint, access, secret string, odd []string) upstream {
	t.Helper()
	isHead := func(r *http.Request) bool { return r.Method == http.MethodHead && strings.Count(r.URL.Path, "/") > 1 }
	u := upstream{gate: newGate(t, endpoint, isHead), oddKeys: odd}
	u.settings = append(s3Settings(t, u.url, access, secret), "BLEEPSTORE_STORAGE_BACKEND=local")
	u.client = s3.New(s3.Options{
		BaseEndpoint: &endpoint, Region: region, UsePathStyle: true, Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
	return u
}

// fill puts objects of all kinds into the bucket.
func (u upstream) fill(t testing.TB, n int) {
	t.Helper()
	var puts errgroup.Group
	puts.SetLimit(32)
	for i := range n {
		puts.Go(func() error {
			_, err := u.client.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String(storageBucket), Key: aws.String(fmt.Sprintf("many/%04d", i)), Body: strings.NewReader(fmt.Sprint("content ", i)),
				ContentType: aws.String("text/plain"), Metadata: map[string]string{"number": fmt.Sprint(i)},
			})
			return err
		})
	}
	if err := puts.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, key := range u.oddKeys {
		put(t, u.client, storageBucket, key, []byte("content of "+key))
	}
	put(t, u.client, storageBucket, "empty", nil)
	put(t, u.client, storageBucket, "large", randomBytes(3<<20))
	_, err := u.client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(storageBucket), Key: aws.String("described"), Body: strings.NewReader("described"),
		CacheControl: aws.String("no-store"), ContentDisposition: aws.String("attachment"), ContentLanguage: aws.String("de"),
	})
	if err != nil {
		t.Fatal(err)
	}
	assembled := newUpload(t, u.client, storageBucket, "assembled")
	if _, err := assembled.complete(assembled.mustPart(1, randomBytes(minPart)), assembled.mustPart(2, []byte("end"))); err != nil {
		t.Fatal(err)
	}
}

// described is what clients see of each object of a bucket, but for its checksums.
func described(t testing.TB, c *s3.Client, bucket string) map[string]string {
	t.Helper()
	return describedKeys(t, c, bucket, listEncoded(t, c, bucket))
}

// sampled is described of some objects.
func sampled(t testing.TB, c *s3.Client, bucket string) map[string]string {
	t.Helper()
	var some []string
	for i, key := range listEncoded(t, c, bucket) {
		if i%10 == 0 {
			some = append(some, key)
		}
	}
	return describedKeys(t, c, bucket, some)
}

func describedKeys(t testing.TB, c *s3.Client, bucket string, keys []string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	var mu sync.Mutex
	var gets errgroup.Group
	gets.SetLimit(32)
	for _, key := range keys {
		gets.Go(func() error {
			got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			if err != nil {
				return fmt.Errorf("get %q: %w", key, err)
			}
			body := new(bytes.Buffer)
			if _, err := body.ReadFrom(got.Body); err != nil {
				return fmt.Errorf("get %q: %w", key, err)
			}
			mu.Lock()
			defer mu.Unlock()
			all[key] = fmt.Sprint(*got.LastModified, *got.ETag, *got.ContentType, aws.ToString(got.CacheControl),
				aws.ToString(got.ContentDisposition), aws.ToString(got.ContentLanguage), got.Metadata, hexMD5(body.Bytes()))
			return nil
		})
	}
	if err := gets.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

func wantSame(t testing.TB, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%q is %q, want %q", key, got[key], want[key])
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%q is there, and should not be", key)
		}
	}
}

// The objects of a bucket are taken over where they are: clients see the same as there, whatever they do changes nothing there,
// and no more than the blobs that they write are kept here.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	for name, u := range startUpstreams(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testTakeOver(t, u)
		})
	}
}

func testTakeOver(t *testing.T, u upstream) {
	u.fill(t, 2000)
	original := described(t, u.client, storageBucket)
	dir := t.TempDir()
	env := append(u.settings, "BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s")
	state := acknowledgedState{dir: dir, env: env}

	// An import is cut short, and begun again.
	s := state.start(t)
	u.most.Store(1000)
	imported := make(chan error, 1)
	go func() {
		_, err := state.runFor(t.Context(), "import", "--from", "s3://"+storageBucket)
		imported <- err
	}()
	eventually(t, "half of the objects are taken over", func() error {
		if n := u.seen.Load(); n <= 1000 {
			return fmt.Errorf("%d were asked about", n)
		}
		return nil
	})
	s.kill()
	if err := <-imported; err == nil {
		t.Error("the import does not tell that the server was killed")
	}
	u.most.Store(0)
	u.seen.Store(0)
	began := time.Now()
	out := state.mustRun(t, "import", "--from", "s3://"+storageBucket)
	t.Logf("half of the objects were taken over in %v", time.Since(began))
	wantContains(t, out, "Took over from s3://"+storageBucket+"/", "objects were there already")
	if n := u.seen.Load(); n > int64(len(original))-1000+64 { // the answers to some had not become objects yet
		t.Errorf("of %d objects, with 1000 there, %d were asked about", len(original), n)
	}
	u.seen.Store(0)
	s = state.start(t)
	out = state.mustRun(t, "import", "--from", "s3://"+storageBucket)
	wantContains(t, out, "0 objects with 0 bytes", fmt.Sprintf("%d objects were there already", len(original)))
	want(t, "requests about objects that are there", u.seen.Load(), 0)
	c := s.client()
	wantSame(t, described(t, c, storageBucket), original)

	// Whatever clients do with them.
	bucket := storageBucket
	large := get(t, u.client, bucket, "large")
	ranged, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("large"), Range: aws.String("bytes=1000000-1999999")})
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, readAll(t, ranged.Body), large[1000000:2000000])
	attributes, err := c.GetObjectAttributes(t.Context(), &s3.GetObjectAttributesInput{
		Bucket: &bucket, Key: aws.String("large"), ObjectAttributes: types.ObjectAttributesChecksum.Values(),
	})
	if err != nil || *attributes.ObjectSize != int64(len(large)) || attributes.Checksum != nil {
		t.Errorf("attributes: %+v, %v", attributes, err)
	}
	for key, algorithm := range map[string]types.ChecksumAlgorithm{"copy": "", "copy, CRC64": types.ChecksumAlgorithmCrc64nvme, "copy, SHA256": types.ChecksumAlgorithmSha256} {
		_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{
			Bucket: &bucket, Key: &key, CopySource: copySource(bucket, "large"), ChecksumAlgorithm: algorithm,
		})
		if err != nil {
			t.Fatal(err)
		}
		wantBytes(t, get(t, c, bucket, key), large)
	}
	parts := newUpload(t, c, bucket, "copied part")
	part, err := c.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{
		Bucket: &bucket, Key: &parts.key, UploadId: parts.id, PartNumber: aws.Int32(1), CopySource: copySource(bucket, "large"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parts.complete(types.CompletedPart{PartNumber: aws.Int32(1), ETag: part.CopyPartResult.ETag}); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, get(t, c, bucket, "copied part"), large)
	_, err = c.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, c, bucket, "many/0000", []byte("overwritten"))
	version, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("many/0000"), VersionId: aws.String("null")})
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, readAll(t, version.Body), []byte("content 0"))
	for _, key := range []string{"many/0000", "many/0001"} {
		_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: aws.String("null")})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
		Bucket: &bucket, Key: aws.String("many/0002"), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was deleted is reaped", func() error {
		if out := state.mustRun(t, "log", "export"); !strings.Contains(out, `"blobs.reaped"`) {
			return errors.New("not yet")
		}
		return nil
	})
	wantContains(t, state.mustRun(t, "import", "--from", "s3://"+bucket+"/many/0001"), "1 objects with") // which was deleted here
	out, err = state.run(t, "import", "--from", "s3://"+bucket+"/many/000")
	if err == nil {
		t.Error("an object that was overwritten here is no conflict")
	}
	wantContains(t, out, `Left out: object "many/0000"`, "The key has another object already", "1 things were left out")

	// What commands do with them.
	current := sampled(t, c, bucket)
	wantContains(t, state.mustRun(t, "scrub"), "0 are damaged")
	backup, export := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "export")
	wantContains(t, state.mustRun(t, "backup", backup), "are not in the backup: they are objects in other buckets")
	wantContains(t, state.mustRun(t, "log", "snapshot"), "snapshot")
	wantContains(t, state.mustRun(t, "replay", "--to", "sqlite", "--verify"), "the same as the server's")
	state.mustRun(t, "export", export)
	wantBytes(t, readFile(t, filepath.Join(export, bucket, "large")), large)
	s.stop(t)
	if u.oddKeys[0] == oddKeys[0] {
		verifyFolder(t, dir, env...)
	}
	if err := os.RemoveAll(filepath.Join(dir, "metadata")); err != nil {
		t.Fatal(err)
	}
	s = startSweeping(t, dir, env...)
	wantSame(t, sampled(t, s.client(), bucket), current)
	restored := acknowledgedState{dir: filepath.Join(t.TempDir(), "restored"), env: env}
	wantContains(t, restored.mustRun(t, "restore", backup), "are not in the backup")
	wantSame(t, sampled(t, restored.start(t).client(), bucket), current)
	reimported := acknowledgedState{dir: t.TempDir(), env: env}
	reimported.mustRun(t, "import", export)
	wantBytes(t, get(t, reimported.start(t).client(), bucket, "copy"), large)
	wantSame(t, described(t, u.client, bucket), original)

	// What changes upstream is an error here, and never other bytes.
	put(t, u.client, bucket, "many/0003", []byte("content X"))
	if _, err := u.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("many/0004")}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"many/0003", "many/0004"} {
		if a := s.do(t, request{method: "GET", path: "/" + bucket + "/" + key}); a.status < 500 {
			t.Errorf("%s, which is another upstream, is answered with %d: %q", key, a.status, a.body)
		}
		eventually(t, "the log says which", func() error {
			if !strings.Contains(s.log.tail(), "s3://"+bucket+"/"+key) {
				return errors.New("not yet")
			}
			return nil
		})
	}
	out, err = state.run(t, "import", "--from", "s3://"+bucket+"/many/0003")
	if err == nil {
		t.Error("an object that was overwritten upstream is no conflict")
	}
	wantContains(t, out, `Left out: object "many/0003"`, "has changed at s3://"+bucket+"/many/0003 since")
	out, err = state.run(t, "scrub")
	if err == nil {
		t.Error("a scrub finds nothing wrong with what is gone")
	}
	wantContains(t, out, "2 are damaged", `"many/0003"`, `"many/0004"`)
}

// What cannot be taken over is told, and all else is.
func TestTakeOverLeavesOut(t *testing.T) {
	t.Parallel()
	us := startOurs(t)
	c, bucket := us.client(), storageBucket
	put(t, c, bucket, "a/1", []byte("1"))
	put(t, c, bucket, "b/2", []byte("2"))
	_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("a/cold"), Body: strings.NewReader("cold"), StorageClass: types.StorageClassGlacier,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("a/cool"), Body: strings.NewReader("cool"), StorageClass: types.StorageClassStandardIa,
	})
	if err != nil {
		t.Fatal(err)
	}
	state := acknowledgedState{dir: t.TempDir(), env: append(us.settings, "BLEEPSTORE_STORAGE_S3_PREFIX=b/")}
	for from, reason := range map[string]string{
		"s3://" + bucket:        "the blobs of this server are in s3://" + bucket + "/b/",
		"s3://" + bucket + "/b": "the blobs of this server are in",
		"s3://":                 "must be s3://BUCKET",
		"http://" + bucket:      "must be s3://BUCKET",
		"s3://not-there":        "storage.s3.endpoint, region, path_style, access_key and secret_key are for this too",
	} {
		out, err := state.run(t, "import", "--from", from)
		if err == nil {
			t.Errorf("%s is imported", from)
		}
		wantContains(t, out, reason)
	}
	out, err := state.run(t, "import", "--from", "s3://"+bucket+"/a/", "--to", "target")
	if err == nil {
		t.Error("an archived object is no failure")
	}
	wantContains(t, out, "2 objects with 5 bytes, which stay there, into bucket \"target\"", `object "a/cold" in bucket "target": `, "It is in GLACIER")
	s := state.start(t)
	wantBytes(t, get(t, s.client(), "target", "a/1"), []byte("1"))
	head, err := s.client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("target"), Key: aws.String("a/cool")})
	if err != nil || head.StorageClass != types.StorageClassStandardIa {
		t.Errorf("%+v, %v", head, err)
	}
}
