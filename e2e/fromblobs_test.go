package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// When the data folder is lost, the objects are made again of the blobs in the cloud.
func TestObjectsOfBlobs(t *testing.T) {
	t.Parallel()
	for _, storage := range startStorages(t) {
		t.Run(storage.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			testObjectsOfBlobs(t, acknowledgedState{dir: dir, env: storage.at(dir)}, nil)
		})
	}
	t.Run("cut short", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		isGet := func(r *http.Request) bool { return r.Method == http.MethodGet && strings.Count(r.URL.Path, "/") == 5 }
		gate := newGate(t, startServer(t, options{}).endpoint, isGet)
		storage := storage{settings: s3Settings(t, gate.url, accessKey, secretKey)}
		testObjectsOfBlobs(t, acknowledgedState{dir: dir, env: storage.at(dir)}, gate)
	})
}

// kept is what is made again of the objects of a bucket.
func kept(t testing.TB, c *s3.Client, bucket string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, key := range listEncoded(t, c, bucket) {
		got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: "ENABLED"})
		if err != nil {
			t.Fatal(err)
		}
		all[key] = fmt.Sprint(*got.ETag, *got.ContentType, hexMD5(readAll(t, got.Body)))
	}
	return all
}

func testObjectsOfBlobs(t *testing.T, state acknowledgedState, gate *gate) {
	quiet := []string{"BLEEPSTORE_SNAPSHOT_INTERVAL=0s"}
	s := state.start(t, quiet...)
	c := s.client()
	first, second := newBucket(t, c), newBucket(t, c)
	var puts errgroup.Group
	puts.SetLimit(16)
	for i := range 200 {
		puts.Go(func() error {
			_, err := c.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: &first, Key: aws.String(fmt.Sprint("many/", i)), Body: bytes.NewReader(randomBytes(100)), ContentType: aws.String("text/plain"),
			})
			return err
		})
	}
	if err := puts.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, key := range oddKeys {
		put(t, c, second, key, []byte("content of "+key))
	}
	put(t, c, second, "large", randomBytes(9<<20)) // which comes in pieces
	put(t, c, second, "empty", nil)
	put(t, c, first, "overwritten", []byte("old"))
	put(t, c, first, "overwritten", []byte("new"))
	put(t, c, first, "deleted", []byte("deleted"))
	put(t, c, first, "assembled", []byte("single"))
	parts := [][]byte{randomBytes(minPart), []byte("end")}
	assembled := newUpload(t, c, first, "assembled")
	assembled.mustPart(2, []byte("uploaded again"))
	if _, err := assembled.complete(assembled.mustPart(1, parts[0]), assembled.mustPart(2, parts[1])); err != nil {
		t.Fatal(err)
	}
	single := newUpload(t, c, first, "single")
	if _, err := single.complete(single.mustPart(1, []byte("part"))); err != nil {
		t.Fatal(err)
	}
	put(t, c, first, "single", []byte("newer than the upload"))
	newUpload(t, c, first, "gap").mustPart(2, []byte("without the first"))
	want := []map[string]string{kept(t, c, first), kept(t, c, second)}
	if _, err := deleteKeys(t, c, first, []string{"deleted"}, true); err != nil {
		t.Fatal(err)
	}
	out, err := state.run(t, "import", "--from-blobs")
	if err == nil {
		t.Error("objects are made of the blobs of a server that runs")
	}
	wantContains(t, out, "stop the server")
	s.stop(t)
	out, err = state.run(t, "import", "--from-blobs")
	if err == nil {
		t.Error("objects are made of blobs whose log is there")
	}
	wantContains(t, out, "is not empty")

	if err := os.RemoveAll(state.dir); err != nil {
		t.Fatal(err)
	}
	refused := func(reason string) {
		t.Helper()
		out, err := state.run(t, "serve")
		if err == nil {
			t.Error("a server starts on blobs that it does not know")
		}
		wantContains(t, out, reason)
	}
	refused(`if that log is lost, run "bleepstore import --from-blobs"`)
	if gate != nil {
		gate.seen.Store(0)
		gate.most.Store(100)
		cut(t, state, gate)
		refused(`run "bleepstore import --from-blobs" again`)
	}
	out, err = state.run(t, "import", "--from-blobs")
	if err == nil {
		t.Error("that an upload is left out is no failure")
	}
	wantContains(t, out, "Made of the blobs in ", `of "gap" in bucket "`+first, `object "assembled" in bucket "`+first, "of 1 things no object was made")
	if gate != nil {
		wantContains(t, out, "objects had been made by an earlier run")
	}
	s = startSweeping(t, state.dir, state.env...)
	c = s.client()
	for i, bucket := range []string{first, second} {
		wantSame(t, kept(t, c, bucket), want[i])
	}
	wantPart, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &first, Key: aws.String("assembled"), PartNumber: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, readAll(t, wantPart.Body), parts[1])
	put(t, c, first, "later", []byte("later"))
	wantContains(t, state.mustRun(t, "scrub"), "0 are damaged")
	s.stop(t)
	wantContains(t, state.mustRun(t, "replay", "--to", "sqlite", "--verify"), "the same as the server's")
	out, err = state.run(t, "import", "--from-blobs")
	if err == nil {
		t.Error("objects are made of blobs twice")
	}
	wantContains(t, out, "is not empty")
	wantBytes(t, get(t, state.start(t).client(), first, "later"), []byte("later"))
}

// cut begins to make objects of blobs, and kills that when the gate holds it.
func cut(t *testing.T, state acknowledgedState, gate *gate) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = state.runFor(ctx, "import", "--from-blobs")
	}()
	eventually(t, "some blobs were read", func() error {
		if n, most := gate.seen.Load(), gate.most.Load(); n <= most {
			return fmt.Errorf("%d were read", n)
		}
		return nil
	})
	kill()
	<-ended
	gate.most.Store(0)
}

// Blobs on a local disk do not tell of which objects they are.
func TestNoObjectsOfLocalBlobs(t *testing.T) {
	t.Parallel()
	out, err := bleepstore(t, filepath.Join(t.TempDir(), "data"), "import", "--from-blobs")
	if err == nil {
		t.Error("objects are made of local blobs")
	}
	wantContains(t, out, "blobs in local do not say of which objects they are")
}
