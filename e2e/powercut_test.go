//go:build linux

package e2e

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/e2e/powercut"
)

const (
	maxPoweredWrites = 150 // that are acknowledged before the power is cut
	maxPoweredStart  = 400 // operations of the file system before it is cut while the server starts, which needs more
)

// The power is cut in the middle of a load of writes, and often again while the server starts, many times on one disk,
// which loses what was not synced. What was acknowledged must be there, as after the other crashes.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	p := newPower(t)
	p.place = archivePlaces[p.random.IntN(len(archivePlaces))]
	p.cutInStarts(t)
	s := startServer(t, options{dir: p.dir, env: p.place.env})
	bucket := newBucket(t, s.client())
	writers := newCrashWriters(bucket)
	for round := range rounds(10, 100) {
		crashUnderLoad(t, s, writers, 1+p.random.Int64N(maxPoweredWrites), func() { p.cut(t, s) })
		p.cutInStarts(t)
		s = startSweeping(t, p.dir, p.place.env...)
		verifyAfterCrash(t, s.client(), bucket, writers)
		s.stop(t)
		verifyFolder(t, p.dir, p.place.env...)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		env := []string{"BLEEPSTORE_SNAPSHOT_INTERVAL=0s", "BLEEPSTORE_STORAGE_REAP_AFTER=1s"}
		if p.random.IntN(2) == 0 {
			env = trimming
		}
		s = startServer(t, options{dir: p.dir, env: slices.Concat(env, p.place.env)})
	}
}

// power is what a server and its disk run on.
type power struct {
	random  *rand.Rand
	place   archivePlace
	disk    *powercut.FS
	dir     string // data folder on it
	unmount func() error
}

// newPower mounts an empty disk, which stays mounted until the servers on it have ended with the test.
func newPower(t *testing.T) *power {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	p := &power{random: rand.New(rand.NewPCG(seed, 0)), disk: powercut.New()}
	p.mount(t)
	t.Cleanup(func() { p.unplug(t) })
	return p
}

// mount mounts the disk.
func (p *power) mount(t *testing.T) {
	t.Helper()
	mountpoint := t.TempDir()
	unmount, err := p.disk.Mount(mountpoint)
	if err != nil {
		require(t, "permission to mount FUSE: "+err.Error())
	}
	p.dir, p.unmount = filepath.Join(mountpoint, "data"), unmount
}

// unplug unmounts the disk.
func (p *power) unplug(t *testing.T) {
	t.Helper()
	if err := p.unmount(); err != nil {
		t.Errorf("unmount the disk of %s: %v", p.dir, err)
	}
}

// cut cuts the power of a server, and mounts what is left of the disk.
func (p *power) cut(t *testing.T, s *server) {
	t.Helper()
	p.disk = p.disk.Cut(p.random) // first, because to a disk, the end of a process is nothing
	s.kill()
	p.unplug(t)
	p.mount(t)
}

// cutInStarts starts the server and cuts its power meanwhile, until it had luck.
func (p *power) cutInStarts(t *testing.T) {
	t.Helper()
	for p.random.IntN(2) == 0 {
		off := p.disk.CutAfter(1 + p.random.IntN(maxPoweredStart))
		s := launch(t, options{dir: p.dir, env: p.place.env})
		select {
		case <-off:
		case <-s.exited:
			select {
			case <-off: // before it ended, which is what it then does
			default:
				t.Fatalf("server ended at its start, with the power on: %v", s.process.ProcessState)
			}
		case <-s.log.endpoint: // it needed less, and nothing is lost
		case <-time.After(patience):
			t.Fatalf("server did not start within %s", patience)
		}
		p.cut(t, s)
	}
}
