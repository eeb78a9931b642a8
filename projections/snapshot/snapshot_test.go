package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
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

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "snapshots")
	folder, err := snapshot.OpenFolder(dir)
	must(t, err)
	store := memory.New()
	for n := range 3 {
		fill(t, store, n+1)
		s, err := folder.Take(t.Context(), store, 2)
		must(t, err)
		if s.Position.Seq != uint64(n+1) || s.Size == 0 {
			t.Errorf("took %+v", s)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "00000000000000000009.snapshot.zst"), []byte("no snapshot"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "00000000000000000009.snapshot.zst.tmp"), nil, 0o600))
	folder, err = snapshot.OpenFolder(dir)
	must(t, err)
	list, err := folder.List()
	must(t, err)
	if len(list) != 2 || list[0].Position.Seq != 2 || list[1].Position.Seq != 3 {
		t.Fatalf("there are %+v", list)
	}
	again := memory.New()
	must(t, list[1].Load(t.Context(), again))
	if !reflect.DeepEqual(dump(t, again), dump(t, store)) {
		t.Error("the newest snapshot is not of the store")
	}
	if files, err := os.ReadDir(dir); len(files) != 3 || err != nil {
		t.Errorf("there are %v, %v", files, err)
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
