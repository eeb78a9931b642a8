package adopt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/api/adopt"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
)

// upstream is a bucket of somebody else's, whose lists tell no metadata.
type upstream struct {
	mu      sync.Mutex
	objects map[string]remote.Info
	heads   int
	denied  string // a key that must not be asked about
	down    bool
}

func (u *upstream) Check(context.Context, string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.down {
		return backends.ErrUnavailable
	}
	return nil
}

func (u *upstream) List(context.Context, string) iter.Seq2[remote.Info, error] {
	return func(yield func(remote.Info, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(u.objects)) {
			info := u.objects[key]
			if info.Headers.ContentEncoding != "listed" {
				info.Metadata = nil
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (u *upstream) Head(_ context.Context, url string) (remote.Info, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.heads++
	key := strings.TrimPrefix(url, "s3://theirs/")
	if key == u.denied || u.down {
		return remote.Info{}, fmt.Errorf("head: %w", backends.ErrUnavailable)
	}
	info := u.objects[key]
	if info.Headers.ContentEncoding == "gone" {
		return remote.Info{}, backends.ErrNotFound
	}
	return info, nil
}

func (u *upstream) Open(context.Context, string, string, int64, int64) (io.ReadCloser, error) {
	return nil, errors.New("nothing is read")
}

// put makes an object, which the changes describe.
func (u *upstream) put(key string, changes ...func(*remote.Info)) {
	info := remote.Info{
		Name: key, Size: 3, Modified: time.Now(), Tag: "generation", ETag: "0123456789abcdef0123456789abcdef", Metadata: map[string]string{},
	}
	for _, change := range changes {
		change(&info)
	}
	u.objects[key] = info
}

// What lists tell is not asked for again, what cannot be an object is left out, and what changes there is found.
func TestElsewhere(t *testing.T) {
	u := &upstream{objects: make(map[string]remote.Info), denied: "denied"}
	for i := range 100 {
		u.put(fmt.Sprint("key ", i))
	}
	u.put("all is listed", func(i *remote.Info) { i.Headers.ContentEncoding = "listed" })
	u.put("gone since", func(i *remote.Info) { i.Headers.ContentEncoding = "gone" })
	u.put("denied")
	for name, change := range map[string]func(*remote.Info){
		"archived":           func(i *remote.Info) { i.Headers.StorageClass = "DEEP_ARCHIVE" },
		"long metadata":      func(i *remote.Info) { i.Metadata["a"] = strings.Repeat("x", 2048) },
		"bad metadata":       func(i *remote.Info) { i.Metadata["a b"] = "c" },
		"bad header":         func(i *remote.Info) { i.Headers.CacheControl = "a\nb" },
		"not UTF-8 \xff":     func(*remote.Info) {},
		"no ETag":            func(i *remote.Info) { i.ETag = "" },
		"key of 1,025 bytes": func(i *remote.Info) { i.Name = strings.Repeat("k", 1025) },
	} {
		u.put(name, change)
	}
	s := newServer(t, newLabeled(t))
	report := new(told)
	adopted, err := adopt.Elsewhere(t.Context(), s, u, "s3://theirs/", "bucket", report)
	if want := (adopt.Adopted{Buckets: 1, Objects: 101, Bytes: 303, LeftOut: 8}); err != nil || adopted != want {
		t.Errorf("%+v, %v, want %+v; left out: %q", adopted, err, want, report.leftOut)
	}
	if u.heads < 107 || u.heads > 110 {
		t.Errorf("%d objects were asked about", u.heads)
	}
	object, err := s.Store.Object(t.Context(), "bucket", "key 1")
	if err != nil {
		t.Fatal(err)
	}
	blob := object.Blobs[0]
	if blob.Place != "s3://theirs/key 1" || blob.Tag != "generation" || blob.Size != 3 || blob.CRC64NVME != "" || object.Checksum.Algorithm != "" {
		t.Errorf("an object is %+v", object)
	}

	u.heads = 0
	u.objects = map[string]remote.Info{"key 1": u.objects["key 1"]}
	u.put("key 2", func(i *remote.Info) { i.Tag = "next generation" }) // of the same bytes
	u.put("key 3", func(i *remote.Info) { i.ETag, i.Size, i.Tag = "other", 5, "other" })
	adopted, err = adopt.Elsewhere(t.Context(), s, u, "s3://theirs/", "bucket", report)
	if want := (adopt.Adopted{Present: 1, LeftOut: 2}); err != nil || adopted != want || u.heads > 0 {
		t.Errorf("again: %+v, %v after %d requests, want %+v", adopted, err, u.heads, want)
	}
	for _, key := range []string{"key 2", "key 3"} {
		if told := strings.Join(report.leftOut, "\n"); !strings.Contains(told, "It has changed at s3://theirs/"+key) {
			t.Errorf("that %s has changed is missing from %s", key, told)
		}
	}

	u.put("new")
	u.denied, u.down = "new", false
	if adopted, err = adopt.Elsewhere(t.Context(), s, &falling{u}, "s3://theirs/", "bucket", report); !errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("a bucket that cannot be reached any more: %+v, %v", adopted, err)
	}
}

// falling is an upstream that cannot be reached from the first question about an object on.
type falling struct{ *upstream }

func (f *falling) Head(ctx context.Context, url string) (remote.Info, error) {
	f.mu.Lock()
	f.down = true
	f.mu.Unlock()
	return f.upstream.Head(ctx, url)
}
