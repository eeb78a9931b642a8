package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A bit that flips in an object is found, and the object named.
func TestScrub(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	put(t, s.client(), bucket, "small", randomBytes(1000))
	put(t, s.client(), bucket, "large", randomBytes(300_000))
	s.stop(t)
	wantContains(t, mustBleepstore(t, s.dir, "scrub"), "2 blobs with 301000 bytes were read; 0 are damaged")
	err := filepath.WalkDir(filepath.Join(s.dir, "blobs", "large"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content[150_000] ^= 1
		return os.WriteFile(path, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := bleepstore(t, s.dir, "scrub")
	if err == nil {
		t.Error("damage is no error")
	}
	wantContains(t, out, `of object "large" in bucket "`+bucket+`" names, is damaged`, "1 are damaged")
}
