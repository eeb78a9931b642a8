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
// errNoticed if the server ended, or answered that it cannot.
func (a acknowledgedState) serve(t testing.TB) error {
	t.Helper()
	s := launch(t, options{dir: a.dir, env: a.env})
	defer s.kill()
	select {
	case s.endpoint = <-s.log.endpoint:
	case <-s.exited:
		return fmt.Errorf("%w: %s", errNoticed, s.log.tail())
	case <-time.After(patience):
		return errors.New("the server neither served nor ended")
	}
	err := a.check(t, s)
	if answer, ok := errors.AsType[smithy.APIError](err); ok && (answer.ErrorCode() == "InternalError" || answer.ErrorCode() == "ServiceUnavailable") {
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
