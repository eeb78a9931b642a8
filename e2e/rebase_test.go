package e2e

import (
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// rebaseTarget is a bucket of another server of ours, which a server under test can be rebased to.
type rebaseTarget struct {
	*server
	settings []string // that describe the bucket
}

const rebaseBucket = "target"

func newRebaseTarget(t testing.TB) rebaseTarget {
	t.Helper()
	upstream := startServer(t, options{})
	if _, err := upstream.client().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(rebaseBucket)}); err != nil {
		t.Fatal(err)
	}
	return rebaseTarget{upstream, rebaseSettings(upstream.endpoint)}
}

func rebaseSettings(endpoint string) []string {
	return []string{
		"BLEEPSTORE_STORAGE_S3_BUCKET=" + rebaseBucket, "BLEEPSTORE_STORAGE_S3_PREFIX=a/prefix/", "BLEEPSTORE_STORAGE_S3_ENDPOINT=" + endpoint,
		"BLEEPSTORE_STORAGE_S3_REGION=" + region, "BLEEPSTORE_STORAGE_S3_PATH_STYLE=true",
		"BLEEPSTORE_STORAGE_S3_ACCESS_KEY=" + accessKey, "BLEEPSTORE_STORAGE_S3_SECRET_KEY=" + secretKey,
	}
}

// inS3 is the configuration of a server whose blobs are in S3, or of a command that moves them from there.
const inS3 = "BLEEPSTORE_STORAGE_BACKEND=s3"

// rebase moves the blobs of a data folder. The server, if it runs, does not know the settings.
func rebase(t testing.TB, dir, to string, env ...string) (string, error) {
	t.Helper()
	return acknowledgedState{dir: dir, env: env}.run(t, "rebase", "--storage", to)
}

func mustRebase(t testing.TB, dir, to string, env ...string) string {
	t.Helper()
	return acknowledgedState{dir: dir, env: env}.mustRun(t, "rebase", "--storage", to)
}

// wantNoStart checks that there is no server on a data folder with additions to the environment, and why.
func wantNoStart(t testing.TB, dir, reason string, env ...string) {
	t.Helper()
	out, err := acknowledgedState{dir: dir, env: env}.run(t, "scrub")
	if err == nil || !strings.Contains(out, reason) {
		t.Errorf("%v, want %q\n%s", err, reason, out)
	}
}

// writeDuring lets all writers write, and read what they have written, while something is done. None of it may fail.
func writeDuring(t *testing.T, s *server, writers []*crashWriter, do func()) {
	t.Helper()
	c := s.client()
	var done atomic.Bool
	var group sync.WaitGroup
	for _, w := range writers {
		group.Go(func() {
			for !done.Load() && !t.Failed() {
				if err := w.step(t.Context(), c); err != nil {
					t.Errorf("a write failed: %v", err)
				}
				key := w.keys[w.random.IntN(len(w.keys))]
				if body, err := readObject(t, c, w.bucket, key); err != nil || w.states[key].matching(body) == nil {
					t.Errorf("%s has %d bytes that were not written last: %v", key, len(body), err)
				}
			}
		})
	}
	do()
	done.Store(true)
	group.Wait()
}

// The blobs of a server are moved to another one and back while clients write, and moves are cut short; so is what is beside
// the blobs. All that was acknowledged is there, on the new configuration alone.
func TestRebaseUnderLoad(t *testing.T) {
	t.Parallel()
	inEachPlace(t, func(t *testing.T, place archivePlace) {
		target := newRebaseTarget(t)
		env := slices.Concat(place.env, trimming, []string{"BLEEPSTORE_STORAGE_REAP_AFTER=1s"})
		clouded := slices.Concat(env, target.settings, []string{inS3})
		dir := t.TempDir()
		s := startServer(t, options{dir: dir, env: env})
		bucket := newBucket(t, s.client())
		writers := newCrashWriters(bucket)[:8]
		move := func(to string, settings []string) {
			writeDuring(t, s, writers, func() {
				for range rounds(2, 20) {
					ctx, cancel := context.WithTimeout(t.Context(), rand.N(300*time.Millisecond))
					_, _ = acknowledgedState{dir: dir, env: settings}.runFor(ctx, "rebase", "--storage", to)
					cancel()
				}
				eventually(t, "the blobs are moved", func() error { // the end of one that was cut short takes a moment
					out, err := rebase(t, dir, to, settings...)
					if err != nil && strings.Contains(out, "set storage.backend to") {
						return nil // by one that was cut short too late
					}
					return err
				})
			})
			s.kill()
		}
		move("s3", target.settings)
		wantNoStart(t, dir, "were moved to s3://"+rebaseBucket+"/a/prefix/", env...)
		s = startSweeping(t, dir, slices.Concat(clouded, []string{"BLEEPSTORE_LOG_RETENTION_BYTES=0"})...)
		verifyAfterCrash(t, s.client(), bucket, writers)
		s.stop(t)
		moved := acknowledgedState{dir: dir, env: clouded}
		moved.mustRun(t, "scrub")
		moved.mustRun(t, "log", "verify")

		s = startServer(t, options{dir: dir, env: clouded})
		move("local", nil)
		wantNoStart(t, dir, "were moved to "+dir, clouded...)
		s = startSweeping(t, dir, slices.Concat(env, []string{"BLEEPSTORE_LOG_RETENTION_BYTES=0"})...)
		verifyAfterCrash(t, s.client(), bucket, writers)
		s.stop(t)
		verifyFolder(t, dir, env...)
		wantContains(t, acknowledgedState{dir: dir, env: env}.mustRun(t, "log", "export"), "storage.rebased")
	})
}

// Blobs are moved on from each storage to the next one while clients write, and back to where they began.
func TestRebaseFromCloudToCloud(t *testing.T) {
	t.Parallel()
	storages := []storage{startGCS(t), startAzBlob(t), startS3(t), {name: "local"}}
	dir := t.TempDir()
	env := append(placesFor(dir), "BLEEPSTORE_ARCHIVE_BACKEND=storage", "BLEEPSTORE_STORAGE_REAP_AFTER=1s")
	s := startServer(t, options{dir: dir, env: env})
	bucket, still := newBucket(t, s.client()), newBucket(t, s.client())
	writers := newCrashWriters(bucket)[:4]
	large := randomBytes(20 << 20)
	put(t, s.client(), still, "large", large)
	for _, storage := range storages {
		settings := slices.Concat(env, storage.settings)
		settings = slices.DeleteFunc(settings, func(s string) bool { return strings.HasPrefix(s, "BLEEPSTORE_STORAGE_BACKEND=") })
		writeDuring(t, s, writers, func() { mustRebase(t, dir, storage.name, settings...) })
		wantBytes(t, get(t, s.client(), still, "large"), large)
	}
	s.stop(t)
	s = startSweeping(t, dir, env...)
	wantBytes(t, get(t, s.client(), still, "large"), large)
	verifyAfterCrash(t, s.client(), bucket, writers)
	s.stop(t)
	verifyFolder(t, dir, env...)
}

// One process moves its blobs to and fro. A client that sends its body slowly meanwhile keeps nobody waiting, and is not cut off.
func TestRebaseWithASlowClient(t *testing.T) {
	t.Parallel()
	target := newRebaseTarget(t)
	state := newAcknowledgedState(t)
	s := state.start(t)
	body := randomBytes(300_000)
	read, write := io.Pipe()
	slow := make(chan error, 1)
	signed, err := s3.NewPresignClient(s.client()).PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: &state.bucket, Key: aws.String("slow")})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, signed.URL, read)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(body))
	go func() {
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				err = errors.New(answer.Status)
			}
		}
		slow <- err
	}()
	if _, err := write.Write(body[:100_000]); err != nil {
		t.Fatal(err)
	}
	wantContains(t, mustRebase(t, s.dir, "s3", target.settings...), "60 with", "set storage.backend to s3")
	put(t, s.client(), state.bucket, "new", []byte("content"))
	state.bodies["new"] = []byte("content")
	mustRebase(t, s.dir, "local")
	out := mustRebase(t, s.dir, "s3", target.settings...)
	wantContains(t, out, "All blobs are in s3://"+rebaseBucket+"/a/prefix/ at "+target.endpoint+": 0 with 0 bytes were new there")
	if strings.Contains(out, secretKey) {
		t.Errorf("a secret is told:\n%s", out)
	}
	if _, err := write.Write(body[100_000:]); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if err := <-slow; err != nil {
		t.Error(err)
	}
	state.bodies["slow"] = body
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	out, err = rebase(t, s.dir, "s3", target.settings...)
	if err == nil || !strings.Contains(out, "already") {
		t.Errorf("moved to where the blobs are: %v\n%s", err, out)
	}
	s.stop(t)
	wantNoStart(t, s.dir, "set storage.backend")
	s = state.start(t, append(target.settings, inS3)...)
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	s.stop(t)
}

// A server that is killed at any point of a move loses nothing, and the move is gone on with, without a server too.
func TestRebaseThatIsKilled(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "bleepstore")
	if err := build(program, "-tags", "failpoints"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		point string
		old   string // what a server with the old configuration says; empty if it starts
	}{
		{"blob copied:30", ""}, {"storage copied:1", ""}, {"storage decided:1", "were moved to"}, {"storage switched:1", "were moved to"},
	} {
		t.Run(test.point, func(t *testing.T) {
			t.Parallel()
			target := newRebaseTarget(t)
			clouded := append(slices.Clone(target.settings), inS3)
			dir := t.TempDir()
			s := startServer(t, options{dir: dir, binary: program, env: []string{"FAILPOINT=" + test.point}})
			bucket := newBucket(t, s.client())
			writers := newCrashWriters(bucket)
			crashUnderLoad(t, s, writers, 300, func() {
				if out, err := rebase(t, dir, "s3", target.settings...); err == nil {
					t.Errorf("not killed:\n%s", out)
				}
				s.kill()
			})
			if test.old != "" {
				wantNoStart(t, dir, test.old)
			} else {
				s = startServer(t, options{dir: dir})
				verifyAfterCrash(t, s.client(), bucket, writers)
				s.stop(t)
				wantNoStart(t, dir, "not all blobs", clouded...)
				archived := acknowledgedState{dir: dir, env: append(clouded, "BLEEPSTORE_ARCHIVE_BACKEND=storage")}
				if out, err := archived.run(t, "log", "repair", "--from-metadata"); err == nil || !strings.Contains(out, "not all blobs") {
					t.Errorf("a repair with half of the files: %v\n%s", err, out)
				}
			}
			out, err := rebase(t, dir, "s3", target.settings...)
			if done := test.point == "storage switched:1"; done != (err != nil) || done && !strings.Contains(out, "already") {
				t.Errorf("%v\n%s", err, out)
			}
			wantNoStart(t, dir, "were moved to")
			s = startSweeping(t, dir, clouded...)
			verifyAfterCrash(t, s.client(), bucket, writers)
			s.stop(t)
			acknowledgedState{dir: dir, env: clouded}.mustRun(t, "scrub")
		})
	}
}

// An object that is damaged is named, and keeps all from being moved until it is gone.
func TestRebaseOfADamagedObject(t *testing.T) {
	t.Parallel()
	target := newRebaseTarget(t)
	s := startServer(t, options{})
	c := s.client()
	bucket := newBucket(t, c)
	put(t, c, bucket, "sound", []byte("sound"))
	put(t, c, bucket, "damaged", randomBytes(200_000))
	flipBit(t, filepath.Join(s.dir, "blobs", "large"), 200_000)
	out, err := rebase(t, s.dir, "s3", target.settings...)
	if err == nil {
		t.Error("damage is no error")
	}
	wantContains(t, out, `of object "damaged" in bucket "`+bucket+`" names, is damaged`, "1 blobs cannot be copied")
	wantBytes(t, get(t, c, bucket, "sound"), []byte("sound"))
	if _, err := deleteKeys(t, c, bucket, []string{"damaged"}, true); err != nil {
		t.Fatal(err)
	}
	mustRebase(t, s.dir, "s3", target.settings...)
	wantBytes(t, get(t, c, bucket, "sound"), []byte("sound"))
	s.stop(t)
	s = startServer(t, options{dir: s.dir, env: append(target.settings, inS3)})
	wantBytes(t, get(t, s.client(), bucket, "sound"), []byte("sound"))
}

// Where blobs are moved to fails in the middle: clients notice nothing, and the next move skips what is there.
func TestRebaseToWhatFails(t *testing.T) {
	t.Parallel()
	target := newRebaseTarget(t)
	upstream, err := url.Parse(target.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var left atomic.Int64 // of the requests that are passed on
	left.Store(100)
	forward := httputil.NewSingleHostReverseProxy(upstream)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if left.Add(-1) < 0 {
			panic(http.ErrAbortHandler) // which cuts the connection
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	state := newAcknowledgedState(t)
	s := state.start(t)
	out, err := rebase(t, s.dir, "s3", rebaseSettings(proxy.URL)...)
	if err == nil {
		t.Error("the move did not fail")
	}
	wantContains(t, out, "nothing has changed for the server", "run the command again", "unavailable")
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	put(t, s.client(), state.bucket, "new", []byte("content"))
	state.bodies["new"] = []byte("content")
	left.Store(1 << 40)
	out = mustRebase(t, s.dir, "s3", rebaseSettings(proxy.URL)...)
	if strings.Contains(out, "61 blobs with") {
		t.Errorf("what was there is copied again:\n%s", out)
	}
	s.stop(t)
	s = state.start(t, append(rebaseSettings(proxy.URL), inS3)...)
	if err := state.check(t, s); err != nil {
		t.Error(err)
	}
	s.stop(t)
}

func TestRebasesThatAreRefused(t *testing.T) {
	t.Parallel()
	state, target := newAcknowledgedState(t), newRebaseTarget(t)
	refused := func(reason, to string, env ...string) {
		t.Helper()
		if out, err := rebase(t, state.dir, to, env...); err == nil || !strings.Contains(out, reason) {
			t.Errorf("to %s: %v, want %q\n%s", to, err, reason, out)
		}
	}
	refused("want one of local, s3, gcs, azblob", "memory")
	refused("already", "local")
	refused("the name of a bucket", "s3")
	refused("there is no bucket missing", "s3", append(slices.Clone(target.settings), "BLEEPSTORE_STORAGE_S3_BUCKET=missing")...)
	put(t, target.client(), rebaseBucket, "a/prefix/files/theirs", []byte("whose?"))
	refused("would say whose they are", "s3", target.settings...)
	other := newAcknowledgedState(t)
	elsewhere := append(slices.Clone(target.settings), "BLEEPSTORE_STORAGE_S3_PREFIX=other/")
	mustRebase(t, other.dir, "s3", elsewhere...)
	refused("has blobs of another log", "s3", elsewhere...)
	if err := state.check(t, state.start(t)); err != nil {
		t.Error(err)
	}
}

// A part that is moved before its upload is completed says beside its bytes of which object it is, as one that is uploaded does.
func TestRebaseLabelsParts(t *testing.T) {
	t.Parallel()
	target := newRebaseTarget(t)
	s := startServer(t, options{})
	bucket := newBucket(t, s.client())
	for _, key := range []string{"another", "assembled", "zero"} {
		newUpload(t, s.client(), bucket, key).mustPart(1, []byte("part of "+key))
	}
	mustRebase(t, s.dir, "s3", target.settings...)
	labels := make(map[string]int)
	pages := s3.NewListObjectsV2Paginator(target.client(), &s3.ListObjectsV2Input{Bucket: aws.String(rebaseBucket), Prefix: aws.String("a/prefix/blobs/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			head, err := target.client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(rebaseBucket), Key: object.Key})
			if err != nil {
				t.Fatal(err)
			}
			labels[head.Metadata["bucket"]+"/"+head.Metadata["key"]+" "+head.Metadata["part"]]++
		}
	}
	want := map[string]int{bucket + "/another 1": 1, bucket + "/assembled 1": 1, bucket + "/zero 1": 1}
	if !maps.Equal(labels, want) {
		t.Errorf("blobs are labelled %v, want %v", labels, want)
	}
}
