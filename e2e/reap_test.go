package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bleepstore/bleepstore/backends"
)

// largeBlobs counts the files of blobs that are too large for the database of the small ones.
func largeBlobs(t testing.TB, s *server) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(s.dir, "blobs", "large"), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func eventuallyBlobs(t testing.TB, s *server, want int) {
	t.Helper()
	eventually(t, fmt.Sprintf("there are %d blobs", want), func() error {
		if n := largeBlobs(t, s); n != want {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
}

// The bytes of what is deleted or overwritten go, and those that only a copy still names stay. A snapshot would hold them.
func TestBytesOfDeletedObjectsAreGivenBack(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{env: []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s"}})
	c := s.client()
	bucket := newBucket(t, c)
	body := randomBytes(100_000)
	for range 3 {
		put(t, c, bucket, "overwritten", body)
	}
	put(t, c, bucket, "deleted", body)
	put(t, c, bucket, "copied", body)
	_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("copy"), CopySource: copySource(bucket, "copied")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deleteKeys(t, c, bucket, []string{"deleted", "copied"}, true); err != nil {
		t.Fatal(err)
	}
	eventuallyBlobs(t, s, 2)
	wantBytes(t, get(t, c, bucket, "overwritten"), body)
	wantBytes(t, get(t, c, bucket, "copy"), body)
}

// What a crash leaves behind that no event names is gone after the next start, and nothing else is.
func TestLeftoversAreSweptAtTheStart(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	body := randomBytes(100_000)
	put(t, c, bucket, "kept", body)
	s.kill()

	id := string(backends.NewID())
	dir := filepath.Join(s.dir, "blobs", "large", id[:4], id[4:6])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, id), body, 0o600); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, options{dir: s.dir})
	eventuallyBlobs(t, s, 1)
	wantBytes(t, get(t, s.client(), bucket, "kept"), body)
}
