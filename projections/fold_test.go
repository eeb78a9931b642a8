package projections_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// counts are the counts of a store, as a View.
type counts map[string]int64

func (c counts) Shared(_ context.Context, blob string) (int64, error) { return c[blob], nil }

// Bucket has one bucket, that of the tests.
func (c counts) Bucket(_ context.Context, name string) (*projections.Bucket, error) {
	if name != "b" {
		return nil, projections.ErrNotFound
	}
	return &projections.Bucket{Name: "b", Region: "r"}, nil
}

var noon = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)

func event(data eventlog.Data) eventlog.Event { return eventlog.Event{Time: noon, Data: data} }

func blobs(ids ...string) (list []eventlog.Blob) {
	for _, id := range ids {
		list = append(list, eventlog.Blob{ID: id, Size: 1})
	}
	return list
}

func freed(ids ...string) (list []eventlog.FreeBlob) {
	for _, id := range ids {
		list = append(list, eventlog.FreeBlob{ID: id})
	}
	return list
}

func garbage(id string) projections.Change {
	return projections.PutGarbage{Garbage: projections.Garbage{FreeBlob: eventlog.FreeBlob{ID: id}, Since: noon}}
}

func shared(blob string, count int64) projections.Change {
	return projections.SetShared{Blob: blob, Count: count}
}

// put and copied say that an object "k" of bucket "b" has some blobs.
func put(ids ...string) *eventlog.ObjectCreated {
	return &eventlog.ObjectCreated{Bucket: "b", Key: "k", Via: eventlog.ViaPut, Object: eventlog.Object{Blobs: blobs(ids...)}}
}

func copied(ids ...string) *eventlog.ObjectCreated {
	e := put(ids...)
	e.Via, e.Source = eventlog.ViaCopy, &eventlog.Source{Bucket: "b", Key: "source"}
	return e
}

func freeing(e *eventlog.ObjectCreated, ids ...string) *eventlog.ObjectCreated {
	e.Freed = freed(ids...)
	return e
}

// putObject is the change that every event from put and copied means.
func putObject(ids ...string) projections.Change {
	return projections.PutObject{Object: &projections.Object{
		Bucket: "b", Key: "k", Object: eventlog.Object{Blobs: blobs(ids...)},
	}}
}

type foldTest struct {
	name   string
	counts counts
	events []eventlog.Data
	want   []projections.Change
}

func TestFold(t *testing.T) {
	attributes := eventlog.Attributes{ContentType: "text/plain"}
	checksum := eventlog.Checksum{Algorithm: "CRC32"}
	partOne := eventlog.Part{Number: 1, Size: 5, ETag: "e"}
	deleteUpload := projections.DeleteUpload{Bucket: "b", Key: "k", ID: "u"}

	complete := freeing(put("p1", "p2"), "old", "unused")
	complete.Via, complete.Object.Upload = eventlog.ViaMultipart, "u"

	withManifest := copied("p1", "p2")
	withManifest.Object.Manifest = &eventlog.Blob{ID: "m"}

	tests := []foldTest{
		{
			name:   "bucket created",
			events: []eventlog.Data{&eventlog.BucketCreated{Bucket: "b", Region: "r", Owner: owner}},
			want: []projections.Change{projections.PutBucket{Bucket: &projections.Bucket{
				Name: "b", Region: "r", Created: noon, Owner: owner,
			}}},
		},
		{
			name:   "bucket made elsewhere",
			events: []eventlog.Data{&eventlog.BucketCreated{Bucket: "b", Created: noon.AddDate(-1, 0, 0)}},
			want:   []projections.Change{projections.PutBucket{Bucket: &projections.Bucket{Name: "b", Created: noon.AddDate(-1, 0, 0)}}},
		},
		{
			name:   "upload begun elsewhere",
			events: []eventlog.Data{&eventlog.UploadCreated{Bucket: "b", Key: "k", Upload: "u", Initiated: noon.AddDate(-1, 0, 0)}},
			want: []projections.Change{projections.PutUpload{Upload: &projections.Upload{
				Bucket: "b", Key: "k", ID: "u", Initiated: noon.AddDate(-1, 0, 0),
			}}},
		},
		{
			name:   "bucket deleted",
			events: []eventlog.Data{&eventlog.BucketDeleted{Bucket: "b"}},
			want:   []projections.Change{projections.DeleteBucket{Name: "b"}},
		},
		{
			name:   "object put in place of another",
			events: []eventlog.Data{freeing(put("new"), "old")},
			want:   []projections.Change{putObject("new"), garbage("old")},
		},
		{
			name:   "object deleted",
			events: []eventlog.Data{&eventlog.ObjectDeleted{Bucket: "b", Key: "k", Freed: freed("x", "y")}},
			want:   []projections.Change{projections.DeleteObject{Bucket: "b", Key: "k"}, garbage("x"), garbage("y")},
		},
		{
			name: "upload created",
			events: []eventlog.Data{&eventlog.UploadCreated{
				Bucket: "b", Key: "k", Upload: "u", Owner: owner, Attributes: attributes, Checksum: checksum,
			}},
			want: []projections.Change{projections.PutUpload{Upload: &projections.Upload{
				Bucket: "b", Key: "k", ID: "u", Initiated: noon, Owner: owner, Attributes: attributes, Checksum: checksum,
			}}},
		},
		{
			name: "part stored in place of another",
			events: []eventlog.Data{&eventlog.PartStored{
				Bucket: "b", Key: "k", Upload: "u", Part: partOne, Blob: blobs("p")[0], Freed: freed("old"),
			}},
			want: []projections.Change{
				projections.PutPart{Part: &projections.Part{Upload: "u", Part: partOne, Blob: blobs("p")[0]}},
				garbage("old"),
			},
		},
		{
			name:   "upload aborted",
			events: []eventlog.Data{&eventlog.UploadAborted{Bucket: "b", Key: "k", Upload: "u", Freed: freed("p")}},
			want:   []projections.Change{deleteUpload, garbage("p")},
		},
		{
			name:   "upload completed",
			events: []eventlog.Data{complete},
			want: []projections.Change{
				projections.PutObject{Object: &projections.Object{Bucket: "b", Key: "k", Object: complete.Object}},
				deleteUpload, garbage("old"), garbage("unused"),
			},
		},
		{
			name:   "first and second copy",
			counts: counts{"y": 5},
			events: []eventlog.Data{copied("x", "y"), copied("x")},
			want:   []projections.Change{putObject("x", "y"), shared("x", 2), shared("y", 6), putObject("x"), shared("x", 3)},
		},
		{
			name:   "copy of an object with a manifest",
			events: []eventlog.Data{withManifest},
			want: []projections.Change{
				projections.PutObject{Object: &projections.Object{Bucket: "b", Key: "k", Object: withManifest.Object}},
				shared("m", 2),
			},
		},
		{
			name:   "object copied onto itself",
			events: []eventlog.Data{freeing(copied("x"), "x")},
			want:   []projections.Change{putObject("x"), shared("x", 2), shared("x", 1)},
		},
		{
			name:   "last name goes after its copies",
			counts: counts{"x": 3},
			events: []eventlog.Data{freeing(put(), "x"), freeing(put(), "x"), freeing(put(), "x")},
			want:   []projections.Change{putObject(), shared("x", 2), putObject(), shared("x", 1), putObject(), garbage("x")},
		},
		{
			name:   "copied again after its copies went",
			counts: counts{"x": 2},
			events: []eventlog.Data{freeing(put(), "x"), copied("x")},
			want:   []projections.Change{putObject(), shared("x", 1), putObject("x"), shared("x", 2)},
		},
	}
	tests = append(tests, foldVersions...)
	tests = append(tests, foldConfigurations...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var events []eventlog.Event
			for _, data := range tt.events {
				events = append(events, event(data))
			}
			got, err := projections.Fold(t.Context(), tt.counts, events)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

type strange struct{}

func (strange) EventType() string { return "bucket.painted" }
func (strange) EventVersion() int { return 1 }

func TestFoldRefusesUnknownTypes(t *testing.T) {
	_, err := projections.Fold(t.Context(), counts{}, []eventlog.Event{event(put("x")), event(strange{})})
	if err == nil || !strings.Contains(err.Error(), "bucket.painted") {
		t.Errorf("got error %v, want one that names the type", err)
	}
	if _, err := projections.Fold(t.Context(), counts{}, []eventlog.Event{event(nil)}); err == nil {
		t.Error("an event without data was accepted")
	}
}

type brokenCounts struct{ error }

func (c brokenCounts) Shared(context.Context, string) (int64, error) { return 0, c.error }

func (c brokenCounts) Bucket(context.Context, string) (*projections.Bucket, error) {
	return nil, c.error
}

func TestFoldReadsCountsOnlyOfSharedAndFreedBlobs(t *testing.T) {
	broken := brokenCounts{errors.New("broken")}
	if _, err := projections.Fold(t.Context(), broken, []eventlog.Event{event(put("x"))}); err != nil {
		t.Errorf("a put: %v", err)
	}
	for name, data := range map[string]eventlog.Data{"copy": copied("x"), "overwrite": freeing(put("x"), "y")} {
		if _, err := projections.Fold(t.Context(), broken, []eventlog.Event{event(data)}); !errors.Is(err, broken.error) {
			t.Errorf("%s: got error %v, want %v", name, err, broken.error)
		}
	}
}
