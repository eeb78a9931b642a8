package api

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/memory"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// newLongObject stores an object of so many parts of three bytes, and returns its content.
func newLongObject(t *testing.T, s *Service, parts int) (*projections.Object, string) {
	t.Helper()
	object := &projections.Object{Bucket: "b", Key: "k"}
	var content strings.Builder
	for i := range parts {
		text := fmt.Sprintf("%03d", i)
		id := backends.NewID()
		if _, err := s.blobs.Put(t.Context(), id, strings.NewReader(text), backends.Label{}); err != nil {
			t.Fatal(err)
		}
		object.Blobs = append(object.Blobs, eventlog.Blob{ID: string(id), Size: 3})
		object.Parts = append(object.Parts, eventlog.Part{Number: 2 * (i + 1), Size: 3, ETag: text})
		object.Size += 3
		content.WriteString(text)
	}
	if err := s.storeManifest(t.Context(), object.Bucket, object.Key, &object.Object); err != nil {
		t.Fatal(err)
	}
	return object, content.String()
}

// TestObjectsOfManyParts reads objects with and without a manifest twice, the second time out of the cache.
func TestObjectsOfManyParts(t *testing.T) {
	for _, parts := range []int{inlineParts, inlineParts + 1, 1000} {
		s := New(Config{Blobs: memory.New(1 << 20)})
		object, content := newLongObject(t, s, parts)
		if hasManifest := object.Manifest != nil; hasManifest != (parts > inlineParts) || hasManifest != (len(object.Blobs) == 0) {
			t.Errorf("%d parts: manifest %v beside %d blobs", parts, object.Manifest, len(object.Blobs))
		}
		for range 2 {
			for _, r := range [][2]int64{{0, object.Size}, {0, 0}, {2, 2}, {3, 3}, {object.Size - 4, 4}} {
				body, err := s.open(t.Context(), object, r[0], r[1], true)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(body)
				if want := content[r[0] : r[0]+r[1]]; err != nil || string(got) != want {
					t.Errorf("%d parts, %d bytes from %d: got %q, %v; want %q", parts, r[1], r[0], got, err, want)
				}
				if err := body.Close(); err != nil {
					t.Error(err)
				}
			}
			out := &GetObjectOutput{Object: object}
			if err := s.selectPart(t.Context(), out, 2*parts); err != nil || out.Offset != object.Size-3 || out.PartsCount != parts {
				t.Errorf("last of %d parts: %+v, %v", parts, out, err)
			}
			if err := s.selectPart(t.Context(), out, 2*parts+1); err == nil {
				t.Errorf("there is a part %d", 2*parts+1)
			}
		}
	}
}

func TestDamagedManifestsAreNotBelieved(t *testing.T) {
	s := New(Config{Blobs: memory.New(1 << 20)})
	object, _ := newLongObject(t, s, inlineParts+1)
	r, err := s.blobs.Get(t.Context(), backends.ID(object.Manifest.ID), 0, object.Manifest.Size)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	id := backends.NewID()
	if _, err := s.blobs.Put(t.Context(), id, bytes.NewReader(bytes.Replace(text, []byte(`"050"`), []byte(`"051"`), 1)), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	object.Manifest.ID = string(id)
	if _, err := s.open(t.Context(), object, 0, object.Size, true); err == nil || !strings.Contains(err.Error(), string(id)) {
		t.Errorf("got error %v, want one that names the manifest %s", err, id)
	}
}
