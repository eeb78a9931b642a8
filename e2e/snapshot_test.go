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
	inEachPlace(t, testTrimmedLog)
}

func testTrimmedLog(t *testing.T, place archivePlace) {
	state := newAcknowledgedState(t, place.env...)
	if out, err := state.run(t, "log", "trim", "--age", "1ms"); err == nil || !strings.Contains(out, "no snapshot") {
		t.Errorf("trimmed without a snapshot: %v\n%s", err, out)
	}
	wantContains(t, state.mustRun(t, "log", "snapshot"), "as of", "/62/")
	wantContains(t, state.mustRun(t, "log", "trim", "--age", "1ms"), "Nothing was trimmed") // the last commit stays

	s := state.start(t)
	put(t, s.client(), state.bucket, "more", []byte("more"))
	state.bodies["more"] = []byte("more")
	s.stop(t)
	wantContains(t, state.mustRun(t, "log", "trim", "--age", "1ms"), "begins with commit 63")
	wantContains(t, state.mustRun(t, "log", "info"), "Commits   63 to 63")
	state.mustRun(t, "log", "verify")

	for _, engine := range []string{"pebble", "memory"} {
		if err := os.RemoveAll(filepath.Join(state.dir, "metadata")); err != nil {
			t.Fatal(err)
		}
		s = state.start(t, "BLEEPSTORE_METADATA_ENGINE="+engine)
		if err := state.check(t, s); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
		wantContains(t, s.log.tail(), "filling the metadata from a snapshot")
		s.stop(t)
	}

	// Without the snapshot, all comes from the archive and the log.
	snapshots, err := filepath.Glob(filepath.Join(state.dir, place.folder, "*", "snapshots", "*"))
	if err != nil || len(snapshots) != 1 {
		t.Fatalf("snapshots: %v, %v", snapshots, err)
	}
	if err := os.Remove(snapshots[0]); err != nil {
		t.Fatal(err)
	}
	s = state.start(t, "BLEEPSTORE_METADATA_ENGINE=memory")
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	s.stop(t)

	// And a damaged log is repaired from the archive.
	if err := os.RemoveAll(filepath.Join(state.dir, "log", "stream")); err != nil {
		t.Fatal(err)
	}
	state.mustRun(t, "log", "repair", "--yes")
	wantContains(t, state.mustRun(t, "log", "verify"), fmt.Sprintf("%d commits", 63))
	s = state.start(t)
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
}

// What a snapshot names is not deleted.
func TestBlobsOfASnapshotStay(t *testing.T) {
	t.Parallel()
	inEachPlace(t, testBlobsOfASnapshotStay)
}

func testBlobsOfASnapshotStay(t *testing.T, place archivePlace) {
	state := acknowledgedState{dir: t.TempDir(), env: place.env}
	s := state.start(t)
	bucket := newBucket(t, s.client())
	body := randomBytes(100_000)
	put(t, s.client(), bucket, "key", body)
	s.stop(t)
	state.mustRun(t, "log", "snapshot")

	s = state.start(t, "BLEEPSTORE_STORAGE_REAP_AFTER=1s")
	c := s.client()
	put(t, c, bucket, "other", body)
	if _, err := deleteKeys(t, c, bucket, []string{"key"}, true); err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	s = state.start(t, "BLEEPSTORE_STORAGE_REAP_AFTER=1s")
	want(t, "number of blobs", largeBlobs(t, s), 2)
	s.stop(t)
	snapshots, err := filepath.Glob(filepath.Join(state.dir, place.folder, "*", "snapshots", "*"))
	if err != nil || len(snapshots) != 1 {
		t.Fatalf("snapshots: %v, %v", snapshots, err)
	}
	if err := os.Remove(snapshots[0]); err != nil {
		t.Fatal(err)
	}
	s = state.start(t, "BLEEPSTORE_STORAGE_REAP_AFTER=1s", "BLEEPSTORE_SNAPSHOT_INTERVAL=0s")
	eventuallyBlobs(t, s, 1)
}
