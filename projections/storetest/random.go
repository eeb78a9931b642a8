package storetest

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/projections"
)

// model is a store that could hardly be simpler. Its maps have a record's fields, one behind the other, as keys.
type model struct {
	buckets  map[string]*projections.Bucket
	objects  map[[2]string]*projections.Object
	versions map[[3]string]*projections.Version
	uploads  map[[3]string]*projections.Upload
	parts    map[string]map[int]*projections.Part
	shared   map[string]int64
	garbage  map[string]projections.Garbage
}

func newModel() *model {
	return &model{
		buckets:  make(map[string]*projections.Bucket),
		objects:  make(map[[2]string]*projections.Object),
		versions: make(map[[3]string]*projections.Version),
		uploads:  make(map[[3]string]*projections.Upload),
		parts:    make(map[string]map[int]*projections.Part),
		shared:   make(map[string]int64),
		garbage:  make(map[string]projections.Garbage),
	}
}

func (m *model) apply(change projections.Change) {
	switch c := change.(type) {
	case projections.PutBucket:
		m.buckets[c.Bucket.Name] = c.Bucket
	case projections.DeleteBucket:
		delete(m.buckets, c.Name)
	case projections.PutObject:
		m.objects[[2]string{c.Object.Bucket, c.Object.Key}] = c.Object
	case projections.DeleteObject:
		delete(m.objects, [2]string{c.Bucket, c.Key})
	case projections.PutVersion:
		m.versions[[3]string{c.Version.Bucket, c.Version.Key, c.Version.Version}] = c.Version
	case projections.DeleteVersion:
		delete(m.versions, [3]string{c.Bucket, c.Key, c.Version})
	case projections.PutUpload:
		m.uploads[[3]string{c.Upload.Bucket, c.Upload.Key, c.Upload.ID}] = c.Upload
	case projections.DeleteUpload:
		delete(m.uploads, [3]string{c.Bucket, c.Key, c.ID})
		delete(m.parts, c.ID)
	case projections.PutPart:
		if m.parts[c.Part.Upload] == nil {
			m.parts[c.Part.Upload] = make(map[int]*projections.Part)
		}
		m.parts[c.Part.Upload][c.Part.Number] = c.Part
	case projections.SetShared:
		m.shared[c.Blob] = c.Count
		if c.Count < 2 {
			delete(m.shared, c.Blob)
		}
	case projections.PutGarbage:
		m.garbage[c.Garbage.ID] = c.Garbage
	case projections.DeleteGarbage:
		delete(m.garbage, c.Garbage.ID)
	}
}

// sorted returns the values of a map in the order of their keys.
func sorted[K comparable, V any](m map[K]V, compare func(a, b K) int) (values []V) {
	for _, k := range slices.SortedFunc(maps.Keys(m), compare) {
		values = append(values, m[k])
	}
	return values
}

func (m *model) contents(seq uint64, uploads, blobs []string) contents {
	c := contents{
		Position: position(seq),
		Buckets:  sorted(m.buckets, cmp.Compare),
		Objects:  sorted(m.objects, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }),
		Versions: sorted(m.versions, func(a, b [3]string) int {
			return cmp.Or(slices.Compare(a[:2], b[:2]), cmp.Compare(b[2], a[2]))
		}),
		Uploads: sorted(m.uploads, func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }),
	}
	for _, u := range uploads {
		c.Parts = append(c.Parts, sorted(m.parts[u], cmp.Compare)...)
	}
	for _, b := range blobs {
		c.Shared = append(c.Shared, m.shared[b])
	}
	c.Garbage = slices.SortedFunc(maps.Values(m.garbage), func(a, b projections.Garbage) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return c
}

// generator makes random changes to few records, so that they meet.
type generator struct{ *rand.Rand }

var (
	randomBuckets = []string{"b", "b-", "bb"}
	randomKeys    = []string{"\x00", "a", "a\x00", "a\x00b", "a/", "a/b", "aa", "é", "\uffff", "😀"}
	randomIDs     = []string{"1", "10", "2", "20"}
)

func (g generator) pick(list []string) string { return list[g.IntN(len(list))] }

func (g generator) change() projections.Change {
	b, key, id := g.pick(randomBuckets), g.pick(randomKeys), g.pick(randomIDs)
	switch g.IntN(12) {
	case 0:
		changed := bucket(b)
		changed.Region = id
		return projections.PutBucket{Bucket: changed}
	case 1:
		return projections.DeleteBucket{Name: b}
	case 2:
		return projections.DeleteObject{Bucket: b, Key: key}
	case 3:
		return projections.PutVersion{Version: version(b, key, id)}
	case 4:
		return projections.DeleteVersion{Bucket: b, Key: key, Version: id}
	case 5:
		return projections.PutUpload{Upload: upload(b, key, id)}
	case 6:
		return projections.DeleteUpload{Bucket: b, Key: key, ID: id}
	case 7:
		return projections.PutPart{Part: part(id, 1+g.IntN(300))}
	case 8:
		return projections.SetShared{Blob: id, Count: g.Int64N(5)}
	case 9:
		return projections.PutGarbage{Garbage: g.garbage(id)}
	case 10:
		return projections.DeleteGarbage{Garbage: g.garbage(id)}
	default:
		return projections.PutObject{Object: object(b, key, id)}
	}
}

// garbage returns always the same record for an id.
func (g generator) garbage(id string) projections.Garbage {
	return garbage(id, day.Add(-time.Duration(len(id))*time.Millisecond))
}

func newGenerator(t testing.TB) generator {
	seed := rand.Uint64()
	t.Logf("random seed: %d", seed)
	return generator{rand.New(rand.NewPCG(seed, 0))}
}

// applyRandom makes random changes to the store and to the model.
func (s *suite) applyRandom(g generator, m *model) {
	s.Helper()
	changes := make([]projections.Change, g.IntN(20))
	for i := range changes {
		changes[i] = g.change()
		m.apply(changes[i])
	}
	s.apply(changes...)
}

func (s *suite) wantModel(m *model) {
	s.Helper()
	got := s.contents(randomBuckets, randomIDs, randomIDs)
	want := m.contents(s.seq, randomIDs, randomIDs)
	wantList(s, "Buckets", got.Buckets, want.Buckets...)
	wantList(s, "Objects", got.Objects, want.Objects...)
	wantList(s, "Versions", got.Versions, want.Versions...)
	wantList(s, "Uploads", got.Uploads, want.Uploads...)
	wantList(s, "Parts", got.Parts, want.Parts...)
	wantList(s, "Shared", got.Shared, want.Shared...)
	wantList(s, "Garbage", got.Garbage, want.Garbage...)
	wantEqual(s, "Position", got.Position, want.Position)
}

func testRandom(s *suite) {
	g, m := newGenerator(s), newModel()
	for range 100 {
		s.applyRandom(g, m)
		if s.sampled() {
			s.wantModel(m)
		}
	}
	s.wantModel(m)
}

func testReopen(t *testing.T, open func() projections.MetadataStore) {
	g, m := newGenerator(t), newModel()
	s := &suite{T: t, store: open()}
	for range 5 {
		for range 10 {
			s.applyRandom(g, m)
		}
		s.close()
		s.store = open()
		s.wantModel(m)
	}
	s.close()
}
