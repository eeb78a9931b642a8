package storetest

import (
	"reflect"

	"github.com/bleepstore/bleepstore/projections"
)

// testSnapshots takes snapshots between random changes, and compares each with what the store held then.
func testSnapshots(s *suite) {
	type taken struct {
		projections.Snapshot
		dump Dump
	}
	dump := func(records projections.Records) Dump {
		s.Helper()
		d, err := DumpOf(s.Context(), records)
		s.check("dump", err)
		return d
	}
	var all []taken
	for round := range 5 {
		key := string(rune('a' + round))
		s.apply(
			projections.PutBucket{Bucket: bucket("b" + key)}, projections.PutBucket{Bucket: bucket("b")},
			projections.PutObject{Object: object("b", key, "v1")}, projections.PutObject{Object: object("b", "same", "v"+key)},
			projections.PutVersion{Version: version("b", "same", "v"+key)},
			projections.PutUpload{Upload: upload("b", "k", "u"+key)}, projections.PutPart{Part: part("u"+key, 1)},
			projections.SetShared{Blob: "blob", Count: int64(2 + round)}, projections.SetShared{Blob: key, Count: 2},
			projections.PutGarbage{Garbage: garbage(key, day)},
		)
		snapshot, err := s.store.Snapshot(s.Context())
		s.check("Snapshot", err)
		all = append(all, taken{snapshot, dump(s.store)})
	}
	s.apply(
		projections.DeleteObject{Bucket: "b", Key: "a"}, projections.DeleteVersion{Bucket: "b", Key: "same", Version: "va"},
		projections.DeleteUpload{Bucket: "b", Key: "k", ID: "ua"}, projections.DeleteGarbage{Garbage: garbage("a", day)},
		projections.SetShared{Blob: "blob", Count: 1}, projections.DeleteBucket{Name: "ba"},
	)
	for i, t := range all {
		if got := dump(t); !reflect.DeepEqual(got, t.dump) {
			s.Errorf("snapshot %d:\n got %s\nwant %s", i, show(got), show(t.dump))
		}
		wantRecord(s, object("b", "same", "v"+string(rune('a'+i))))(t.Object(s.Context(), "b", "same"))
		s.check("Close of a snapshot", t.Close())
	}
	s.wantNone(s.store.Object(s.Context(), "b", "a"))
}
