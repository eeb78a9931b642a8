package rows_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
	"github.com/bleepstore/bleepstore/projections/rows"
)

// mortalTable is a table of a process that dies behind some more rows written: from then on nothing changes the table.
type mortalTable struct {
	*memoryTable
	left atomic.Int64
	dead context.CancelFunc
}

func (m *mortalTable) die() error {
	if m.left.Add(-1) < 0 {
		m.dead()
		return rows.ErrChanged // which a store takes for its end
	}
	return nil
}

func (m *mortalTable) Write(ctx context.Context, writes []rows.Write) error {
	for i := range writes { // one by one, to die between any two
		if err := m.die(); err != nil {
			return err
		}
		if err := m.memoryTable.Write(ctx, writes[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (m *mortalTable) Swap(ctx context.Context, row rows.Row, was string) error {
	if err := m.die(); err != nil {
		return err
	}
	return m.memoryTable.Swap(ctx, row, was)
}

func position(seq uint64) eventlog.Position {
	return eventlog.Position{Log: "log", Seq: seq, Hash: fmt.Sprintf("%064x", seq)}
}

// changesOf makes the changes of a commit, of which those to buckets and counts go by what the view has, as Fold's do.
func changesOf(t *testing.T, view projections.View, seq uint64) []projections.Change {
	t.Helper()
	random := rand.New(rand.NewPCG(seq, 1))
	var changes []projections.Change
	counts := make(map[string]int64)
	for range 1 + random.IntN(20) {
		key, id := fmt.Sprint("key", random.IntN(10)), fmt.Sprint(random.IntN(4))
		switch random.IntN(9) {
		case 0:
			changes = append(changes, projections.PutObject{Object: &projections.Object{Bucket: "b", Key: key, Object: eventlog.Object{Size: int64(seq)}}})
		case 1:
			changes = append(changes, projections.DeleteObject{Bucket: "b", Key: key})
		case 2:
			changes = append(changes, projections.PutUpload{Upload: &projections.Upload{Bucket: "b", Key: key, ID: id}})
		case 3:
			changes = append(changes, projections.PutPart{Part: &projections.Part{Upload: id, Part: eventlog.Part{Number: 1 + random.IntN(20), Size: int64(seq)}}})
		case 4:
			changes = append(changes, projections.DeleteUpload{Bucket: "b", Key: key, ID: id})
		case 5, 6:
			blob := fmt.Sprint("blob", random.IntN(5))
			if _, ok := counts[blob]; !ok {
				count, err := view.Shared(t.Context(), blob)
				if err != nil {
					t.Fatal(err)
				}
				counts[blob] = max(count, 1)
			}
			counts[blob] += random.Int64N(4) - 1
			changes = append(changes, projections.SetShared{Blob: blob, Count: counts[blob]})
		case 7:
			bucket := &projections.Bucket{Name: "b"}
			if found, err := view.Bucket(t.Context(), "b"); err == nil {
				*bucket = *found
			}
			bucket.Region += "x"
			changes = append(changes, projections.PutBucket{Bucket: bucket})
		case 8:
			if random.IntN(3) == 0 {
				changes = append(changes, projections.DeleteBucket{Name: "b"})
			}
		}
	}
	return changes
}

// apply applies up to n commits behind the store's position, several of them at once at times.
func apply(t *testing.T, store projections.MetadataStore, upTo uint64) error {
	t.Helper()
	from, err := store.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for seq := from.Seq + 1; seq <= upTo; seq++ {
		if err := store.Apply(t.Context(), position(seq), changesOf(t, store, seq)); err != nil {
			return err
		}
	}
	return nil
}

// A process that dies anywhere leaves a table from which the next one goes on, to the same end as one that did not die.
func TestCrash(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const commits = 60
	for range 30 {
		table := newMemoryTable()
		for life := int64(1); ; life++ {
			ctx, dead := context.WithCancel(t.Context())
			mortal := &mortalTable{memoryTable: table, dead: dead}
			mortal.left.Store(random.Int64N(100 * life))
			store, err := rows.Open(ctx, mortal, func(error) {})
			if err != nil { // died while it recovered
				continue
			}
			wantAsOfItsPosition(t, store)
			err = apply(t, store, commits)
			_ = store.Close() // which fails where it dies
			if err == nil && ctx.Err() == nil {
				break
			}
		}
		store := open(t, table)
		want := reference(t, commits)
		if position, err := store.Position(t.Context()); err != nil || position.Seq != commits {
			t.Fatalf("the position is %v, %v", position, err)
		}
		if err := projections.Compare(t.Context(), want, store, func(d projections.Difference) bool {
			t.Error(d)
			return true
		}); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// reference is what the commits make of an empty store.
func reference(t *testing.T, commits uint64) *memory.Store {
	t.Helper()
	store := memory.New()
	if err := apply(t, store, commits); err != nil {
		t.Fatal(err)
	}
	return store
}

// wantAsOfItsPosition checks what Fold asks for.
func wantAsOfItsPosition(t *testing.T, store *rows.Store) {
	t.Helper()
	at, err := store.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := reference(t, at.Seq)
	for i := range 5 {
		blob := fmt.Sprint("blob", i)
		count, err := want.Shared(t.Context(), blob)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := store.Shared(t.Context(), blob); err != nil || got != count {
			t.Fatalf("behind commit %d, %s is named %d times, %v; want %d", at.Seq, blob, got, err, count)
		}
	}
	wanted, wantErr := want.Bucket(t.Context(), "b")
	got, err := store.Bucket(t.Context(), "b")
	if (err == nil) != (wantErr == nil) || err == nil && got.Region != wanted.Region {
		t.Fatalf("behind commit %d, the bucket is %+v, %v; want %+v, %v", at.Seq, got, err, wanted, wantErr)
	}
}
