package jsonl

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

// step is what the i-th commit of a log would change: the same records again and again, in all files.
func step(i int) []projections.Change {
	text := strings.Repeat("x", 200)
	changes := []projections.Change{projections.PutBucket{Bucket: &projections.Bucket{Name: "b", Region: fmt.Sprint(i)}}}
	for j := range 10 {
		key := fmt.Sprint("key", (i*7+j)%40)
		object := eventlog.Object{Version: fmt.Sprintf("%08d", i), ETag: text}
		if (i+j)%5 == 0 {
			changes = append(changes, projections.DeleteObject{Bucket: "b", Key: key})
		} else {
			changes = append(changes, projections.PutObject{Object: &projections.Object{Bucket: "b", Key: key, Object: object}})
		}
		version := fmt.Sprint("version", j%3)
		if (i+j)%3 == 0 {
			changes = append(changes, projections.DeleteVersion{Bucket: "b", Key: key, Version: version})
		} else {
			object.Version = version
			changes = append(changes, projections.PutVersion{Version: &projections.Version{Bucket: "b", Key: key, Object: object}})
		}
	}
	upload, ended := fmt.Sprint("upload", i%4), fmt.Sprint("upload", (i+2)%4)
	return append(changes,
		projections.PutUpload{Upload: &projections.Upload{Bucket: "b", Key: "k", ID: upload}},
		projections.PutPart{Part: &projections.Part{Upload: upload, Part: eventlog.Part{Number: 1 + i%3, ETag: text}}},
		projections.DeleteUpload{Bucket: "b", Key: "k", ID: ended},
		projections.SetShared{Blob: fmt.Sprint("blob", i%5), Count: int64(i % 4)},
		projections.PutGarbage{Garbage: projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: fmt.Sprint("blob", i%9)}}},
		projections.DeleteGarbage{Garbage: projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: fmt.Sprint("blob", (i+3)%9)}}},
	)
}

func at(seq int) eventlog.Position { return eventlog.Position{Log: "log", Seq: uint64(seq)} }

// history is what a store holds after each of the steps, the first of which is 1.
func history(t *testing.T, steps int) []storetest.Dump {
	t.Helper()
	store := memory.New()
	dumps := []storetest.Dump{dump(t, store)}
	for i := 1; i <= steps; i++ {
		if err := store.Apply(t.Context(), at(i), step(i)); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dump(t, store))
	}
	return dumps
}

func dump(t *testing.T, store projections.Records) storetest.Dump {
	t.Helper()
	d, err := storetest.DumpOf(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func openOn(t *testing.T, fs vfs.FS) *Store {
	t.Helper()
	s, err := open("data", fs)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// wantHistory checks that a store is as a step left it, and returns which.
func wantHistory(t *testing.T, s *Store, history []storetest.Dump) int {
	t.Helper()
	got := dump(t, s)
	seq := int(got.Position.Seq)
	if !reflect.DeepEqual(got, history[seq]) {
		t.Fatalf("at %d:\n got %+v\nwant %+v", seq, got, history[seq])
	}
	return seq
}

// applySteps applies steps, up to three of them at once, as a projector that finds several commits.
func applySteps(t *testing.T, random *rand.Rand, s *Store, from, to int, applied func(int)) {
	t.Helper()
	for from < to {
		var changes []projections.Change
		for range min(1+random.IntN(3), to-from) {
			from++
			changes = append(changes, step(from)...)
		}
		if err := s.Apply(t.Context(), at(from), changes); err != nil {
			t.Fatal(err)
		}
		applied(from)
	}
}

// crash is what is on the disk after a crash.
type crash struct {
	*vfs.MemFS
	percent int // of what was not synced
	applied int // the last step that was applied before
	durable int // the last step that was made durable before
}

// crashes keeps what crashes would leave at random moments of the work on a disk.
type crashes struct {
	vfs.FS // to work on

	mu      sync.Mutex
	all     []crash
	applied int
	durable int
}

func newDisk(disk *vfs.MemFS) *vfs.MemFS {
	disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 40})
	return disk
}

// newCrashes begins with a disk, and has one of ten changes to it end in a crash.
func newCrashes(disk *vfs.MemFS, random *rand.Rand) *crashes {
	random = rand.New(rand.NewPCG(random.Uint64(), 0)) // of its own: the store works in the background too
	c := &crashes{}
	c.FS = errorfs.Wrap(newDisk(disk), errorfs.InjectorFunc(func(op errorfs.Op) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && random.IntN(10) == 0 {
			percent := []int{0, 10, 50, 90, 100}[random.IntN(5)]
			clone := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random})
			c.all = append(c.all, crash{clone, percent, c.applied, c.durable})
		}
		return nil
	}))
	return c
}

func (c *crashes) setApplied(step int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applied = step
}

func (c *crashes) setDurable(step int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.durable = step
}

// TestCrash opens what crashes leave, of the process alone and of the power, in the middle of any work. There is the state as
// of the position, which is behind what was durable and, where the kernel lived on, what was applied. Work goes on from there,
// with other commits, and crashes again.
func TestCrash(t *testing.T) {
	const steps, reopen, rounds, each = 200, 50, 3, 40
	seed := rand.Uint64()
	t.Logf("random seed: %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	history := history(t, steps)

	disk := newCrashes(vfs.NewCrashableMem(), random)
	for from := 0; from < steps; from += reopen {
		s := openOn(t, disk)
		applySteps(t, random, s, from, from+reopen, disk.setApplied)
		closeStore(t, s)
		disk.setDurable(from + reopen)
	}
	left := disk.all
	for round := range rounds {
		if len(left) == 0 {
			t.Fatalf("no crashes in round %d", round)
		}
		random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		left = left[:min(len(left), each)]
		var next []crash
		for _, crash := range left {
			next = append(next, recoverFrom(t, random, crash, history)...)
		}
		left = next
	}
}

// recoverFrom opens what a crash has left, checks it and applies some more, and returns what crashes meanwhile would leave.
func recoverFrom(t *testing.T, random *rand.Rand, crash crash, history []storetest.Dump) []crash {
	t.Helper()
	disk := newCrashes(crash.MemFS, random)
	s := openOn(t, disk)
	seq := wantHistory(t, s, history)
	if seq < crash.durable || crash.percent == 100 && seq < crash.applied {
		t.Fatalf("the store is at %d after a crash that took %d%% of what was not synced, at %d of which %d were durable",
			seq, 100-crash.percent, crash.applied, crash.durable)
	}
	disk.setApplied(seq)
	disk.setDurable(crash.durable)
	applySteps(t, random, s, seq, min(seq+5, len(history)-1), disk.setApplied)
	wantHistory(t, s, history)
	closeStore(t, s)
	return disk.all
}

// TestLeftovers has a crash lose what one of three commits appended, another commit of the same length come in its place, and
// the process be killed. The third commit's line is whole and behind the other's, but it follows from one that is gone.
func TestLeftovers(t *testing.T) {
	put := func(bucket, region string) []projections.Change {
		return []projections.Change{projections.PutBucket{Bucket: &projections.Bucket{Name: bucket, Region: region}}}
	}
	disk := newDisk(vfs.NewCrashableMem())
	s := openOn(t, disk)
	lost := end{}
	for i, bucket := range []string{"a", "b", "c"} {
		if i == 1 {
			lost = s.generation.end
		}
		if err := s.Apply(t.Context(), at(i+1), put(bucket, "first")); err != nil {
			t.Fatal(err)
		}
	}
	killed := func(disk *vfs.MemFS) *vfs.MemFS {
		return newDisk(disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(0, 0))}))
	}
	after := killed(disk)
	closeStore(t, s)
	file, err := after.OpenReadWrite("data/000001/buckets.jsonl", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte{0}, lost.files[buckets].bytes); err != nil {
		t.Fatal(err)
	}
	file.Close()

	s = openOn(t, after)
	if seq := dump(t, s).Position.Seq; seq != 1 {
		t.Fatalf("at %d, want 1, before what is lost", seq)
	}
	if err := s.Apply(t.Context(), at(2), put("b", "other")); err != nil {
		t.Fatal(err)
	}
	after = killed(after)
	closeStore(t, s)
	s = openOn(t, after)
	if d := dump(t, s); d.Position.Seq != 2 || len(d.Buckets) != 2 {
		t.Errorf("at %d with %d buckets, want 2 and 2", d.Position.Seq, len(d.Buckets))
	}
	closeStore(t, s)
}

// TestCloseAfterKill has what a killed process had not made durable be so when the next one closes the store.
func TestCloseAfterKill(t *testing.T) {
	disk := newDisk(vfs.NewCrashableMem())
	killed := openOn(t, disk)
	apply(t, killed, 1)
	killed.stop()
	killed.background.Wait()
	killed.lock.Close()

	s := openOn(t, disk)
	if seq := dump(t, s).Position.Seq; seq != 1 {
		t.Fatalf("at %d after a kill, want 1", seq)
	}
	closeStore(t, s)
	if got := syncedPosition(t, disk); got != 1 {
		t.Errorf("at %d after a power cut behind a Close, want 1", got)
	}
}
