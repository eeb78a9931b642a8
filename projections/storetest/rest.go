package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/bleepstore/bleepstore/projections"
)

func testShared(s *suite) {
	s.apply(
		projections.SetShared{Blob: "a", Count: 2},
		projections.SetShared{Blob: "ab", Count: 1 << 40},
		projections.SetShared{Blob: "b", Count: 3},
	)
	wantEqual(s, "a", s.shared("a"), 2)
	wantEqual(s, "ab", s.shared("ab"), 1<<40)
	wantEqual(s, "b", s.shared("b"), 3)
	wantEqual(s, "c", s.shared("c"), 0)
	list := func(after string, limit int) []projections.SharedBlob {
		list, err := s.store.SharedBlobs(s.Context(), after, limit)
		s.check("SharedBlobs", err)
		return list
	}
	a, ab, b := projections.SharedBlob{Blob: "a", Count: 2}, projections.SharedBlob{Blob: "ab", Count: 1 << 40}, projections.SharedBlob{Blob: "b", Count: 3}
	wantList(s, "all", list("", 10), a, ab, b)
	wantList(s, "two", list("", 2), a, ab)
	wantList(s, "behind a", list("a", 10), ab, b)
	wantList(s, "behind b", list("b", 10))
	s.apply(projections.SetShared{Blob: "a", Count: 1}, projections.SetShared{Blob: "b", Count: 2})
	wantEqual(s, "a at 1", s.shared("a"), 0)
	wantEqual(s, "b", s.shared("b"), 2)
	s.apply(projections.SetShared{Blob: "b", Count: 0})
	wantEqual(s, "b at 0", s.shared("b"), 0)
	wantEqual(s, "ab", s.shared("ab"), 1<<40)
}

func testGarbage(s *suite) {
	oldest := garbage("z", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC))
	old := garbage("y", day.Add(-time.Millisecond))
	one, two := garbage("m", day), garbage("n", day)
	two.Manifest = false
	last := garbage("a", day.Add(100*365*24*time.Hour))
	for _, g := range []projections.Garbage{two, last, oldest, one, old} {
		s.apply(projections.PutGarbage{Garbage: g})
	}
	wantList(s, "all", s.garbage(10), oldest, old, one, two, last)
	wantList(s, "the oldest two", s.garbage(2), oldest, old)
	behind, err := s.store.Garbage(s.Context(), one, 10)
	s.check("Garbage", err)
	wantList(s, "behind one", behind, two, last)
	s.apply(projections.DeleteGarbage{Garbage: oldest}, projections.DeleteGarbage{Garbage: one})
	wantList(s, "the rest", s.garbage(10), old, two, last)
	s.apply(projections.DeleteGarbage{Garbage: garbage("n", day.Add(time.Millisecond))})
	wantList(s, "the rest, after one of another time", s.garbage(10), old, two, last)
}

// testOrderOfChanges makes changes to the same record in one Apply.
func testOrderOfChanges(s *suite) {
	ctx := s.Context()
	s.apply(
		projections.PutObject{Object: object("b", "put-delete", "v1")},
		projections.DeleteObject{Bucket: "b", Key: "put-delete"},
		projections.DeleteObject{Bucket: "b", Key: "delete-put"},
		projections.PutObject{Object: object("b", "delete-put", "v1")},
		projections.PutObject{Object: object("b", "twice", "v1")},
		projections.PutObject{Object: object("b", "twice", "v2")},
		projections.SetShared{Blob: "blob", Count: 2},
		projections.SetShared{Blob: "blob", Count: 1},
		projections.SetShared{Blob: "blob", Count: 3},
		projections.DeleteUpload{Bucket: "b", Key: "k", ID: "u"},
		projections.PutUpload{Upload: upload("b", "k", "u")},
		projections.PutPart{Part: part("u", 1)},
	)
	s.wantNone(s.store.Object(ctx, "b", "put-delete"))
	wantRecord(s, object("b", "delete-put", "v1"))(s.store.Object(ctx, "b", "delete-put"))
	wantRecord(s, object("b", "twice", "v2"))(s.store.Object(ctx, "b", "twice"))
	wantEqual(s, "Shared", s.shared("blob"), 3)
	wantRecord(s, upload("b", "k", "u"))(s.store.Upload(ctx, "b", "k", "u"))
	wantList(s, "Parts", s.parts("u", 0, 10), part("u", 1))
}

// testRepeat applies the same changes at the same position again, as after an Apply that was cut short.
func testRepeat(s *suite) {
	changes := []projections.Change{
		projections.PutBucket{Bucket: bucket("b")},
		projections.PutObject{Object: object("b", "k", "v2")},
		projections.DeleteObject{Bucket: "b", Key: "gone"},
		projections.PutVersion{Version: version("b", "k", "v1")},
		projections.PutUpload{Upload: upload("b", "k", "u")},
		projections.PutPart{Part: part("u", 1)},
		projections.DeleteUpload{Bucket: "b", Key: "k", ID: "ended"},
		projections.SetShared{Blob: "blob", Count: 2},
		projections.PutGarbage{Garbage: garbage("free", day)},
	}
	s.apply(
		projections.PutObject{Object: object("b", "gone", "v0")},
		projections.PutUpload{Upload: upload("b", "k", "ended")},
		projections.PutPart{Part: part("ended", 1)},
	)
	var before contents
	for range 3 {
		s.check("Apply", s.store.Apply(s.Context(), position(7), changes))
		after := s.contents([]string{"b"}, []string{"u", "ended"}, []string{"blob"})
		if before.Position.IsZero() {
			before = after
		}
		wantEqual(s, "contents after one more Apply", after, before)
	}
	wantEqual(s, "Position", s.position(), position(7))
	wantEqual(s, "number of objects", len(before.Objects), 1)
}

// testConcurrent reads while changes are applied. Each Apply writes all of some keys with its own version, and a query
// sees the keys of an Apply that returned before it began, or of a later one.
func testConcurrent(s *suite) {
	const readers, rounds = 4, 50
	ctx := s.Context()
	keys := []string{"a", "b", "c"}
	versionOf := func(round int) string { return string(rune('A' + round)) }
	write := func(round int) {
		var changes []projections.Change
		for _, key := range keys {
			changes = append(changes, projections.PutObject{Object: object("b", key, versionOf(round))})
		}
		s.apply(changes...)
	}
	write(0)

	var (
		applied atomic.Int64 // the last round that was
		done    atomic.Bool
		running sync.WaitGroup
	)
	for range readers {
		running.Go(func() {
			for !done.Load() {
				atLeast := versionOf(int(applied.Load()))
				list, err := s.store.Objects(ctx, "b", projections.Scan{Limit: 10})
				if err != nil || len(list) != len(keys) {
					s.Errorf("Objects: got %d and error %v, want %d", len(list), err, len(keys))
					return
				}
				for _, o := range list {
					if o.Version < atLeast {
						s.Errorf("Objects: got version %s of %s after %s was applied", o.Version, o.Key, atLeast)
						return
					}
				}
				if o, err := s.store.Object(ctx, "b", "b"); err != nil || o.Version < atLeast {
					s.Errorf("Object: got %v and error %v, want version %s or later", o, err, atLeast)
					return
				}
			}
		})
	}
	defer running.Wait()
	defer done.Store(true)
	for round := 1; round <= rounds; round++ {
		write(round)
		applied.Store(int64(round))
	}
}
