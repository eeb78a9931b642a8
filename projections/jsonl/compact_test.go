package jsonl

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/bleepstore/bleepstore/projections"
)

// generations lists the folders of generations.
func generations(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	names, err := fs.List("data")
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "lock" })
	slices.Sort(names)
	return names
}

func putBucket(t *testing.T, s *Store, i int) {
	t.Helper()
	change := projections.PutBucket{Bucket: &projections.Bucket{Name: fmt.Sprint("b", i%7), Region: fmt.Sprint(i)}}
	if err := s.Apply(t.Context(), at(i), []projections.Change{change}); err != nil {
		t.Fatal(err)
	}
}

// TestCompaction writes the same records until the files have been replaced several times.
func TestCompaction(t *testing.T) {
	disk := newDisk(vfs.NewMem())
	s := openOn(t, disk)
	putBucket(t, s, 1)
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := 1
	for generation := 2; generation <= 4; generation++ {
		name := fmt.Sprintf("%06d", generation)
		await(t, "there is generation "+name, func() bool {
			last++
			putBucket(t, s, last)
			if b, err := s.Bucket(t.Context(), fmt.Sprint("b", last%7)); err != nil || b.Region != fmt.Sprint(last) {
				t.Fatalf("the store has %v, error %v, in place of what was just applied", b, err)
			}
			return slices.Equal(generations(t, disk), []string{name})
		})
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if b, err := snapshot.Bucket(t.Context(), "b1"); err != nil || b.Region != "1" {
		t.Errorf("the snapshot has %v, error %v", b, err)
	}
	want := dump(t, s)
	closeStore(t, s)
	if lines := s.generation.end.lines(); lines > int64(last)/2 {
		t.Errorf("there are %d lines of %d, after compactions", lines, last)
	}

	s = openOn(t, disk)
	if got := dump(t, s); !reflect.DeepEqual(got, want) {
		t.Errorf("opened again:\n got %v\nwant %v", got, want)
	}
	closeStore(t, s)
}

// A new generation would fill a disk that has little space left, so there is none until it has.
func TestNoCompactionWithoutSpace(t *testing.T) {
	disk := vfs.NewMem()
	disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: reserve})
	s := openOn(t, disk)
	for i := range 3 * minDead {
		putBucket(t, s, i)
	}
	if err := s.tidy(t.Context()); err != nil {
		t.Errorf("without space for a new generation: %v", err)
	}
	if got := generations(t, disk); !slices.Equal(got, []string{"000001"}) {
		t.Errorf("generations %v", got)
	}
	closeStore(t, s)

	newDisk(disk)
	s = openOn(t, disk)
	await(t, "the files are replaced after opening", func() bool { return slices.Equal(generations(t, disk), []string{"000002"}) })
	closeStore(t, s)
}

// Files that lose what was written to them, as after a failed sync, are not copied without that.
func TestCopyOfDamage(t *testing.T) {
	disk := vfs.NewMem()
	old, err := create(disk, "old")
	if err != nil {
		t.Fatal(err)
	}
	defer old.close()
	from := old.end
	for i := range 3 {
		var b batch
		if err := b.add(projections.PutBucket{Bucket: &projections.Bucket{Name: fmt.Sprint(i)}}); err != nil {
			t.Fatal(err)
		}
		if err := old.append(commit{Position: at(i)}, &b); err != nil {
			t.Fatal(err)
		}
	}
	next, err := create(disk, "next")
	if err != nil {
		t.Fatal(err)
	}
	defer next.close()
	if err := next.copy(old, from, old.end); err != nil {
		t.Fatal(err)
	}
	if _, err := old.files[buckets].WriteAt([]byte{0}, old.end.files[buckets].bytes-1); err != nil {
		t.Fatal(err)
	}
	if err := next.copy(old, from, old.end); err == nil {
		t.Error("damaged files were copied without an error")
	}
}
