package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	blobs "github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/internal/files/filestest"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/pebble"
	"github.com/bleepstore/bleepstore/projections/snapshot"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

var day = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

// fill puts n records of each kind into a store.
func fill(t testing.TB, store projections.MetadataStore, n int) {
	t.Helper()
	var changes []projections.Change
	for i := range n {
		id := fmt.Sprintf("%06d", i)
		object := eventlog.Object{
			Version: id, Modified: day, Size: int64(i), ETag: "etag", Owner: eventlog.Owner{ID: "owner"},
			Blobs: []eventlog.Blob{{ID: id, Size: int64(i), CRC64NVME: "AAAAAAAAAAA="}},
		}
		key := "a \x00\n<ü>/" + id
		changes = append(
			changes,
			projections.PutBucket{Bucket: &projections.Bucket{Name: "bucket-" + id, Created: day, Owner: eventlog.Owner{ID: "owner"}}},
			projections.PutObject{Object: &projections.Object{Bucket: "bucket-000000", Key: key, Object: object}},
			projections.PutVersion{Version: &projections.Version{Bucket: "bucket-000000", Key: key, DeleteMarker: i%2 == 0, Object: object}},
			projections.PutUpload{Upload: &projections.Upload{Bucket: "bucket-000000", Key: key, ID: id, Initiated: day}},
			projections.PutPart{Part: &projections.Part{Upload: "000000", Part: eventlog.Part{Number: i + 1}, Blob: object.Blobs[0]}},
			projections.SetShared{Blob: id, Count: int64(i + 2)},
			projections.PutGarbage{Garbage: projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: id}, Since: day}},
		)
	}
	must(t, store.Apply(t.Context(), eventlog.Position{Log: "log", Seq: uint64(n), Hash: "hash"}, changes))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func dump(t testing.TB, records projections.Records) storetest.Dump {
	t.Helper()
	d, err := storetest.DumpOf(t.Context(), records)
	must(t, err)
	return d
}

// taken writes a snapshot of a store with n records of each kind.
func taken(t testing.TB, n int) ([]byte, storetest.Dump) {
	t.Helper()
	store := memory.New()
	fill(t, store, n)
	var file bytes.Buffer
	h, err := snapshot.Write(t.Context(), &file, store, day)
	must(t, err)
	if h.Position.Seq != uint64(n) || !h.Taken.Equal(day) {
		t.Errorf("the header is %+v", h)
	}
	return file.Bytes(), dump(t, store)
}

func TestStoresOfAllEnginesAreFilled(t *testing.T) {
	for _, n := range []int{0, 1, 2500} {
		file, want := taken(t, n)
		p, err := pebble.Open(t.TempDir())
		must(t, err)
		for name, store := range map[string]projections.MetadataStore{"memory": memory.New(), "pebble": p} {
			h, err := snapshot.Load(t.Context(), bytes.NewReader(file), store)
			must(t, err)
			if got := dump(t, store); !reflect.DeepEqual(got, want) || h.Position != want.Position {
				t.Errorf("%s is filled with %d objects at %v", name, len(got.Objects), got.Position)
			}
			must(t, store.Close())
		}
	}
}

// Whatever bit flips, and wherever the file is cut off, it is noticed.
func TestDamage(t *testing.T) {
	file, _ := taken(t, 3)
	load := func(content []byte) error {
		_, err := snapshot.Read(bytes.NewReader(content), func(projections.Change) error { return nil })
		return err
	}
	must(t, load(file))
	for i := range file {
		for bit := range 8 {
			damaged := bytes.Clone(file)
			damaged[i] ^= 1 << bit
			if err := load(damaged); !isCorrupt(err) && !sameContent(t, damaged, file) {
				t.Errorf("bit %d of byte %d: %v", bit, i, err)
			}
		}
		if err := load(file[:i]); !isCorrupt(err) {
			t.Errorf("cut off at %d: %v", i, err)
		}
	}
	if err := load(append(bytes.Clone(file), file...)); !isCorrupt(err) {
		t.Errorf("twice: %v", err)
	}
}

func isCorrupt(err error) bool {
	_, ok := errors.AsType[*snapshot.CorruptError](err)
	return ok
}

// sameContent tells whether two files hold the same records: some bits of zstd's frames say nothing.
func sameContent(t testing.TB, a, b []byte) bool {
	t.Helper()
	x, y := memory.New(), memory.New()
	_, err := snapshot.Load(t.Context(), bytes.NewReader(a), x)
	must(t, err)
	_, err = snapshot.Load(t.Context(), bytes.NewReader(b), y)
	must(t, err)
	return reflect.DeepEqual(dump(t, x), dump(t, y))
}

// everywhere runs a test with an empty place for snapshots of each kind.
func everywhere(t *testing.T, test func(t *testing.T, all files.Files)) {
	t.Run("folder", func(t *testing.T) {
		dir, err := files.OpenDir(t.TempDir())
		must(t, err)
		test(t, files.In(dir, "snapshots"))
	})
	t.Run("backend", func(t *testing.T) { test(t, blobs.New(1<<30).Files()) })
}

func TestFolder(t *testing.T) { everywhere(t, testFolder) }

func testFolder(t *testing.T, all files.Files) {
	folder := snapshot.NewFolder(all)
	store := memory.New()
	for n := range 3 {
		fill(t, store, n+1)
		s, err := folder.Take(t.Context(), store, 2)
		must(t, err)
		if s.Position.Seq != uint64(n+1) || s.Size == 0 {
			t.Errorf("took %+v", s)
		}
	}
	const damaged = "00000000000000000009.snapshot.zst"
	filestest.Put(t, all, damaged, "no snapshot")
	folder = snapshot.NewFolder(all)
	list, err := folder.List(t.Context())
	must(t, err)
	if len(list) != 2 || list[0].Position.Seq != 2 || list[1].Position.Seq != 3 {
		t.Fatalf("there are %+v", list)
	}
	again := memory.New()
	must(t, list[1].Load(t.Context(), again))
	if !reflect.DeepEqual(dump(t, again), dump(t, store)) {
		t.Error("the newest snapshot is not of the store")
	}
	filestest.WantNames(t, all, "", "00000000000000000002.snapshot.zst", "00000000000000000003.snapshot.zst", damaged)
}

// Several who take snapshots at once all get one that is whole.
func TestTakeAtOnce(t *testing.T) { everywhere(t, testTakeAtOnce) }

func testTakeAtOnce(t *testing.T, all files.Files) {
	folder := snapshot.NewFolder(all)
	store := memory.New()
	fill(t, store, 100)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := folder.Take(t.Context(), store, 1); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	list, err := folder.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("there are %+v, %v", list, err)
	}
	must(t, list[0].Load(t.Context(), memory.New()))
}

// failing are files that let puts fail, or change what is put, or break off when they are read.
type failing struct {
	files.Files
	put, get error
	flip     bool
}

func (f *failing) Put(ctx context.Context, name string, r io.Reader) error {
	content, err := io.ReadAll(r)
	if err = errors.Join(err, f.put); err != nil {
		return err
	}
	if f.flip {
		content[len(content)/2] ^= 1
	}
	return f.Files.Put(ctx, name, bytes.NewReader(content))
}

func (f *failing) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := f.Files.Get(ctx, name)
	if err != nil || f.get == nil {
		return r, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, 100), iotest.ErrReader(f.get)), r}, nil
}

// Where no sound snapshot can be written, there is none, and the ones before stay. One that cannot be read is not taken for
// a damaged one.
func TestFailures(t *testing.T) { everywhere(t, testFailures) }

func testFailures(t *testing.T, all files.Files) {
	broken := fmt.Errorf("the line is broken: %w", io.ErrUnexpectedEOF)
	faults := &failing{Files: all}
	folder := snapshot.NewFolder(faults)
	store := memory.New()
	fill(t, store, 2000)
	_, err := folder.Take(t.Context(), store, 1)
	must(t, err)
	fill(t, store, 2001)

	faults.put = broken
	if _, err := folder.Take(t.Context(), store, 1); !errors.Is(err, broken) {
		t.Errorf("a put that fails: %v", err)
	}
	*faults = failing{Files: all, flip: true}
	if _, err := folder.Take(t.Context(), store, 1); !isCorrupt(err) {
		t.Errorf("a put that writes something else: %v", err)
	}
	filestest.WantNames(t, all, "", "00000000000000002000.snapshot.zst")

	*faults = failing{Files: all, get: broken}
	if list, err := folder.List(t.Context()); !errors.Is(err, broken) {
		t.Errorf("what cannot be read is listed as %+v, %v", list, err)
	}
}

func FuzzRead(f *testing.F) {
	file, _ := taken(f, 2)
	f.Add(file)
	f.Fuzz(func(t *testing.T, content []byte) {
		_, err := snapshot.Read(bytes.NewReader(content), func(projections.Change) error { return nil })
		if err != nil && !isCorrupt(err) {
			t.Error(err)
		}
	})
}
