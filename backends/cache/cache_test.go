package cache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/backendtest"
	"github.com/bleepstore/bleepstore/backends/local"
	"github.com/bleepstore/bleepstore/backends/memory"
)

func TestBackend(t *testing.T) {
	for name, limit := range map[string]int64{
		"with room for all":    1 << 30,
		"with room for little": 3 << 20,
		"with room for none":   0,
	} {
		t.Run(name, func(t *testing.T) {
			backendtest.RunPersistent(t, func(t *testing.T) func() (backends.Backend, error) {
				dir := t.TempDir()
				return func() (backends.Backend, error) {
					behind, err := local.Open(filepath.Join(dir, "behind"))
					if err != nil {
						return nil, err
					}
					return Open(filepath.Join(dir, "cache"), limit, behind, func(err error) { t.Errorf("reported: %v", err) })
				}
			})
		})
	}
}

// cloud is a backend behind a cache.
type cloud struct {
	backends.Backend
	gets atomic.Int64
	// open, if there is one, makes readers of what a Get gives.
	open func(r io.ReadCloser, offset, length int64) (io.ReadCloser, error)
}

func newCloud() *cloud { return &cloud{Backend: memory.New(1 << 30)} }

func (c *cloud) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	c.gets.Add(1)
	r, err := c.Backend.Get(ctx, id, offset, length)
	if err == nil && c.open != nil {
		return c.open(r, offset, length)
	}
	return r, err
}

// wantGets checks how often the cloud was asked since the last time.
func (c *cloud) wantGets(t *testing.T, want int64) {
	t.Helper()
	if got := c.gets.Swap(0); got != want {
		t.Errorf("the backend behind was asked %d times, want %d", got, want)
	}
}

// put stores a blob of random bytes.
func (c *cloud) put(t testing.TB, size int) (backends.ID, []byte) {
	t.Helper()
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), byte(size >> 16)}).Read(data)
	id := backends.NewID()
	if _, err := c.Put(t.Context(), id, bytes.NewReader(data), backends.Label{}); err != nil {
		t.Fatal(err)
	}
	return id, data
}

// openCache opens a cache that must have nothing to report, and has got back what it lent when the test ends.
func openCache(t *testing.T, dir string, limit int64, behind backends.Backend) *Backend {
	t.Helper()
	b, err := Open(dir, limit, behind, func(err error) { t.Errorf("reported: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := b.pieces.buffers.usage.InUse(); n != 0 {
			t.Errorf("%d bytes of buffers are still lent", n)
		}
		if n := len(b.readers.blobs); n != 0 {
			t.Errorf("%d blobs are thought to have readers", n)
		}
	})
	return b
}

// read reads a range.
func read(t testing.TB, b backends.Backend, id backends.ID, offset, length int64) ([]byte, error) {
	t.Helper()
	r, err := b.Get(t.Context(), id, offset, length)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// wantRange checks that bytes [from, to) are those of data.
func wantRange(t testing.TB, b backends.Backend, id backends.ID, data []byte, from, to int) {
	t.Helper()
	got, err := read(t, b, id, int64(from), int64(to-from))
	if err != nil {
		t.Errorf("read bytes %d to %d: %v", from, to, err)
	} else if !bytes.Equal(got, data[from:to]) {
		t.Errorf("bytes %d to %d differ from what was put", from, to)
	}
}

// filesIn lists the files below a folder and the sum of their sizes.
func filesIn(t testing.TB, dir string) (paths []string, sum int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			paths, sum = append(paths, path), sum+info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths, sum
}

func TestWhatWasReadIsThere(t *testing.T) {
	behind := newCloud()
	dir := t.TempDir()
	b := openCache(t, dir, 1<<30, behind)
	id, data := behind.put(t, 3*pieceSize+1000)

	wantRange(t, b, id, data, 0, len(data))
	behind.wantGets(t, 1)
	for _, r := range [][2]int{
		{0, len(data)},
		{0, 1},
		{10, 20},
		{pieceSize - 1, pieceSize + 1},
		{pieceSize, 2 * pieceSize},
		{pieceSize + 17, 3*pieceSize + 17},
		{3 * pieceSize, len(data)},
		{len(data) - 1, len(data)},
	} {
		wantRange(t, b, id, data, r[0], r[1])
	}
	behind.wantGets(t, 0)

	// Also for who opens it again.
	b = openCache(t, dir, 1<<30, behind)
	if s := b.Stats(); s.Pieces != 4 || s.Bytes < int64(len(data)) || s.Hits != 0 || s.Misses != 0 {
		t.Errorf("after opening again: %+v", s)
	}
	wantRange(t, b, id, data, 0, len(data))
	behind.wantGets(t, 0)
	if s := b.Stats(); s.Hits != 4 || s.Misses != 0 {
		t.Errorf("after reading 4 pieces: %+v", s)
	}
}

// What is missing is fetched in as few runs as there are, and a piece that is there in part is completed.
func TestWhatIsMissingIsFetched(t *testing.T) {
	type span struct{ from, to int64 }
	for name, test := range map[string]struct {
		before []span // what is read first
		read   span
		want   []span // of the backend behind
	}{
		"all":                        {nil, span{0, 5_000_000}, []span{{0, 5_000_000}}},
		"a piece is read from start": {nil, span{1_500_000, 1_500_010}, []span{{1 << 20, 1_500_010}}},
		"a piece in the middle": {
			[]span{{2 << 20, 3 << 20}}, span{10, 5_000_000}, []span{{0, 2 << 20}, {3 << 20, 5_000_000}},
		},
		"the first pieces": {[]span{{0, 2 << 20}}, span{10, 5_000_000}, []span{{2 << 20, 5_000_000}}},
		"the last piece":   {[]span{{4 << 20, 5_000_000}}, span{10, 5_000_000}, []span{{0, 4 << 20}}},
		"the end of the last piece": {
			[]span{{4 << 20, 4_900_000}}, span{10, 5_000_000}, []span{{0, 5_000_000}},
		},
		"the rest of a piece":             {[]span{{0, 1000}}, span{500, 2000}, []span{{1000, 2000}}},
		"a part far behind what is there": {[]span{{0, 1000}}, span{5000, 6000}, []span{{1000, 6000}}},
		"the rest of a piece and another": {[]span{{0, 1000}}, span{500, 2_000_000}, []span{{1000, 2_000_000}}},
	} {
		t.Run(name, func(t *testing.T) {
			behind := newCloud()
			b := openCache(t, t.TempDir(), 1<<30, behind)
			id, data := behind.put(t, 5_000_000)
			for _, s := range test.before {
				wantRange(t, b, id, data, int(s.from), int(s.to))
			}
			var got []span
			behind.open = func(r io.ReadCloser, offset, length int64) (io.ReadCloser, error) {
				got = append(got, span{offset, offset + length})
				return r, nil
			}
			for range 2 {
				wantRange(t, b, id, data, int(test.read.from), int(test.read.to))
			}
			if len(got) != len(test.want) {
				t.Fatalf("fetched %v, want %v", got, test.want)
			}
			for i, want := range test.want {
				if got[i] != want {
					t.Errorf("fetched %v, want %v", got, test.want)
				}
			}
		})
	}
}

// Random ranges are right whatever is there, through Read of any size and through WriteTo, and while pieces are evicted.
func TestRandomRanges(t *testing.T) {
	for name, limit := range map[string]int64{"with room": 1 << 30, "without": 2 << 20} {
		t.Run(name, func(t *testing.T) {
			behind := newCloud()
			b := openCache(t, t.TempDir(), limit, behind)
			random := rand.New(rand.NewPCG(1, 2))
			for _, size := range []int{1, 1000, pieceSize, 2*pieceSize + 1, 6*pieceSize - 1} {
				id, data := behind.put(t, size)
				for range 60 {
					from := random.IntN(size)
					to := from + 1 + random.IntN(size-from)
					r, err := b.Get(t.Context(), id, int64(from), int64(to-from))
					if err != nil {
						t.Fatal(err)
					}
					var got bytes.Buffer
					switch random.IntN(4) {
					case 0: // breaks off
						_, err = io.CopyN(&got, r, random.Int64N(int64(to-from)))
						to = from + got.Len()
					case 1:
						_, err = io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{r}, make([]byte, 1+random.IntN(100_000)))
					default:
						_, err = io.Copy(&got, r)
					}
					if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got.Bytes(), data[from:to]) {
						t.Fatalf("bytes %d to %d of %d: %d bytes that are right or not, %v", from, to, size, got.Len(), err)
					}
				}
			}
		})
	}
}

// The reader need not wait for a whole piece, nor for the end of the range.
func TestFirstBytesComeAtOnce(t *testing.T) {
	behind := newCloud()
	b := openCache(t, t.TempDir(), 1<<30, behind)
	id, data := behind.put(t, 2*pieceSize)
	given := int64(0)
	behind.open = func(r io.ReadCloser, _, _ int64) (io.ReadCloser, error) {
		return struct {
			io.Reader
			io.Closer
		}{readerFunc(func(p []byte) (int, error) {
			n, err := r.Read(p[:min(len(p), 1000)])
			given += int64(n)
			return n, err
		}), r}, nil
	}
	r, err := b.Get(t.Context(), id, 0, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, want := range []int64{1000, 2000} {
		if n, err := r.Read(make([]byte, 64<<10)); n != 1000 || err != nil || given != want {
			t.Fatalf("Read = %d, %v, when %d bytes had come in, want 1000 when %d had", n, err, given, want)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestOpenRemovesWhatIsUnfinished(t *testing.T) {
	behind := newCloud()
	dir := t.TempDir()
	id, data := behind.put(t, 1000)
	p := folder(dir).path(piece{id, 0})
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		t.Fatal(err)
	}
	mine := []string{filepath.Join(dir, "notes"), filepath.Join(filepath.Dir(p), "notes")}
	for _, path := range append(mine, p+"~123", p, filepath.Join(filepath.Dir(p), string(id)+"-1")) {
		if err := os.WriteFile(path, []byte("half of a pie"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := openCache(t, dir, 1<<20, behind)
	if paths, _ := filesIn(t, dir); len(paths) != len(mine) {
		t.Errorf("the folder has %q, want %q", paths, mine)
	}
	if s := b.Stats(); s.Bytes != 0 || s.Pieces != 0 {
		t.Errorf("an empty cache has %+v", s)
	}
	wantRange(t, b, id, data, 0, len(data))
}
