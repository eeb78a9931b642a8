package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/sqlite"
)

// The server is killed under load with its metadata in each of the engines. What comes back is what was acknowledged, and
// the metadata is what a replay into another engine makes.
func TestCrashOfEachEngine(t *testing.T) {
	t.Parallel()
	for _, engine := range startEngines(t) {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			state := acknowledgedState{dir: dir, env: engine.serving(dir)}
			s := state.start(t)
			bucket := newBucket(t, s.client())
			writers := newCrashWriters(bucket)
			for round := range rounds(4, 100) {
				crashUnderLoad(t, s, writers, opsPerRound, s.kill)
				s = startSweeping(t, state.dir, state.env...)
				verifyAfterCrash(t, s.client(), bucket, writers)
				replayed := filepath.Join(t.TempDir(), "pebble")
				wantContains(t, state.mustRun(t, "replay", "--to", "pebble:"+replayed, "--verify"), "the same as the server's")
				if t.Failed() {
					t.Fatalf("in round %d", round)
				}
			}
		})
	}
}

// A log is replayed into another engine while the server serves, and is gone on with by a server on that engine, and back.
func TestReplayIntoAnotherEngine(t *testing.T) {
	t.Parallel()
	for _, engine := range startEngines(t) {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			state := newAcknowledgedState(t)
			state.env = engine.at(state.dir)
			s := state.start(t)
			wantContains(t, state.mustRun(t, "replay", "--to", engine.name, "--verify"), " has the metadata as of", "/62/", "the same")
			put(t, s.client(), state.bucket, "more", []byte("more"))
			state.bodies["more"] = []byte("more")
			wantContains(t, state.mustRun(t, "replay", "--to", engine.name), "/63/") // gone on with
			s.stop(t)
			wantContains(t, state.mustRun(t, "replay", "--to", engine.name, "--verify"), "the same")

			state.env = engine.serving(state.dir)
			s = state.start(t)
			if err := state.check(t, s); err != nil {
				t.Error(err)
			}
			put(t, s.client(), state.bucket, "most", []byte("most"))
			state.bodies["most"] = []byte("most")
			s.stop(t)
			state.env = engine.at(state.dir)
			if err := state.check(t, state.start(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// The state as of an earlier commit can be had, and a later one cannot be called that.
func TestReplayUntil(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	dir := filepath.Join(t.TempDir(), "earlier")
	wantContains(t, state.mustRun(t, "replay", "--to", "sqlite:"+dir, "--until", "11"), "/11/")
	if out, err := state.run(t, "replay", "--to", "sqlite:"+dir, "--until", "9"); err == nil || !strings.Contains(out, "beyond commit 9") {
		t.Errorf("replayed back: %v\n%s", err, out)
	}
	for _, args := range [][]string{{}, {"--to", "memory"}, {"--to", "sqlite", "--until", "yesterday"}, {"--to", "sqlite", "--until", "1", "--verify"}} {
		if out, err := state.run(t, append([]string{"replay"}, args...)...); err == nil || !strings.Contains(out, "replay --") {
			t.Errorf("replay %v: %v\n%s", args, err, out)
		}
	}
	if out, err := state.run(t, "replay", "--to", "pebble:"+dir); err == nil || !strings.Contains(out, "choose another folder") {
		t.Errorf("replayed into what another engine has: %v\n%s", err, out)
	}
	nowhere := acknowledgedState{dir: filepath.Join(t.TempDir(), "nowhere")}
	if out, err := nowhere.run(t, "scrub"); err == nil || !strings.Contains(out, "there is no data folder") {
		t.Errorf("scrubbed nothing: %v\n%s", err, out)
	}
	store, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	objects, err := store.Objects(t.Context(), state.bucket, projections.Scan{Limit: eventlog.MaxCommitEvents})
	if err != nil || len(objects) != 10 { // behind the bucket
		t.Errorf("there are %d objects, %v; want those of the first 10 commits", len(objects), err)
	}
}

// A store that is not what the log makes of it is told from one that is.
func TestVerifyFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	state.mustRun(t, "replay", "--to", "sqlite")
	store, err := sqlite.Open(filepath.Join(state.dir, "metadata-sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	position, err := store.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Apply(t.Context(), position, []projections.Change{projections.DeleteObject{Bucket: state.bucket, Key: "key-7"}}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := state.run(t, "replay", "--to", "sqlite", "--verify")
	if err == nil {
		t.Error("a difference is no error")
	}
	wantContains(t, out, `object "key-7" in bucket `+state.bucket+` is only in the first`)
}
