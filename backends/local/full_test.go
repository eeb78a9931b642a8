package local

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/fulldisk/smalldisk"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// fillDisk puts blobs of a size until there is no space, and returns them.
func fillDisk(t *testing.T, b *Backend, size int) []backends.ID {
	t.Helper()
	var ids []backends.ID
	for {
		id, err := put(t, b, size)
		if errors.Is(err, backends.ErrNoSpace) {
			return ids
		}
		if err != nil {
			t.Fatalf("put of %d bytes on a disk that fills up, after %d: error %v, want ErrNoSpace", size, len(ids), err)
		}
		ids = append(ids, id)
	}
}

func TestFullDisk(t *testing.T) {
	for name, size := range map[string]int{"small blobs": smallLimit, "large blobs": 5 << 20} {
		t.Run(name, func(t *testing.T) {
			dir := smalldisk.Mount(t, 200<<20)
			b := openOn(t, vfs.Default, dir)
			ids := fillDisk(t, b, size)
			if len(ids) == 0 {
				t.Fatal("nothing could be put")
			}
			if err := b.Check(t.Context()); !errors.Is(err, backends.ErrNoSpace) {
				t.Errorf("Check: %v, want ErrNoSpace", err)
			}
			for _, id := range ids {
				if err := read(t, b, id, size); err != nil {
					t.Fatalf("get of an acknowledged blob: %v", err)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "tmp", "*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}

			// Deleting makes room, of small blobs when Pebble gets to it.
			if err := b.Delete(t.Context(), ids); err != nil {
				t.Fatalf("Delete on a full disk: %v", err)
			}
			if err := b.small.db.Compact(t.Context(), []byte("0"), []byte("z"), false); err != nil {
				t.Fatal(err)
			}
			again := 0
			for end := time.Now().Add(20 * time.Second); again < len(ids)/2; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d blobs fit after deleting %d", again, len(ids))
				}
				again += len(fillDisk(t, b, size))
			}
		})
	}
}

// Something else may take the very last byte.
func TestDiskFilledByOthers(t *testing.T) {
	dir := smalldisk.Mount(t, 200<<20)
	b := openOn(t, vfs.Default, filepath.Join(dir, "blobs"))
	var ids []backends.ID
	for range 100 {
		id, err := put(t, b, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}

	hog, err := os.Create(filepath.Join(dir, "hog"))
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]byte, 1<<16)
	rand.NewChaCha8([32]byte{}).Read(junk)
	for err == nil {
		_, err = hog.Write(junk)
	}
	if err := hog.Close(); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, smallLimit, large} {
		if _, err := put(t, b, size); !errors.Is(err, backends.ErrNoSpace) {
			t.Errorf("put of %d bytes on a full disk: error %v, want ErrNoSpace", size, err)
		}
	}
	putFile := func() error { return b.Files().Put(t.Context(), "file", strings.NewReader("content")) }
	if err := putFile(); !errors.Is(err, backends.ErrNoSpace) {
		t.Errorf("put of a file on a full disk: error %v, want ErrNoSpace", err)
	}
	if err := b.Delete(t.Context(), ids[:1]); !errors.Is(err, backends.ErrNoSpace) {
		t.Errorf("Delete of a small blob on a full disk: error %v, want ErrNoSpace", err)
	}
	for _, id := range ids {
		if err := read(t, b, id, 10_000); err != nil {
			t.Fatalf("get on a full disk: %v", err)
		}
	}

	if err := os.Remove(hog.Name()); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, smallLimit, large} {
		if _, err := put(t, b, size); err != nil {
			t.Errorf("put of %d bytes when there is space again: %v", size, err)
		}
	}
	if err := putFile(); err != nil {
		t.Errorf("put of a file when there is space again: %v", err)
	}
}
