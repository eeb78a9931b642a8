package adopt_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/adopt"
	"github.com/bleepstore/bleepstore/api/apitest"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/local"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// labeled is a backend that keeps labels, in memory.
type labeled struct {
	backends.Backend
	blobs []backends.Labeled
}

func newLabeled(t testing.TB) *labeled {
	t.Helper()
	blobs, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := blobs.Close(); err != nil {
			t.Error(err)
		}
	})
	return &labeled{Backend: blobs}
}

func (l *labeled) Labeled(context.Context) iter.Seq2[backends.Labeled, error] {
	return func(yield func(backends.Labeled, error) bool) {
		for _, blob := range slices.Backward(l.blobs) {
			if !yield(blob, nil) {
				return
			}
		}
	}
}

// put stores a blob of the bucket "bucket", unless the label says otherwise.
func (l *labeled) put(t testing.TB, content string, label backends.Label) backends.ID {
	t.Helper()
	if label.Bucket == "" {
		label.Bucket = "bucket"
	}
	id := backends.NewID()
	if _, err := l.Put(t.Context(), id, strings.NewReader(content), label); err != nil {
		t.Fatal(err)
	}
	l.blobs = append(l.blobs, backends.Labeled{ID: id, Size: int64(len(content)), Label: label})
	return id
}

// newServer starts what objects are made in.
func newServer(t testing.TB, blobs backends.Backend) adopt.Server {
	t.Helper()
	service, store, _ := apitest.New(t, api.Config{Region: "us-east-1", Blobs: blobs})
	return adopt.Server{Service: service, Store: store, Owner: eventlog.Owner{ID: "owner"}}
}

// told keeps what is reported.
type told struct{ leftOut, notes []string }

func (r *told) LeftOut(err error)             { r.leftOut = append(r.leftOut, err.Error()) }
func (r *told) Note(text string)              { r.notes = append(r.notes, text) }
func (r *told) Progress(int64, int64, string) {}

// read returns the bytes of an object, and the object.
func read(t testing.TB, s adopt.Server, key string) (string, *projections.Object) {
	t.Helper()
	object, err := s.Store.Object(t.Context(), "bucket", key)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	m, err := s.Service.Manifest(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	content := new(strings.Builder)
	for _, blob := range m.Blobs {
		r, err := s.Service.OpenBlob(t.Context(), blob)
		if err != nil {
			t.Fatalf("read %q: %v", key, err)
		}
		if _, err := io.Copy(content, r); err != nil {
			t.Fatalf("read %q: %v", key, err)
		}
		r.Close()
	}
	return content.String(), object
}

// Of the blobs of a key, those are chosen that are most likely its object.
func TestBlobsOfAKey(t *testing.T) {
	part := func(key, upload string, number int) backends.Label {
		return backends.Label{Key: key, Upload: upload, Part: number}
	}
	blobs := newLabeled(t)
	for range 3 {
		blobs.put(t, "old", backends.Label{Key: "overwritten"})
	}
	blobs.put(t, "new", backends.Label{Key: "overwritten", ContentType: "text/plain"})

	blobs.put(t, "single", backends.Label{Key: "assembled"})
	blobs.put(t, "two", part("assembled", "u1", 2))
	blobs.put(t, "wrong", part("assembled", "u1", 1))
	blobs.put(t, "one", part("assembled", "u1", 1)) // uploaded again

	blobs.put(t, "x", part("newest upload", "b", 1))
	blobs.put(t, "y", part("newest upload", "a", 1))
	blobs.put(t, "z", part("newest upload", "c", 2)) // which has no first part

	blobs.put(t, "o", part("newest upload last", "m", 1))
	blobs.put(t, "p", part("newest upload last", "n", 1))

	blobs.put(t, "upload", part("replaced", "u2", 1))
	blobs.put(t, "single", backends.Label{Key: "replaced"})

	blobs.put(t, "first", part("only a gap", "u3", 1))
	blobs.put(t, "third", part("only a gap", "u3", 3))

	var many bytes.Buffer
	for n := range 150 {
		content := fmt.Sprintf("part %d;", n+1)
		many.WriteString(content)
		blobs.put(t, content, part("many parts", "u4", n+1))
	}
	blobs.put(t, "no list", backends.Label{Key: "many parts", Manifest: true})
	blobs.put(t, "", backends.Label{Key: "empty"})
	blobs.put(t, "whose?", backends.Label{})
	blobs.put(t, "no bucket", backends.Label{Bucket: "No Bucket", Key: "k"})
	blobs.put(t, "no key", backends.Label{Key: strings.Repeat("k", 1025)})
	gone := blobs.put(t, "gone", backends.Label{Key: "gone"})
	if err := blobs.Delete(t.Context(), []backends.ID{gone}); err != nil {
		t.Fatal(err)
	}

	s := newServer(t, blobs)
	for run := range 2 {
		report := new(told)
		rebuilt, err := adopt.Blobs(t.Context(), s, blobs, t.TempDir(), report)
		if err != nil {
			t.Fatal(err)
		}
		want := adopt.Rebuilt{Adopted: adopt.Adopted{Buckets: 1, Objects: 7, Bytes: int64(many.Len()) + 3 + 6 + 1 + 1 + 6, LeftOut: 6}, Manifests: 1, Replaced: 8}
		if run == 1 {
			want.Adopted = adopt.Adopted{Present: 7, LeftOut: 6}
		}
		if rebuilt != want {
			t.Errorf("in run %d, of the blobs there is %+v, want %+v; left out: %q", run, rebuilt, want, report.leftOut)
		}
		if len(report.notes) != 3 || !strings.Contains(report.notes[0], `"assembled"`) || !strings.Contains(report.notes[0], "should be blob ") ||
			!strings.Contains(report.notes[1], "is made of upload a, ") || !strings.Contains(report.notes[1], "should be upload b of 1 bytes") ||
			!strings.Contains(report.notes[2], "is made of upload n, ") || !strings.Contains(report.notes[2], "should be upload m of 1 bytes") {
			t.Errorf("notes: %q, want those about what is older than an upload", report.notes)
		}
	}
	for key, want := range map[string]string{
		"overwritten": "new", "assembled": "onetwo", "newest upload": "y", "newest upload last": "p", "replaced": "single", "many parts": many.String(), "empty": "",
	} {
		if got, _ := read(t, s, key); got != want {
			t.Errorf("%q has the content %q, want %q", key, got, want)
		}
	}
	_, plain := read(t, s, "overwritten")
	sum := md5.Sum([]byte("new"))
	if plain.ETag != hex.EncodeToString(sum[:]) || plain.Attributes.ContentType != "text/plain" || plain.Checksum.Type != api.FullObject {
		t.Errorf("an object is %+v", plain)
	}
	_, assembled := read(t, s, "many parts")
	if !strings.HasSuffix(assembled.ETag, "-150") || assembled.Manifest == nil || assembled.Upload != "u4" {
		t.Errorf("an object of many parts is %+v", assembled)
	}
	if scrubbed, err := s.Service.Scrub(t.Context(), 0, func(d api.Damage) { t.Error(d) }); err != nil || scrubbed.Damaged > 0 {
		t.Errorf("scrub: %+v, %v", scrubbed, err)
	}
}

// A failure of the backend ends it, and what was made is gone on with.
func TestBlobsGoOn(t *testing.T) {
	blobs := newLabeled(t)
	for i := range 100 {
		blobs.put(t, fmt.Sprint("content ", i), backends.Label{Key: fmt.Sprint("key ", i)})
	}
	s := newServer(t, blobs)
	if rebuilt, err := adopt.Blobs(t.Context(), s, &failing{blobs, blobs.blobs[50].ID}, t.TempDir(), new(told)); err == nil {
		t.Errorf("that the backend failed is no error: %+v", rebuilt)
	}
	rebuilt, err := adopt.Blobs(t.Context(), s, blobs, t.TempDir(), new(told))
	if err != nil || rebuilt.Objects+rebuilt.Present != 100 || rebuilt.Objects == 0 {
		t.Errorf("%+v, %v", rebuilt, err)
	}
}

// failing is a backend that cannot read one of its blobs now.
type failing struct {
	*labeled
	id backends.ID
}

func (f *failing) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	if id == f.id {
		return nil, fmt.Errorf("get blob %s: %w", id, backends.ErrUnavailable)
	}
	return f.labeled.Get(ctx, id, offset, length)
}
