//go:build linux

package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/bleepstore/bleepstore/e2e/powercut"
)

const (
	brokenSteps  = 10 // that each writer does on a broken disk
	brokenStarts = 3  // at most, of the server, on a broken disk
)

// places are the parts of a data folder that a disk may be broken at.
var places = []string{"/log/", "/metadata/", "/blobs/small/", "/blobs/large/", "/blobs/tmp/", "/archive/", "/"}

// fault is a place of a disk that is broken.
type fault struct {
	place         string
	reads, writes bool
	odds          int // one of so many operations fails; all do if it is 0
}

func randomFault(random *rand.Rand) fault {
	f := fault{place: places[random.IntN(len(places))]}
	f.reads = random.IntN(2) == 0
	f.writes = !f.reads || random.IntN(4) == 0
	if random.IntN(2) == 0 {
		f.odds = 1 + random.IntN(30)
	}
	return f
}

// breakDisk lets operations of the disk fail.
func (p *power) breakDisk(f fault) {
	random := rand.New(rand.NewPCG(p.random.Uint64(), 0))
	p.disk.Fail(func(o powercut.Operation) bool {
		return strings.Contains(o.Path, f.place) && (o.Change && f.writes || !o.Change && f.reads) && random.IntN(max(f.odds, 1)) == 0
	})
}

// Whatever reads and writes of a disk fail, nothing that was acknowledged is lost, and nobody gets other bytes than were
// written. When the disk is whole again, a restart is enough.
func TestBrokenDisk(t *testing.T) {
	t.Parallel()
	p := newPower(t)
	s := startServer(t, options{dir: p.dir})
	bucket := newBucket(t, s.client())
	writers := newCrashWriters(bucket)
	s.stop(t)
	for round := range rounds(10, 100) {
		f := randomFault(p.random)
		s = startServer(t, options{dir: p.dir, env: trimming})
		p.breakDisk(f)
		writeOnABrokenDisk(t, s, writers)
		readOnABrokenDisk(t, s, writers)
		s.kill()
		for range p.random.IntN(brokenStarts + 1) {
			startOnABrokenDisk(t, p.dir, writers)
		}
		p.disk.Fail(nil)
		s = startSweeping(t, p.dir)
		verifyAfterCrash(t, s.client(), bucket, writers)
		s.stop(t)
		verifyFolder(t, p.dir)
		if t.Failed() {
			t.Fatalf("in round %d, of %+v", round, f)
		}
	}
}

// writeOnABrokenDisk lets all writers write, whether that succeeds or not.
func writeOnABrokenDisk(t *testing.T, s *server, writers []*crashWriter) {
	t.Helper()
	c := s.client()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var group sync.WaitGroup
	for _, w := range writers {
		group.Go(func() {
			for range brokenSteps {
				if err := w.step(ctx, c); err != nil && !isFailure(err) {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	group.Wait()
}

// readOnABrokenDisk reads all objects, each of which must be right or fail.
func readOnABrokenDisk(t *testing.T, s *server, writers []*crashWriter) {
	t.Helper()
	c := s.client()
	for _, w := range writers {
		for key, state := range w.states {
			body, err := readObject(t, c, w.bucket, key)
			switch {
			case err != nil && !isFailure(err):
				t.Errorf("get %s: %v", key, err)
			case err == nil && state.matching(body) == nil:
				t.Errorf("%s has %d bytes (present: %t); acknowledged: %+v, not acknowledged: %+v", key, len(body), body != nil, state.now, state.open)
			}
		}
	}
}

// startOnABrokenDisk starts a server, reads what it has unless it ends or says that something failed, and kills it.
func startOnABrokenDisk(t *testing.T, dir string, writers []*crashWriter) {
	t.Helper()
	s := launch(t, options{dir: dir, env: trimming})
	defer s.kill()
	eventually(t, "the server serves, ends or says what failed", func() error {
		select {
		case s.endpoint = <-s.log.endpoint:
		case <-s.exited:
		default:
			if !strings.Contains(s.log.tail(), "input/output error") {
				return errors.New("none of them")
			}
		}
		return nil
	})
	if s.endpoint != "" {
		readOnABrokenDisk(t, s, writers)
	}
}

// isFailure tells whether an error says that the server failed, or cut the connection, and not that the client is wrong.
func isFailure(err error) bool {
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	return !ok || answer.HTTPStatusCode()/100 != 4
}
