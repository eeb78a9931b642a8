package e2e

import (
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
	flipBit(t, filepath.Join(s.dir, "blobs", "large"), 300_000)
	out, err := bleepstore(t, s.dir, "scrub")
	if err == nil {
		t.Error("damage is no error")
	}
	wantContains(t, out, `of object "large" in bucket "`+bucket+`" names, is damaged`, "1 are damaged")
}
