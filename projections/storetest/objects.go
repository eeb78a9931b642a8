package storetest

import (
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

func testEmpty(s *suite) {
	ctx, store := s.Context(), s.store
	all := projections.Scan{Limit: 10}

	wantEqual(s, "Position", s.position(), eventlog.Position{})
	s.check("Check", store.Check(ctx))
	s.wantNone(store.Bucket(ctx, "b"))
	s.wantNone(store.Object(ctx, "b", "k"))
	s.wantNone(store.Version(ctx, "b", "k", "v"))
	s.wantNone(store.Upload(ctx, "b", "k", "u"))
	s.wantNone(store.Part(ctx, "u", 1))
	wantEqual(s, "Shared", s.shared("blob"), 0)
	wantList(s, "Buckets", s.buckets("", 10))
	wantList(s, "Objects", s.objects("b", all))
	wantList(s, "Versions", s.versions("b", all))
	wantList(s, "Uploads", s.uploads("b", all))
	wantList(s, "Parts", s.parts("u", 0, 10))
	wantList(s, "Garbage", s.garbage(10))

	// What is not there can be deleted: a change may be applied again.
	s.apply(
		projections.DeleteBucket{Name: "b"},
		projections.DeleteObject{Bucket: "b", Key: "k"},
		projections.DeleteVersion{Bucket: "b", Key: "k", Version: "v"},
		projections.DeleteUpload{Bucket: "b", Key: "k", ID: "u"},
		projections.SetShared{Blob: "blob", Count: 1},
		projections.DeleteGarbage{Garbage: garbage("blob", day)},
	)
}

func testPosition(s *suite) {
	s.apply()
	wantEqual(s, "Position after no changes", s.position(), position(1))
	s.apply(projections.PutBucket{Bucket: bucket("b")})
	wantEqual(s, "Position", s.position(), position(2))
}

func testBuckets(s *suite) {
	names := []string{"a", "a-b", "a.b", "ab", "b", "b0"}
	for _, name := range slices.Backward(names) {
		s.apply(projections.PutBucket{Bucket: bucket(name)})
	}
	namesOf := func(list []*projections.Bucket) (names []string) {
		for _, b := range list {
			names = append(names, b.Name)
		}
		return names
	}
	wantRecord(s, bucket("a.b"))(s.store.Bucket(s.Context(), "a.b"))
	wantList(s, "all", namesOf(s.buckets("", 10)), names...)
	wantList(s, "first two", namesOf(s.buckets("", 2)), "a", "a-b")
	wantList(s, "behind a.b", namesOf(s.buckets("a.b", 2)), "ab", "b")
	wantList(s, "behind one that is not there", namesOf(s.buckets("aa", 10)), "ab", "b", "b0")
	wantList(s, "behind the last", namesOf(s.buckets("b0", 10)))

	changed := bucket("a.b")
	changed.Region = "elsewhere"
	s.apply(projections.PutBucket{Bucket: changed}, projections.DeleteBucket{Name: "a"})
	wantRecord(s, changed)(s.store.Bucket(s.Context(), "a.b"))
	s.wantNone(s.store.Bucket(s.Context(), "a"))
	wantList(s, "all but a", namesOf(s.buckets("", 10)), names[1:]...)
}

func testObjects(s *suite) {
	ctx := s.Context()
	full := object("b", "k", "v1")
	bare := &projections.Object{Bucket: "b", Key: "bare", Object: eventlog.Object{Version: "v", Modified: day}}
	s.apply(projections.PutObject{Object: full}, projections.PutObject{Object: bare})
	wantRecord(s, full)(s.store.Object(ctx, "b", "k"))
	wantRecord(s, bare)(s.store.Object(ctx, "b", "bare"))
	wantList(s, "Objects", s.objects("b", projections.Scan{Limit: 10}), bare, full)
	s.wantNone(s.store.Object(ctx, "b", "K"))
	s.wantNone(s.store.Object(ctx, "b", ""))
	s.wantNone(s.store.Object(ctx, "", "k"))

	next := object("b", "k", "v2")
	next.Size = 0
	next.Blobs, next.Parts, next.Manifest = nil, nil, nil
	s.apply(projections.PutObject{Object: next})
	wantRecord(s, next)(s.store.Object(ctx, "b", "k"))

	s.apply(projections.DeleteObject{Bucket: "b", Key: "k"})
	s.wantNone(s.store.Object(ctx, "b", "k"))
	wantList(s, "Objects", s.objects("b", projections.Scan{Limit: 10}), bare)
}

// awkwardKeys are in the order of their bytes, which is not that of UTF-16: U+10000 sorts behind U+FFFD here.
var awkwardKeys = []string{
	"\x00", "\x00\x00", "\x00\x01", "\x00a", "\x01", " ", ".", "..", "../../etc/passwd", "/", "//", "//a", "/a", "0",
	"A", "Z", "a", "a\x00", "a\x00\x00", "a\x00\x01", "a\x00b", "a\x01", "a ", "a.", "a/", "a//", "a//b", "a/b", "a0",
	"aa", "a\u007f", "aé", "b", strings.Repeat("k", 1023), strings.Repeat("k", 1024), strings.Repeat("k", 1023) + "l",
	"z", "~", "é", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffef", "\ufffd", "\uffff", "\U00010000", "😀", "😀/", "😀/x",
	"\U0010ffff", "\U0010ffff\U0010ffff",
}

func keysOf(list []*projections.Object) (keys []string) {
	for _, o := range list {
		keys = append(keys, o.Key)
	}
	return keys
}

func (s *suite) putAwkwardKeys(bucket string) {
	s.Helper()
	if !slices.IsSorted(awkwardKeys) {
		s.Fatal("the keys of the test are out of order")
	}
	var changes []projections.Change
	for i := range awkwardKeys {
		key := awkwardKeys[(i*17+5)%len(awkwardKeys)]
		changes = append(changes, projections.PutObject{Object: object(bucket, key, "v")})
	}
	s.apply(changes...)
}

func testObjectOrder(s *suite) {
	s.putAwkwardKeys("b")
	wantList(s, "all keys", keysOf(s.objects("b", projections.Scan{Limit: 1000})), awkwardKeys...)
	for i, key := range awkwardKeys {
		wantRecord(s, object("b", key, "v"))(s.store.Object(s.Context(), "b", key))
		from := s.objects("b", projections.Scan{Start: key, Limit: 1000})
		wantList(s, "from "+key, keysOf(from), awkwardKeys[i:]...)
		behind := s.objects("b", projections.Scan{Start: key + "\x00", Limit: 3})
		rest := awkwardKeys[i+1:]
		wantList(s, "behind "+key, keysOf(behind), rest[:min(3, len(rest))]...)
	}
}

func testObjectScans(s *suite) {
	s.putAwkwardKeys("b")
	prefixes := append([]string{"", "k", "kk", "\U00010000\x00", "absent", "zz"}, awkwardKeys...)
	for _, prefix := range prefixes {
		for _, start := range []string{"", "\x00", "/", "a", "a/", "a0", "kl", "é", "😀/", "\U0010ffff"} {
			for _, limit := range []int{1, 3, 1000} {
				if !s.sampled() {
					continue
				}
				scan := projections.Scan{Prefix: prefix, Start: start, Limit: limit}
				var want []string
				for _, key := range awkwardKeys {
					if strings.HasPrefix(key, prefix) && key >= start && len(want) < limit {
						want = append(want, key)
					}
				}
				if got := keysOf(s.objects("b", scan)); !slices.Equal(got, want) {
					s.Fatalf("%+v: got %+q, want %+q", scan, got, want)
				}
			}
		}
	}
}

// testNeighbours looks for records that leak into buckets and uploads with similar names.
func testNeighbours(s *suite) {
	all := projections.Scan{Limit: 100}
	buckets := []string{"a", "a-", "a.b", "ab", "b"}
	for _, b := range buckets {
		s.apply(
			projections.PutObject{Object: object(b, "!", b)},
			projections.PutObject{Object: object(b, "b", b)},
			projections.PutObject{Object: object(b, "\U0010ffff", b)},
			projections.PutVersion{Version: version(b, "b", b)},
			projections.PutUpload{Upload: upload(b, "b", b)},
			projections.PutPart{Part: part(b, 1)},
			projections.PutPart{Part: part(b, 10_000)},
		)
	}
	for _, b := range buckets {
		wantList(s, "Objects", s.objects(b, all), object(b, "!", b), object(b, "b", b), object(b, "\U0010ffff", b))
		wantList(s, "Versions", s.versions(b, all), version(b, "b", b))
		wantList(s, "Uploads", s.uploads(b, all), upload(b, "b", b))
		wantList(s, "Parts", s.parts(b, 0, 100), part(b, 1), part(b, 10_000))
	}
	s.apply(
		projections.DeleteObject{Bucket: "a", Key: "b"},
		projections.DeleteVersion{Bucket: "a", Key: "b", Version: "a"},
		projections.DeleteUpload{Bucket: "a", Key: "b", ID: "a"},
	)
	wantList(s, "Objects of a", s.objects("a", all), object("a", "!", "a"), object("a", "\U0010ffff", "a"))
	wantList(s, "Versions of a", s.versions("a", all))
	wantList(s, "Uploads of a", s.uploads("a", all))
	wantList(s, "Parts of a", s.parts("a", 0, 100))
	for _, b := range buckets[1:] {
		wantList(s, "Objects", s.objects(b, all), object(b, "!", b), object(b, "b", b), object(b, "\U0010ffff", b))
		wantList(s, "Versions", s.versions(b, all), version(b, "b", b))
		wantList(s, "Uploads", s.uploads(b, all), upload(b, "b", b))
		wantList(s, "Parts", s.parts(b, 0, 100), part(b, 1), part(b, 10_000))
	}
}
