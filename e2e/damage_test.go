package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// long makes tests of random faults run many times more rounds: E2E_LONG=1.
var long = os.Getenv("E2E_LONG") != ""

// rounds is how many rounds a test of random faults has.
func rounds(short, inLong int) int {
	if long {
		return inLong
	}
	return short
}

// bleepstore runs a subcommand on a data folder.
func bleepstore(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	return acknowledgedState{dir: dir}.run(t, args...)
}

func mustBleepstore(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return acknowledgedState{dir: dir}.mustRun(t, args...)
}

// archivePlace is where an archive can be.
type archivePlace struct {
	name   string
	env    []string // that says so
	folder string   // in the data folder
}

var archivePlaces = []archivePlace{
	{"folder", nil, "archive"},
	{"storage", []string{"BLEEPSTORE_ARCHIVE_BACKEND=storage"}, "blobs/files/archive"},
}

// inEachPlace runs a test with each place of the archive.
func inEachPlace(t *testing.T, test func(t *testing.T, place archivePlace)) {
	for _, place := range archivePlaces {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			test(t, place)
		})
	}
}

// acknowledgedState is a stopped server's data folder, and what it has acknowledged.
type acknowledgedState struct {
	dir    string
	env    []string // additions to the environment
	bucket string
	bodies map[string][]byte
}

// newAcknowledgedState makes a data folder with some history, with additions to the environment.
func newAcknowledgedState(t testing.TB, env ...string) acknowledgedState {
	t.Helper()
	s := startServer(t, options{env: env})
	c := s.client()
	state := acknowledgedState{dir: s.dir, env: env, bucket: newBucket(t, c), bodies: make(map[string][]byte)}
	for i := range 60 {
		key := fmt.Sprint("key-", i%40)
		state.bodies[key] = randomBytes(100 + i)
		put(t, c, state.bucket, key, state.bodies[key])
	}
	if _, err := deleteKeys(t, c, state.bucket, []string{"key-1", "key-2"}, true); err != nil {
		t.Fatal(err)
	}
	delete(state.bodies, "key-1")
	delete(state.bodies, "key-2")
	s.stop(t)
	return state
}

// start starts a server on the data folder, with more additions to the environment.
func (a acknowledgedState) start(t testing.TB, env ...string) *server {
	t.Helper()
	return startServer(t, options{dir: a.dir, env: slices.Concat(a.env, env)})
}

// run runs a subcommand on the data folder.
func (a acknowledgedState) run(t testing.TB, args ...string) (string, error) {
	t.Helper()
	return a.runFor(t.Context(), args...)
}

// runFor runs a subcommand on the data folder, and kills it when ctx ends.
func (a acknowledgedState) runFor(ctx context.Context, args ...string) (string, error) {
	run := exec.CommandContext(ctx, binary, append(args, "--data", a.dir)...)
	run.Env = append(cleanEnvironment(), a.env...)
	out, err := run.CombinedOutput()
	return string(out), err
}

func (a acknowledgedState) mustRun(t testing.TB, args ...string) string {
	t.Helper()
	out, err := a.run(t, args...)
	if err != nil {
		t.Fatalf("bleepstore %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// copyTo copies the data folder.
func (a acknowledgedState) copyTo(t testing.TB, dir string) acknowledgedState {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(a.dir, "control")); err != nil { // which a kill leaves, and CopyFS refuses
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(a.dir)); err != nil {
		t.Fatal(err)
	}
	a.dir = dir
	return a
}

// check returns an error unless a server has what was acknowledged, and nothing else.
func (a acknowledgedState) check(t testing.TB, s *server) error {
	t.Helper()
	c := s.client()
	out, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &a.bucket})
	if err != nil {
		return err
	}
	if len(out.Contents) != len(a.bodies) {
		return fmt.Errorf("there are %d objects, want %d", len(out.Contents), len(a.bodies))
	}
	for key, body := range a.bodies {
		got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &a.bucket, Key: &key})
		if err != nil {
			return err
		}
		if !bytes.Equal(readAll(t, got.Body), body) {
			return fmt.Errorf("object %s has other bytes", key)
		}
	}
	return nil
}

func TestLogCommands(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	out := state.mustRun(t, "log", "info")
	wantContains(t, out, "Commits   1 to 62", "Archived  up to ", "/62/")
	wantContains(t, state.mustRun(t, "log", "verify"), "62 commits with 63 events are sound in the archive", "62 commits with 63 events are sound in the log")
	events := strings.Split(strings.TrimSpace(state.mustRun(t, "log", "export")), "\n")
	want(t, "number of events", len(events), 63)
	wantContains(t, events[0], `{"type":"bucket.created","v":3,`)
	wantContains(t, events[62], `{"type":"object.deleted","v":4,`)
	wantContains(t, state.mustRun(t, "log", "repair", "--yes"), "needs no repair")

	s := state.start(t) // which does the commands itself
	wantContains(t, state.mustRun(t, "log", "info"), "Commits   1 to 62")
	wantContains(t, state.mustRun(t, "log", "verify"), "62 commits with 63 events are sound in the log")
	want(t, "events that a server exports", len(strings.Split(strings.TrimSpace(state.mustRun(t, "log", "export")), "\n")), 63)
	wantContains(t, state.mustRun(t, "scrub"), "0 are damaged")
	if out, err := state.run(t, "log", "repair", "--yes"); err == nil || !strings.Contains(out, "in use") {
		t.Errorf("while a server runs: %v\n%s", err, out)
	}
	wantContains(t, state.mustRun(t, "log", "snapshot"), "as of", "/62/")
	put(t, s.client(), state.bucket, "more", []byte("more"))
	state.bodies["more"] = []byte("more")
	state.mustRun(t, "log", "trim", "--age", "1ms")
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
}

// damage flips a bit of a random file of those that match, or cuts the file off, and says what it did.
func damage(t testing.TB, random *rand.Rand, dir string, patterns ...string) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		matches := func(pattern string) bool { return strings.Contains(strings.TrimPrefix(path, dir), pattern) }
		if err == nil && entry.Type().IsRegular() && slices.ContainsFunc(patterns, matches) {
			if info, err := entry.Info(); err == nil && info.Size() > 0 {
				files = append(files, path)
			}
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("files to damage: %v, %v", files, err)
	}
	path := files[random.IntN(len(files))]
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := random.IntN(len(content))
	what := fmt.Sprintf("bit flipped at byte %d of %s", at, path)
	if random.IntN(4) == 0 {
		content = content[:at]
		what = fmt.Sprintf("%s cut off at byte %d", path, at)
	} else {
		content[at] ^= 1 << random.IntN(8)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return what
}

// Whatever happens to the files of the log, it is harmless, or it is noticed and everything comes back.
func TestDamageOfTheLog(t *testing.T) {
	t.Parallel()
	sound := newAcknowledgedState(t)
	seed := rand.Uint64()
	t.Logf("random seed: %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range rounds(20, 1000) {
		state := sound.copyTo(t, filepath.Join(t.TempDir(), "data"))
		what := damage(t, random, state.dir, "/log/stream/", "/log/head.json")
		if out, err := state.run(t, "log", "verify"); err != nil {
			if !strings.Contains(out, "bleepstore log repair") {
				t.Errorf("%s: noticed, but without what to do:\n%s", what, out)
			}
			state.mustRun(t, "log", "repair", "--yes")
			wantContains(t, state.mustRun(t, "log", "verify"), "62 commits with 63 events are sound in the archive", "62 commits with 63 events are sound in the log")
		}
		s := state.start(t)
		if err := state.check(t, s); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		s.kill()
	}
}

// Where neither the log nor its archive is left, the metadata begins a new log.
func TestALogBegunWithTheMetadata(t *testing.T) {
	t.Parallel()
	inEachPlace(t, testALogBegunWithTheMetadata)
}

func testALogBegunWithTheMetadata(t *testing.T, place archivePlace) {
	state := newAcknowledgedState(t, place.env...)
	for _, folder := range []string{"log", place.folder} {
		if err := os.RemoveAll(filepath.Join(state.dir, folder)); err != nil {
			t.Fatal(err)
		}
	}
	wantContains(t, state.mustRun(t, "log", "repair", "--from-metadata", "--yes"), "/62/", "Done.")
	wantContains(t, state.mustRun(t, "log", "repair", "--from-metadata", "--yes"), "Done.") // as it would be after a failure
	for range 2 {
		s := state.start(t)
		if err := state.check(t, s); err != nil {
			t.Error(err)
		}
		put(t, s.client(), state.bucket, "more", []byte("more"))
		state.bodies["more"] = []byte("more")
		s.stop(t)
		wantContains(t, state.mustRun(t, "log", "export"), `"type":"log.restored"`)
		state.mustRun(t, "log", "verify")
		if err := os.RemoveAll(filepath.Join(state.dir, "metadata")); err != nil { // which the snapshot has
			t.Fatal(err)
		}
	}
}

// What is written to a log that was begun with metadata in a cloud takes the place of what is there.
func TestALogBegunWithMetadataInACloud(t *testing.T) {
	t.Parallel()
	for _, engine := range startEngines(t) {
		if engine.settings == nil {
			continue
		}
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			state := newAcknowledgedState(t, engine.serving(t.TempDir())...)
			for _, folder := range []string{"log", "archive"} {
				if err := os.RemoveAll(filepath.Join(state.dir, folder)); err != nil {
					t.Fatal(err)
				}
			}
			wantContains(t, state.mustRun(t, "log", "repair", "--from-metadata", "--yes"), "Done.")
			s := state.start(t)
			put(t, s.client(), state.bucket, "key-3", []byte("more"))
			state.bodies["key-3"] = []byte("more")
			if _, err := deleteKeys(t, s.client(), state.bucket, []string{"key-4"}, true); err != nil {
				t.Fatal(err)
			}
			delete(state.bodies, "key-4")
			for range 2 {
				if err := state.check(t, s); err != nil {
					t.Error(err)
				}
				s.stop(t)
				s = state.start(t)
			}
		})
	}
}

// Who starts a server on a damaged log is told what to do, and nobody is served from it.
func TestADamagedLogIsNotServed(t *testing.T) {
	t.Parallel()
	state := newAcknowledgedState(t)
	if err := os.RemoveAll(filepath.Join(state.dir, "log", "stream")); err != nil {
		t.Fatal(err)
	}
	s := launch(t, options{dir: state.dir})
	select {
	case s.endpoint = <-s.log.endpoint:
	case <-time.After(patience):
		t.Fatalf("server did not say within %s where it is", patience)
	}
	health := s.page(t, "/health")
	want(t, "status of /health", health.status, 503)
	wantContains(t, string(health.body), "log repair")
	want(t, "status of /healthz", s.page(t, "/healthz").status, 200)
	want(t, "status of /readyz", s.page(t, "/readyz").status, 503)
	_, err := s.client().ListBuckets(t.Context(), &s3.ListBucketsInput{})
	wantError(t, err, 503, "ServiceUnavailable")
	wantContains(t, s.log.tail(), "the data cannot be trusted", "expected stream BLEEPSTORE_LOG, found none")
	s.stop(t)

	state.mustRun(t, "log", "repair", "--yes")
	if err := state.check(t, state.start(t)); err != nil {
		t.Error(err)
	}
}
