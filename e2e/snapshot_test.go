package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A log whose front is gone still fills the metadata, from snapshot, archive and log.
func TestTrimmedLog(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	if out, err := bleepstore(t, state.dir, "log", "trim", "--age", "1ms"); err == nil || !strings.Contains(out, "no snapshot") {
		t.Errorf("trimmed without a snapshot: %v\n%s", err, out)
	}
	wantContains(t, mustBleepstore(t, state.dir, "log", "snapshot"), "as of", "/62/")
	wantContains(t, mustBleepstore(t, state.dir, "log", "trim", "--age", "1ms"), "Nothing was trimmed") // the last commit stays

	s := startServer(t, options{dir: state.dir})
	put(t, s.client(), state.bucket, "more", []byte("more"))
	state.bodies["more"] = []byte("more")
	s.stop(t)
	wantContains(t, mustBleepstore(t, state.dir, "log", "trim", "--age", "1ms"), "begins with commit 63")
	wantContains(t, mustBleepstore(t, state.dir, "log", "info"), "Commits   63 to 63")
	mustBleepstore(t, state.dir, "log", "verify")

	for _, engine := range []string{"pebble", "memory"} {
		if err := os.RemoveAll(filepath.Join(state.dir, "metadata")); err != nil {
			t.Fatal(err)
		}
		s = startServer(t, options{dir: state.dir, env: []string{"BLEEPSTORE_METADATA_ENGINE=" + engine}})
		if err := state.check(t, s); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
		wantContains(t, s.log.tail(), "filling the metadata from a snapshot")
		s.stop(t)
	}

	// Without the snapshot, all comes from the archive and the log.
	snapshots, err := filepath.Glob(filepath.Join(state.dir, "archive", "*", "snapshots", "*"))
	if err != nil || len(snapshots) != 1 {
		t.Fatalf("snapshots: %v, %v", snapshots, err)
	}
	if err := os.Remove(snapshots[0]); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, options{dir: state.dir, env: []string{"BLEEPSTORE_METADATA_ENGINE=memory"}})
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	s.stop(t)

	// And a damaged log is repaired from the archive.
	if err := os.RemoveAll(filepath.Join(state.dir, "log", "stream")); err != nil {
		t.Fatal(err)
	}
	mustBleepstore(t, state.dir, "log", "repair", "--yes")
	wantContains(t, mustBleepstore(t, state.dir, "log", "verify"), fmt.Sprintf("%d commits", 63))
	s = startServer(t, options{dir: state.dir})
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
}

// What a snapshot names is not deleted.
func TestBlobsOfASnapshotStay(t *testing.T) {
	t.Parallel()
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	body := randomBytes(100_000)
	put(t, s.client(), bucket, "key", body)
	s.stop(t)
	mustBleepstore(t, s.dir, "log", "snapshot")

	s = startServer(t, options{dir: s.dir, env: []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s"}})
	c := s.client()
	put(t, c, bucket, "other", body)
	if _, err := deleteKeys(t, c, bucket, []string{"key"}, true); err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	s = startServer(t, options{dir: s.dir, env: []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s"}})
	want(t, "number of blobs", largeBlobs(t, s), 2)
	s.stop(t)
	snapshots, err := filepath.Glob(filepath.Join(s.dir, "archive", "*", "snapshots", "*"))
	if err != nil || len(snapshots) != 1 {
		t.Fatalf("snapshots: %v, %v", snapshots, err)
	}
	if err := os.Remove(snapshots[0]); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, options{dir: s.dir, env: []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s"}})
	eventuallyBlobs(t, s, 1)
}
