package projections_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/bleepstore/bleepstore/projections/memory"
)

// everyKind is a record of each kind, and neighbours of some of them.
func everyKind() []projections.Change {
	object := func(version string) eventlog.Object { return eventlog.Object{Version: version, Size: 1} }
	part := func(number int) projections.PutPart {
		return projections.PutPart{Part: &projections.Part{Upload: "u1", Part: eventlog.Part{Number: number}}}
	}
	garbage := func(id string, since int64) projections.PutGarbage {
		return projections.PutGarbage{Garbage: projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: id}, Since: time.Unix(since, 0).UTC()}}
	}
	return []projections.Change{
		projections.PutBucket{Bucket: &projections.Bucket{Name: "a"}},
		projections.PutObject{Object: &projections.Object{Bucket: "a", Key: "k", Object: object("3")}},
		projections.PutObject{Object: &projections.Object{Bucket: "a", Key: "k\x00", Object: object("3")}},
		projections.PutVersion{Version: &projections.Version{Bucket: "a", Key: "k", Object: object("2")}},
		projections.PutVersion{Version: &projections.Version{Bucket: "a", Key: "k", Object: object("1")}},
		projections.PutVersion{Version: &projections.Version{Bucket: "a", Key: "l", Object: object("9")}},
		projections.PutUpload{Upload: &projections.Upload{Bucket: "a", Key: "k", ID: "u1"}},
		part(1), part(2), part(10),
		projections.PutUpload{Upload: &projections.Upload{Bucket: "a", Key: "k", ID: "u2"}},
		projections.PutBucket{Bucket: &projections.Bucket{Name: "b"}},
		projections.PutObject{Object: &projections.Object{Bucket: "b", Key: "a", Object: object("1")}},
		projections.SetShared{Blob: "x", Count: 2},
		projections.SetShared{Blob: "y", Count: 3},
		garbage("z", 1), garbage("a", 2), garbage("b", 2),
	}
}

func storeOf(t *testing.T, changes []projections.Change) projections.MetadataStore {
	t.Helper()
	store := memory.New()
	if err := store.Apply(t.Context(), positionAt(1), changes); err != nil {
		t.Fatal(err)
	}
	return store
}

func differences(t *testing.T, left, right projections.MetadataStore) (found []string) {
	t.Helper()
	err := projections.Compare(t.Context(), left, right, func(d projections.Difference) bool {
		found = append(found, d.String())
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCompareFindsWhatIsMissing(t *testing.T) {
	all := everyKind()
	whole := storeOf(t, all)
	if found := differences(t, whole, storeOf(t, all)); len(found) > 0 {
		t.Errorf("two stores that are alike differ: %q", found)
	}
	for i := range all {
		less := storeOf(t, slices.Delete(slices.Clone(all), i, i+1))
		in1, in2 := differences(t, whole, less), differences(t, less, whole)
		wantParts := 0 // parts without their upload are nobody's
		if u, ok := all[i].(projections.PutUpload); ok && u.Upload.ID == "u1" {
			wantParts = 3
		}
		if b, ok := all[i].(projections.PutBucket); ok { // nor is what a bucket that is not there would hold
			if len(in1) < 2 || in1[0] != "bucket "+b.Bucket.Name+" is only in the first" {
				t.Errorf("without bucket %s: %q", b.Bucket.Name, in1)
			}
			continue
		}
		if len(in1) != 1+wantParts || len(in2) != 1+wantParts {
			t.Errorf("without %T %d: %q and %q", all[i], i, in1, in2)
		}
	}
}

func TestCompareFindsWhatIsChanged(t *testing.T) {
	all := everyKind()
	changed := slices.Clone(all)
	changed[1] = projections.PutObject{Object: &projections.Object{Bucket: "a", Key: "k", Object: eventlog.Object{Version: "3", Size: 2}}}
	found := differences(t, storeOf(t, all), storeOf(t, changed))
	if want := []string{`object "k" in bucket a differs`}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}
