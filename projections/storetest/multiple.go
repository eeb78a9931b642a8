package storetest

import (
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// record is where a record of a key with several lies.
type record struct{ key, id string }

func recordsOfVersions(list []*projections.Version) (records []record) {
	for _, v := range list {
		records = append(records, record{v.Key, v.Version})
	}
	return records
}

func recordsOfUploads(list []*projections.Upload) (records []record) {
	for _, u := range list {
		records = append(records, record{u.Key, u.ID})
	}
	return records
}

// severalKeys are keys of which one's records could lie between another's.
var severalKeys = []string{
	"\x00", "\x00\x00", "\x00\x01", "\x01", "a", "a\x00", "a\x00\x00", "a\x00\x01", "a\x00b", "a\x01", "a/", "a/b", "aa",
	strings.Repeat("\x00", 1024), strings.Repeat("k", 1024), "\uffff", "\U00010000",
}

// testVersions also has ids of which one begins with another.
func testVersions(s *suite) {
	ids := []string{"1", "10", "2", "20", "~"}
	var want []record
	for _, key := range slices.Sorted(slices.Values(severalKeys)) {
		for _, id := range slices.Backward(ids) {
			want = append(want, record{key, id})
		}
		for _, id := range ids {
			s.apply(projections.PutVersion{Version: version("b", key, id)})
		}
	}
	marker := &projections.Version{
		Bucket: "b", Key: "a", DeleteMarker: true,
		Object: eventlog.Object{Version: "2", Modified: day, Owner: eventlog.Owner{ID: "o"}},
	}
	s.apply(projections.PutVersion{Version: marker})
	wantRecord(s, marker)(s.store.Version(s.Context(), "b", "a", "2"))
	wantRecord(s, version("b", "a\x00", "10"))(s.store.Version(s.Context(), "b", "a\x00", "10"))
	s.wantNone(s.store.Version(s.Context(), "b", "a", "100"))
	s.wantNone(s.store.Version(s.Context(), "b", "a", ""))

	testRecordScans(s, want, func(a, b string) int { return strings.Compare(b, a) }, func(scan projections.Scan) []record {
		return recordsOfVersions(s.versions("b", scan))
	})

	s.apply(projections.DeleteVersion{Bucket: "b", Key: "a", Version: "2"})
	s.wantNone(s.store.Version(s.Context(), "b", "a", "2"))
	scan := projections.Scan{Start: "a", Limit: 4}
	wantList(s, "versions of a", recordsOfVersions(s.versions("b", scan)),
		record{"a", "~"}, record{"a", "20"}, record{"a", "10"}, record{"a", "1"})
}

func testUploads(s *suite) {
	ids := []string{"1", "10", "2", "20", "~"}
	var want []record
	for _, key := range slices.Sorted(slices.Values(severalKeys)) {
		for _, id := range ids {
			want = append(want, record{key, id})
		}
		for _, id := range slices.Backward(ids) {
			s.apply(projections.PutUpload{Upload: upload("b", key, id)})
		}
	}
	wantRecord(s, upload("b", "a\x00", "10"))(s.store.Upload(s.Context(), "b", "a\x00", "10"))
	s.wantNone(s.store.Upload(s.Context(), "b", "a", "100"))
	s.wantNone(s.store.Upload(s.Context(), "b", "aaa", "1"))

	testRecordScans(s, want, strings.Compare, func(scan projections.Scan) []record {
		return recordsOfUploads(s.uploads("b", scan))
	})
}

// testRecordScans compares scans with a search through all records. compare orders the ids of a key.
func testRecordScans(
	s *suite, all []record, compare func(a, b string) int, query func(projections.Scan) []record,
) {
	s.Helper()
	for _, prefix := range []string{"", "\x00", "a", "a\x00", "a/", "k", "absent"} {
		for _, start := range append([]string{"`", "a0", "\U0010ffff"}, severalKeys...) {
			for _, after := range []string{"", "1", "10", "15", "~"} {
				for _, limit := range []int{1, 7, 1000} {
					if !s.sampled() {
						continue
					}
					scan := projections.Scan{Prefix: prefix, Start: start, After: after, Limit: limit}
					var want []record
					for _, r := range all {
						inside := strings.HasPrefix(r.key, prefix) && r.key >= start
						passed := after != "" && r.key == start && compare(r.id, after) <= 0
						if inside && !passed && len(want) < limit {
							want = append(want, r)
						}
					}
					if got := query(scan); !slices.Equal(got, want) {
						s.Fatalf("%+v:\n got %+q\nwant %+q", scan, got, want)
					}
				}
			}
		}
	}
}

func testParts(s *suite) {
	numbers := []int{1, 2, 9, 10, 255, 256, 257, 9999, 10_000}
	for _, n := range slices.Backward(numbers) {
		s.apply(projections.PutPart{Part: part("u", n)})
	}
	numbersOf := func(list []*projections.Part) (numbers []int) {
		for _, p := range list {
			numbers = append(numbers, p.Number)
		}
		return numbers
	}
	wantRecord(s, part("u", 256))(s.store.Part(s.Context(), "u", 256))
	s.wantNone(s.store.Part(s.Context(), "u", 3))
	s.wantNone(s.store.Part(s.Context(), "", 1))
	wantList(s, "all", numbersOf(s.parts("u", 0, 100)), numbers...)
	wantList(s, "first four", numbersOf(s.parts("u", 0, 4)), 1, 2, 9, 10)
	wantList(s, "behind 10", numbersOf(s.parts("u", 10, 2)), 255, 256)
	wantList(s, "behind 5", numbersOf(s.parts("u", 5, 1)), 9)
	wantList(s, "behind the last", numbersOf(s.parts("u", 10_000, 5)))

	changed := part("u", 256)
	changed.Blob.ID = "another"
	s.apply(projections.PutPart{Part: changed})
	wantRecord(s, changed)(s.store.Part(s.Context(), "u", 256))
	wantList(s, "all", numbersOf(s.parts("u", 0, 100)), numbers...)
}

func testDeleteUpload(s *suite) {
	ids := []string{"u", "u0", "u1", "v"}
	for _, id := range ids {
		s.apply(projections.PutUpload{Upload: upload("b", "k", id)})
		for _, n := range []int{1, 5, 10_000} {
			s.apply(projections.PutPart{Part: part(id, n)})
		}
	}
	s.apply(projections.DeleteUpload{Bucket: "b", Key: "k", ID: "u0"})
	s.wantNone(s.store.Upload(s.Context(), "b", "k", "u0"))
	s.wantNone(s.store.Part(s.Context(), "u0", 5))
	wantList(s, "parts of a deleted upload", s.parts("u0", 0, 10))
	for _, id := range []string{"u", "u1", "v"} {
		wantRecord(s, upload("b", "k", id))(s.store.Upload(s.Context(), "b", "k", id))
		wantList(s, "parts", s.parts(id, 0, 10), part(id, 1), part(id, 5), part(id, 10_000))
	}

	// One that ends in the Apply in which it began leaves nothing either.
	s.apply(
		projections.PutUpload{Upload: upload("b", "k", "w")},
		projections.PutPart{Part: part("w", 1)},
		projections.DeleteUpload{Bucket: "b", Key: "k", ID: "w"},
	)
	s.wantNone(s.store.Upload(s.Context(), "b", "k", "w"))
	wantList(s, "parts", s.parts("w", 0, 10))
}
