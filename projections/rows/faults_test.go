package rows_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/storetest"
)

func putObject(key string, size int64) projections.Change {
	return projections.PutObject{Object: &projections.Object{Bucket: "b", Key: key, Object: eventlog.Object{Size: size}}}
}

func mustApply(t *testing.T, store projections.MetadataStore, seq uint64, changes ...projections.Change) {
	t.Helper()
	if err := store.Apply(t.Context(), position(seq), changes); err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// While the service is away, writes wait, reads fail, and the check says why. When it is back, all goes on.
func TestServiceAway(t *testing.T) {
	table := newMemoryTable()
	var reported atomic.Int64
	store, err := rows.Open(t.Context(), table, func(error) { reported.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	table.setFail(func() error { return errBroken })
	applied := make(chan error, 1)
	go func() { applied <- store.Apply(t.Context(), position(1), []projections.Change{putObject("key", 1)}) }()
	until(t, "the failure was reported", func() bool { return reported.Load() > 0 })

	if err := store.Check(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("Check: %v", err)
	}
	if _, err := store.Object(t.Context(), "b", "key"); !errors.Is(err, projections.ErrUnavailable) || !errors.Is(err, errBroken) {
		t.Errorf("Object: %v", err)
	}
	if _, err := store.Objects(t.Context(), "b", projections.Scan{Limit: 1}); !errors.Is(err, projections.ErrUnavailable) {
		t.Errorf("Objects: %v", err)
	}
	if _, err := rows.Open(t.Context(), table, func(error) {}); !errors.Is(err, errBroken) {
		t.Errorf("Open: %v", err)
	}
	table.setFail(nil)
	if err := <-applied; err != nil {
		t.Errorf("Apply: %v", err)
	}
	if err := store.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if _, err := store.Object(t.Context(), "b", "key"); err != nil {
		t.Errorf("Object: %v", err)
	}
}

// An Apply that waits for the service ends with its context, and a store that does so can be closed.
func TestApplyEndsWithItsContext(t *testing.T) {
	table := newMemoryTable()
	store := open(t, table)
	table.setFail(func() error { return errBroken })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := store.Apply(ctx, position(1), []projections.Change{putObject("key", 1)}); !errors.Is(err, errBroken) {
		t.Errorf("Apply: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// Of two servers with one table, the one that did not open it last stops, as soon as the other has changed something.
func TestTwoWriters(t *testing.T) {
	table := newMemoryTable()
	first, second, idle := open(t, table), open(t, table), open(t, table)
	defer first.Close()
	mustApply(t, first, 1, putObject("key", 1))
	if err := second.Apply(t.Context(), position(1), []projections.Change{putObject("key", 1)}); !errors.Is(err, rows.ErrChanged) {
		t.Errorf("Apply of a store that was opened before the other's first change: %v", err)
	}
	for _, s := range []*rows.Store{second, idle} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	mustApply(t, first, 2, putObject("key", 2)) // who changed nothing did no harm

	last := open(t, table)
	defer last.Close()
	at, err := last.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the last one has the table", func() bool { // the first may write its position beside
		return last.Apply(t.Context(), position(at.Seq+1), nil) == nil || reopened(t, &last, table)
	})
	mustApply(t, first, 3, putObject("key", 3))
	until(t, "the first one stops", func() bool { return first.Check(t.Context()) != nil })
	if err := first.Check(t.Context()); !errors.Is(err, rows.ErrChanged) || !strings.Contains(err.Error(), "another server") {
		t.Errorf("Check: %v", err)
	}
	if err := first.Apply(t.Context(), position(4), []projections.Change{putObject("key", 4)}); err == nil {
		t.Error("a store that is not alone goes on")
	}
}

// reopened opens a store again.
func reopened(t *testing.T, store **rows.Store, table rows.Table) bool {
	t.Helper()
	if err := (*store).Close(); err != nil {
		t.Fatal(err)
	}
	*store = open(t, table)
	return false
}

// A store does not need to be told of a table that another program's format is in.
func TestOtherFormat(t *testing.T) {
	table := newMemoryTable()
	row := rows.Row{Key: rows.Key{Partition: "state", Sort: "state"}, Record: `{"format":99}`}
	if err := table.Swap(t.Context(), row, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Open(t.Context(), table, func(error) {}); err == nil || !strings.Contains(err.Error(), "format 99") {
		t.Errorf("Open: %v", err)
	}
}

// What a put applies costs one write of the table, and nothing is read for it.
func TestCallsOfAPut(t *testing.T) {
	table := newMemoryTable()
	store := open(t, table)
	defer store.Close()
	mustApply(t, store, 1, projections.PutBucket{Bucket: &projections.Bucket{Name: "b"}}, putObject("key", 1))
	table.mu.Lock()
	reads, writes := table.reads, table.objectWrites
	table.mu.Unlock()
	if _, err := store.Bucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Shared(t.Context(), "blob"); err != nil {
		t.Fatal(err)
	}
	mustApply(t, store, 2, putObject("key", 2), projections.PutGarbage{Garbage: projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: "blob"}, Since: time.Now()}})
	table.mu.Lock()
	defer table.mu.Unlock()
	if table.reads != reads || table.objectWrites != writes+1 {
		t.Errorf("the put took %d reads of the table and %d writes, want 0 and 1", table.reads-reads, table.objectWrites-writes)
	}
}

// Snapshots stay what they were while random changes are made, also to rows that a page of theirs ends at.
func TestSnapshotsUnderChange(t *testing.T) {
	store := open(t, newMemoryTable())
	defer store.Close()
	type taken struct {
		projections.Snapshot
		dump storetest.Dump
	}
	var all []taken
	for seq := uint64(1); seq <= 200; seq++ {
		if seq%20 == 0 {
			snapshot, err := store.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			dump, err := storetest.DumpOf(t.Context(), store)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, taken{snapshot, dump})
		}
		mustApply(t, store, seq, changesOf(t, store, seq)...)
	}
	for i, s := range all {
		dump, err := storetest.DumpOf(t.Context(), s)
		if err != nil || !reflect.DeepEqual(dump, s.dump) {
			t.Errorf("snapshot %d is not what it was: %v", i, err)
		}
		var keys []string
		for start := ""; ; { // by pages of one
			page, err := s.Objects(t.Context(), "b", projections.Scan{Start: start, Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			keys = append(keys, page[0].Key)
			start = page[0].Key + "\x00"
		}
		whole, err := s.Objects(t.Context(), "b", projections.Scan{Limit: 1000})
		if err != nil || len(whole) != len(keys) {
			t.Errorf("snapshot %d has %d objects, and %d by pages of one: %v", i, len(whole), len(keys), err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Long keys with the same front are in order, among others, however a scan begins.
func TestLongKeys(t *testing.T) {
	store := open(t, newMemoryTable())
	defer store.Close()
	const short = 874 // the longest keys that are not long
	front := strings.Repeat("k", short+20)
	var keys []string
	for i := range 30 {
		keys = append(keys, fmt.Sprintf("%s%02d", front, i))
	}
	keys = append([]string{"a", strings.Repeat("k", short-10), front[:short] + "\x00", front[:short] + "a\x00\x00"}, append(keys, front[:short]+"l", front[:short+2]+"\U0010ffff"+"x", front+strings.Repeat("l", 1024-len(front)), "l")...)
	changes := make([]projections.Change, 0, 2*len(keys))
	for _, key := range keys {
		for _, id := range []string{"1", strings.Repeat("2", 128)} {
			changes = append(changes, projections.PutUpload{Upload: &projections.Upload{Bucket: "b", Key: key, ID: id}})
		}
	}
	mustApply(t, store, 1, changes...)
	whole, err := store.Uploads(t.Context(), "b", projections.Scan{Limit: 1000})
	if err != nil || len(whole) != len(changes) {
		t.Fatalf("%d uploads, %v; want %d", len(whole), err, len(changes))
	}
	for i, u := range whole {
		if i > 0 && (whole[i-1].Key > u.Key || whole[i-1].Key == u.Key && whole[i-1].ID >= u.ID) {
			t.Errorf("upload %d is out of order", i)
		}
		for _, limit := range []int{1, 3, 1000} {
			rest, err := store.Uploads(t.Context(), "b", projections.Scan{Start: u.Key, After: u.ID, Limit: limit})
			if want := whole[i+1 : min(i+1+limit, len(whole))]; err != nil || len(rest) != len(want) || len(rest) > 0 && !reflect.DeepEqual(rest, want) {
				t.Fatalf("behind upload %d, %d of %d were found, %v", i, len(rest), len(want), err)
			}
		}
		under, err := store.Uploads(t.Context(), "b", projections.Scan{Prefix: u.Key, Limit: 1000})
		if err != nil || len(under) < 2 || under[0].Key != u.Key {
			t.Fatalf("with the prefix of upload %d, %d were found, %v", i, len(under), err)
		}
	}
}

// What a filling that was cut short has left is not there for the next one, nor after it.
func TestFillingCutShort(t *testing.T) {
	table := newMemoryTable()
	store := open(t, table)
	bucket := projections.PutBucket{Bucket: &projections.Bucket{Name: "gone"}}
	if err := store.Apply(t.Context(), eventlog.Position{}, []projections.Change{putObject("a", 1), putObject("gone", 1), bucket}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, table)
	if err := store.Apply(t.Context(), eventlog.Position{}, []projections.Change{putObject("a", 2), putObject("c", 2)}); err != nil {
		t.Fatal(err)
	}
	mustApply(t, store, 5, putObject("d", 2))
	mustApply(t, store, 6, putObject("e", 2))
	for range 2 {
		var keys []string
		for start := ""; len(keys) < 10; {
			page, err := store.Objects(t.Context(), "b", projections.Scan{Start: start, Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			keys = append(keys, page[0].Key)
			start = page[0].Key + "\x00"
		}
		if got := strings.Join(keys, ""); got != "acde" {
			t.Errorf("the objects are %s, want acde", got)
		}
		if _, err := store.Object(t.Context(), "b", "gone"); !errors.Is(err, projections.ErrNotFound) {
			t.Errorf("Object: %v", err)
		}
		if _, err := store.Bucket(t.Context(), "gone"); !errors.Is(err, projections.ErrNotFound) {
			t.Errorf("Bucket: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		store = open(t, table)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// An Apply that changes very many buckets or counts waits until the flusher takes them, so that what waits is bounded.
func TestManyCounts(t *testing.T) {
	table := newMemoryTable()
	store := open(t, table)
	const each, applies = 6000, 5
	for seq := range uint64(applies) {
		changes := make([]projections.Change, each)
		for i := range changes {
			changes[i] = projections.SetShared{Blob: fmt.Sprintf("%d-%d", seq, i), Count: 2}
		}
		mustApply(t, store, seq+1, changes...)
	}
	table.mu.Lock()
	flushed := 0
	for key := range table.rows {
		if key.Partition == "shared" || key.Partition == "journal" {
			flushed++
		}
	}
	table.mu.Unlock()
	if flushed == 0 {
		t.Errorf("%d counts wait for a flush", each*applies)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, table)
	defer store.Close()
	for after, n := "", 0; ; {
		page, err := store.SharedBlobs(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page)
		if len(page) < 1000 {
			if n != each*applies {
				t.Errorf("%d counts are left of %d", n, each*applies)
			}
			return
		}
		after = page[len(page)-1].Blob
	}
}

// A log that takes the place of a lost one counts its commits anew. What they write replaces what those of the lost one wrote.
func TestAnotherLog(t *testing.T) {
	table := newMemoryTable()
	store := open(t, table)
	bucket := func(region string) projections.Change {
		return projections.PutBucket{Bucket: &projections.Bucket{Name: "b", Region: region}}
	}
	mustApply(t, store, 100, bucket("old"), putObject("a", 1), putObject("b", 1))
	another := func(seq uint64, changes ...projections.Change) {
		t.Helper()
		at := position(seq)
		at.Log = "another"
		if err := store.Apply(t.Context(), at, changes); err != nil {
			t.Fatal(err)
		}
	}
	another(1)
	for range 2 {
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		store = open(t, table)
		another(2, bucket("new"), putObject("a", 2), projections.DeleteObject{Bucket: "b", Key: "b"})
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, table)
	defer store.Close()
	if o, err := store.Object(t.Context(), "b", "a"); err != nil || o.Size != 2 {
		t.Errorf("the object that was overwritten is %+v, %v", o, err)
	}
	if o, err := store.Object(t.Context(), "b", "b"); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("the object that was deleted is %+v, %v", o, err)
	}
	if b, err := store.Bucket(t.Context(), "b"); err != nil || b.Region != "new" {
		t.Errorf("the bucket is %+v, %v", b, err)
	}
}

// What was applied behind a filling is not there either for the next one, when no position of it was written: it may be of a
// later snapshot, which has the log up to where those rows were deleted.
func TestFillingCutShortBehindItsEnd(t *testing.T) {
	table := newMemoryTable()
	store := open(t, table)
	mustApply(t, store, 5, putObject("a", 1))
	mustApply(t, store, 6, putObject("gone", 1))
	table.mu.Lock()
	left := maps.Clone(table.rows) // as a process leaves it that is killed before it writes its position
	table.mu.Unlock()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	table.mu.Lock()
	table.rows = left
	table.mu.Unlock()

	store = open(t, table)
	defer store.Close()
	if err := store.Apply(t.Context(), eventlog.Position{}, []projections.Change{putObject("a", 1)}); err != nil {
		t.Fatal(err)
	}
	mustApply(t, store, 9)
	if o, err := store.Object(t.Context(), "b", "gone"); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("an object that the snapshot does not have is %+v, %v", o, err)
	}
}

// An Apply that waits for a flush ends with its context, too.
func TestApplyThatWaitsForAFlushEndsWithItsContext(t *testing.T) {
	table := newMemoryTable()
	store := open(t, table)
	table.setFail(func() error { return errBroken })
	changes := make([]projections.Change, 20_000)
	for i := range changes {
		changes[i] = projections.SetShared{Blob: fmt.Sprint("blob", i), Count: 2}
	}
	mustEnd := func(seq uint64) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		applied := make(chan error, 1)
		go func() { applied <- store.Apply(ctx, position(seq), changes) }()
		select {
		case <-applied: // what is written to the table and what is not shows nowhere
		case <-time.After(5 * time.Second):
			t.Fatal("Apply goes on")
		}
	}
	mustEnd(1)
	mustEnd(2) // the flusher is at work on those of the first
	table.setFail(nil)
	if err := store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// While an Apply waits for a service that is away, a snapshot can be closed, and nobody waits for another.
func TestSnapshotsWhileTheServiceIsAway(t *testing.T) {
	table := newMemoryTable()
	var reported atomic.Int64
	store, err := rows.Open(t.Context(), table, func(error) { reported.Add(1) })
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	before, err := store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table.setFail(func() error { return errBroken })
	applied := make(chan error, 1)
	go func() { applied <- store.Apply(t.Context(), position(1), []projections.Change{putObject("key", 1)}) }()
	until(t, "the failure was reported", func() bool { return reported.Load() > 0 })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := before.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if s, err := store.Snapshot(t.Context()); !errors.Is(err, projections.ErrUnavailable) || !errors.Is(err, errBroken) {
			t.Errorf("Snapshot: %v, %v", s, err)
		}
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("a snapshot waits for the service")
	}
	table.setFail(nil)
	if err := <-applied; err != nil {
		t.Errorf("Apply: %v", err)
	}
	<-ended
}
