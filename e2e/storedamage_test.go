package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// newSettledState makes a data folder with files of all kinds: of objects large and small, and of Pebble, which turns its
// logs into tables when it is opened.
func newSettledState(t testing.TB, env ...string) acknowledgedState {
	t.Helper()
	state := newAcknowledgedState(t, env...)
	for i := range 2 {
		s := state.start(t)
		for key, size := range map[string]int{fmt.Sprint("small-", i): 1000, fmt.Sprint("large-", i): 200_000} {
			state.bodies[key] = randomBytes(size)
			put(t, s.client(), state.bucket, key, state.bodies[key])
		}
		s.stop(t)
	}
	return state
}

// errNoticed says that a server does not do what it should, and says so itself.
var errNoticed = errors.New("the server noticed")

// serve starts a server on the data folder, compares what it has with what was acknowledged, and kills it. The error is
// errNoticed if the server answered that it cannot. It must not end, and where it serves nobody, it must say what to do.
func (a acknowledgedState) serve(t testing.TB) error {
	t.Helper()
	s := launch(t, options{dir: a.dir, env: a.env})
	defer s.kill()
	select {
	case s.endpoint = <-s.log.endpoint:
	case <-s.exited:
		return fmt.Errorf("the server ended: %s", s.log.tail())
	case <-time.After(patience):
		return errors.New("the server neither served nor ended")
	}
	err := a.check(t, s)
	select {
	case <-s.exited:
		return fmt.Errorf("the server ended: %s", s.log.tail())
	default:
	}
	answer, ok := errors.AsType[smithy.APIError](err)
	switch {
	case ok && answer.ErrorCode() == "InternalError":
		return fmt.Errorf("%w: %w", errNoticed, err)
	case ok && answer.ErrorCode() == "ServiceUnavailable" && strings.Contains(s.log.tail(), "stop the server"):
		return fmt.Errorf("%w: %w", errNoticed, err)
	}
	return err
}

// damaged damages copies of a sound state, and hands each to check.
func damaged(t *testing.T, sound acknowledgedState, where string, check func(t *testing.T, state acknowledgedState)) {
	t.Helper()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range rounds(10, 500) {
		state := sound.copyTo(t, filepath.Join(t.TempDir(), "data"))
		what := damage(t, random, state.dir, where)
		check(t, state)
		if t.Failed() {
			t.Fatalf("%s (random seed %d)", what, seed)
		}
		if err := os.RemoveAll(state.dir); err != nil {
			t.Fatal(err)
		}
	}
}

// The metadata can be lost as a whole, so it is enough that damage is noticed before it misleads.
func TestDamageOfTheMetadata(t *testing.T) {
	t.Parallel()
	damaged(t, newSettledState(t), "/metadata/", func(t *testing.T, state acknowledgedState) {
		err := state.serve(t)
		if errors.Is(err, errNoticed) {
			if err := os.RemoveAll(filepath.Join(state.dir, "metadata")); err != nil {
				t.Fatal(err)
			}
			err = state.serve(t)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// Who starts a server on metadata or blobs that cannot be opened is told what to do, and nobody is served meanwhile. The
// one is made anew, of the other there must be a backup.
func TestADamagedStoreIsNotServed(t *testing.T) {
	t.Parallel()
	sound := newSettledState(t)
	for folder, told := range map[string]string{
		"metadata":    "it can be filled again from snapshot and log",
		"blobs/small": "restore that folder from a backup",
	} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			state := sound.copyTo(t, filepath.Join(t.TempDir(), "data"))
			damaged := filepath.Join(state.dir, folder)
			manifests, err := filepath.Glob(filepath.Join(damaged, "MANIFEST-*"))
			if err != nil || len(manifests) == 0 {
				t.Fatalf("files to damage: %v, %v", manifests, err)
			}
			for _, path := range manifests {
				if err := os.Truncate(path, 10); err != nil {
					t.Fatal(err)
				}
			}
			s := launch(t, options{dir: state.dir})
			select {
			case s.endpoint = <-s.log.endpoint:
			case <-time.After(patience):
				t.Fatalf("server did not say within %s where it is", patience)
			}
			want(t, "status of /healthz", s.page(t, "/healthz").status, 200)
			want(t, "status of /readyz", s.page(t, "/readyz").status, 503)
			wantContains(t, string(s.page(t, "/health").body), damaged, told)
			_, err = s.client().ListBuckets(t.Context(), &s3.ListBucketsInput{})
			wantError(t, err, 503, "ServiceUnavailable")
			wantContains(t, s.log.tail(), "the data cannot be trusted", damaged, told)
			s.stop(t)

			if err := os.Rename(damaged, damaged+".damaged"); err != nil {
				t.Fatal(err)
			}
			if folder != "metadata" {
				if out, err := bleepstore(t, state.dir, "scrub"); err == nil {
					t.Errorf("nothing is missing without %s:\n%s", damaged, out)
				}
				if err := errors.Join(os.RemoveAll(damaged), os.CopyFS(damaged, os.DirFS(filepath.Join(sound.dir, folder)))); err != nil {
					t.Fatal(err)
				}
			}
			if err := state.serve(t); err != nil {
				t.Error(err)
			}
		})
	}
}

// Nobody gets other bytes than were stored, and the scrub finds what is damaged.
func TestDamageOfTheBlobs(t *testing.T) {
	t.Parallel()
	damaged(t, newSettledState(t), "/blobs/", func(t *testing.T, state acknowledgedState) {
		out, scrub := state.run(t, "scrub")
		switch err := state.serve(t); {
		case err == nil && scrub != nil && !strings.Contains(out, "bleepstore: "):
			t.Errorf("scrub says %v, but all is there:\n%s", scrub, out)
		case err != nil && scrub == nil:
			t.Errorf("scrub found nothing, but %v", err)
		}
	})
}

// The archive is a copy: damage of it takes nothing from anybody, and is noticed, or what is missing is archived again.
func TestDamageOfTheArchive(t *testing.T) {
	t.Parallel()
	inEachPlace(t, testDamageOfTheArchive)
}

func testDamageOfTheArchive(t *testing.T, place archivePlace) {
	damaged(t, newSettledState(t, place.env...), "/"+place.folder+"/", func(t *testing.T, state acknowledgedState) {
		_, noticed := state.run(t, "log", "verify")
		if err := state.serve(t); err != nil {
			t.Error(err)
		}
		if noticed != nil {
			return
		}
		s := state.start(t)
		eventually(t, "the archive is whole", func() error {
			out, err := state.run(t, "log", "verify")
			if err == nil && strings.Count(out, "66 commits with 67 events are sound") != 2 {
				err = errors.New(out)
			}
			return err
		})
		s.kill()
	})
}
