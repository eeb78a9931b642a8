package backendtest

import (
	"slices"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files/filestest"
)

// Blobs and files know nothing of each other, also where the name of a file is the id of a blob.
func testFilesAreNoBlobs(t *testing.T, b backends.Backend) {
	var blobs []backends.ID
	for i, size := range oneSmallOneLarge {
		id := put(t, b, content(uint64(i), size))
		blobs = append(blobs, id)
		filestest.Put(t, b.Files(), string(id), "a file")
		filestest.Put(t, b.Files(), string(backends.NewID()), "another")
	}
	if got := listAll(t, b, 10); !slices.Equal(got, blobs) {
		t.Errorf("List has %q, want %q", got, blobs)
	}
	if list, err := b.Files().List(t.Context(), ""); err != nil || len(list) != 2*len(blobs) {
		t.Errorf("there are %d files, %v", len(list), err)
	}
	if err := b.Delete(t.Context(), blobs); err != nil {
		t.Fatal(err)
	}
	for _, id := range blobs {
		wantMissing(t, b, id)
		filestest.WantContent(t, b.Files(), string(id), "a file")
	}
}
