package local

import (
	"bytes"
	"encoding/base32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

func TestOpenRemovesUnfinishedBlobs(t *testing.T) {
	dir := t.TempDir()
	unfinished := filepath.Join(dir, "tmp", string(backends.NewID()))
	if err := os.MkdirAll(filepath.Dir(unfinished), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(unfinished, []byte("half of a bl"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := openOn(t, vfs.Default, dir)
	if _, err := os.Stat(unfinished); !os.IsNotExist(err) {
		t.Errorf("an unfinished blob is still there: %v", err)
	}
	if ids, err := b.List(t.Context(), "", 10); err != nil || len(ids) > 0 {
		t.Errorf("List = %v, %v, want nothing", ids, err)
	}
}

func TestOpenTwiceFails(t *testing.T) {
	dir := t.TempDir()
	first := openOn(t, vfs.Default, dir)
	unfinished := filepath.Join(dir, "tmp", "upload")
	if err := os.WriteFile(unfinished, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if second, err := Open(dir); err == nil {
		t.Errorf("a second Open worked: %v", second.Close())
	}
	if _, err := os.Stat(unfinished); err != nil {
		t.Errorf("a second Open touched what the first is writing: %v", err)
	}
	if _, err := put(t, first, 100); err != nil {
		t.Errorf("put after a second Open: %v", err)
	}
}

// idAt makes an id as if at a time.
func idAt(at time.Time) backends.ID {
	u := uuid.Must(uuid.NewV7())
	for i, ms := 5, at.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		u[i] = byte(ms)
	}
	return backends.ID(base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding).EncodeToString(u[:]))
}

// Lists are in order also when they go through many folders, and folders go when they have become empty.
func TestManyFolders(t *testing.T) {
	dir := t.TempDir()
	b := openOn(t, vfs.Default, dir)
	var ids []backends.ID
	for _, age := range []time.Duration{0, time.Minute, 2 * time.Hour, 3 * time.Hour, 30 * 24 * time.Hour} {
		for range 3 {
			id := idAt(time.Now().Add(-age))
			if _, err := b.Put(t.Context(), id, bytes.NewReader(make([]byte, large)), backends.Label{}); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for i := range ids {
		after := backends.ID("")
		if i > 0 {
			after = ids[i-1]
		}
		for _, limit := range []int{1, 4, 100} {
			want := ids[i:min(i+limit, len(ids))]
			if got, err := b.List(t.Context(), after, limit); err != nil || !slices.Equal(got, want) {
				t.Fatalf("List(%q, %d) = %v, %v, want %v", after, limit, got, err, want)
			}
		}
	}

	if err := b.Delete(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		folder := filepath.Join(dir, "large", string(id[:outerLength]), string(id[outerLength:outerLength+innerLength]))
		_, err := os.Stat(folder)
		if old := time.Since(id.Time()) > settledAge; old && !os.IsNotExist(err) {
			t.Errorf("an old empty folder is still there: %v", err)
		}
	}
	// A removed folder comes back when it is needed.
	late := idAt(time.Now().Add(-2 * time.Hour))
	if _, err := b.Put(t.Context(), late, bytes.NewReader(make([]byte, large)), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	if err := read(t, b, late, large); err != nil {
		t.Error(err)
	}
}

func TestListPassesOverForeignFiles(t *testing.T) {
	dir := t.TempDir()
	b := openOn(t, vfs.Default, dir)
	id, err := put(t, b, large)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(b.large.folders.path(id))
	for _, path := range []string{folder + "/.DS_Store", dir + "/large/lost+found/x", folder + "/" + string(id[:25]) + "z"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := b.List(t.Context(), "", 10); err != nil || !slices.Equal(ids, []backends.ID{id}) {
		t.Errorf("List = %v, %v, want only %s", ids, err, id)
	}
}

// net's sockets use sendfile where they are handed an *os.File, or an *io.LimitedReader of one.
func TestLargeGetAllowsSendfile(t *testing.T) {
	b := openOn(t, vfs.Default, t.TempDir())
	id, err := put(t, b, large)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Get(t.Context(), id, 5, 1000)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var socket socket
	if _, err := io.Copy(&socket, r); err != nil {
		t.Fatal(err)
	}
	limited, ok := socket.from.(*io.LimitedReader)
	if !ok {
		t.Fatalf("the socket reads from %T", socket.from)
	}
	if _, ok := limited.R.(*os.File); !ok {
		t.Errorf("the socket reads from a limited %T", limited.R)
	}
}

// socket records what it is told to read from.
type socket struct {
	io.Writer
	from io.Reader
}

func (s *socket) ReadFrom(r io.Reader) (int64, error) {
	s.from = r
	return io.Copy(io.Discard, r)
}

// A file that lost its end is an error, never a short read that looks complete.
func TestTruncatedFile(t *testing.T) {
	b := openOn(t, vfs.Default, t.TempDir())
	for name, consume := range map[string]func(io.Reader) error{
		"Read": func(r io.Reader) error {
			_, err := io.ReadAll(r)
			return err
		},
		"WriteTo": func(r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		},
	} {
		id, err := put(t, b, large)
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Get(t.Context(), id, 0, large)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := os.Truncate(b.large.folders.path(id), large/2); err != nil {
			t.Fatal(err)
		}
		if err := consume(r); err == nil {
			t.Errorf("%s to the end of a truncated file gave no error", name)
		}
		if _, err := b.Get(t.Context(), id, 0, large); err == nil {
			t.Errorf("Get of more than a truncated file holds gave no error")
		}
	}
}

// Values lie outside of Pebble's tables, so compactions don't write them again.
func TestValuesAreSeparated(t *testing.T) {
	const blobs, size = 500, 4 << 10
	dir := t.TempDir()
	b := openOn(t, vfs.Default, dir)
	fill(t, b, make([]backends.ID, blobs), size)
	if err := b.small.db.Flush(); err != nil {
		t.Fatal(err)
	}
	total := func(pattern string) (n int64) {
		paths, err := filepath.Glob(filepath.Join(dir, "small", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			n += info.Size()
		}
		return n
	}
	if values := total("*.blob"); values < blobs*size {
		t.Errorf("value files hold %d bytes, want at least the %d of the blobs", values, blobs*size)
	}
	if tables := total("*.sst"); tables > blobs*size/10 {
		t.Errorf("tables hold %d bytes, too many for keys alone", tables)
	}
}
