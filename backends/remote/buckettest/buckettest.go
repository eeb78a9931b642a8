// Package buckettest holds the tests that every remote.Bucket passes.
package buckettest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/backendtest"
	"github.com/bleepstore/bleepstore/backends/remote"
)

// timeout is of requests to emulators, which may be slow where many tests run.
const timeout = 30 * time.Second

// Run tests the contract of remote.Bucket, and that of backends.Backend for what is made of it. Each call of place gives an
// empty bucket; its result opens it, and again when that was closed.
func Run(t *testing.T, place func(t *testing.T) (open func() (remote.Bucket, error))) {
	RunBucket(t, place)
	t.Run("Backend", func(t *testing.T) {
		backendtest.RunPersistent(t, func(t *testing.T) func() (backends.Backend, error) {
			open := place(t)
			return func() (backends.Backend, error) {
				bucket, err := open()
				if err != nil {
					return nil, err
				}
				return remote.New(bucket, remote.Config{Prefix: "some/prefix/", Timeout: timeout}), nil
			}
		})
	})
}

// RunBucket is Run for the contract of remote.Bucket alone, which takes less time: for a second service of one protocol.
func RunBucket(t *testing.T, place func(t *testing.T) (open func() (remote.Bucket, error))) {
	for name, test := range map[string]func(*testing.T, remote.Bucket){
		"PutAndGet":      testPutAndGet,
		"Ranges":         testRanges,
		"Missing":        testMissing,
		"Tags":           testTags,
		"CreateOnly":     testCreateOnly,
		"Metadata":       testMetadata,
		"Pieces":         testPieces,
		"AbortedPieces":  testAbortedPieces,
		"List":           testList,
		"Delete":         testDelete,
		"EndedContext":   testEndedContext,
		"CheckAndString": testCheckAndString,
	} {
		t.Run(name, func(t *testing.T) {
			bucket, err := place(t)()
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := bucket.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			test(t, bucket)
		})
	}
}

func content(seed uint64, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{0: byte(seed), 1: 1}).Read(b) // never fails
	return b
}

func put(t *testing.T, b remote.Bucket, name string, data []byte, options remote.Options) {
	t.Helper()
	if err := b.Put(t.Context(), name, remote.NewContent(data), options); err != nil {
		t.Fatalf("Put %q: %v", name, err)
	}
}

// get reads a range and reports every error on the way.
func get(t *testing.T, b remote.Bucket, name, tag string, offset, length int64) ([]byte, remote.Info, error) {
	t.Helper()
	r, info, err := b.Get(t.Context(), name, tag, offset, length)
	if err != nil {
		return nil, info, err
	}
	data, err := io.ReadAll(r)
	return data, info, errors.Join(err, r.Close())
}

func head(t *testing.T, b remote.Bucket, name string) remote.Info {
	t.Helper()
	info, err := b.Head(t.Context(), name)
	if err != nil {
		t.Fatalf("Head %q: %v", name, err)
	}
	return info
}

func wantContent(t *testing.T, b remote.Bucket, name string, want []byte) {
	t.Helper()
	got, info, err := get(t, b, name, "", 0, max(1, int64(len(want))))
	if err != nil || !bytes.Equal(got, want) || info.Size != int64(len(want)) {
		t.Errorf("%q comes back as %d bytes of %d, %v, want the %d that were put", name, len(got), info.Size, err, len(want))
	}
}

func testPutAndGet(t *testing.T, b remote.Bucket) {
	for i, size := range []int{1, 100, 64 << 10, 64<<10 + 1, 8 << 20} {
		name := fmt.Sprintf("a/%d", size)
		put(t, b, name, content(uint64(i), size), remote.Options{})
		wantContent(t, b, name, content(uint64(i), size))
	}
	put(t, b, "empty", nil, remote.Options{})
	if info := head(t, b, "empty"); info.Size != 0 || info.Name != "empty" || info.Tag == "" {
		t.Errorf("Head of an empty object: %+v", info)
	}
	put(t, b, "a/100", content(9, 200), remote.Options{Replace: true})
	wantContent(t, b, "a/100", content(9, 200))
}

func testRanges(t *testing.T, b remote.Bucket) {
	data := content(1, 100_000)
	put(t, b, "x", data, remote.Options{})
	for _, r := range [][2]int64{{0, 1}, {0, 100_000}, {99_999, 1}, {50_000, 50_000}, {777, 4321}} {
		got, info, err := get(t, b, "x", "", r[0], r[1])
		if err != nil || !bytes.Equal(got, data[r[0]:r[0]+r[1]]) || info.Size != 100_000 {
			t.Errorf("%d bytes at %d: %d bytes of %d, %v", r[1], r[0], len(got), info.Size, err)
		}
	}
	// What the range has that the object has not is told by its size.
	got, info, err := get(t, b, "x", "", 99_990, 100)
	if err == nil && (!bytes.Equal(got, data[99_990:]) || info.Size != 100_000) {
		t.Errorf("100 bytes at 99990 of 100000: %d bytes of %d", len(got), info.Size)
	}
	if _, _, err := get(t, b, "x", "", 100_000, 1); err == nil || errors.Is(err, backends.ErrNotFound) || errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("a range outside of the object: %v, want another error", err)
	}
}

func testMissing(t *testing.T, b remote.Bucket) {
	if _, _, err := get(t, b, "none", "", 0, 10); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Get: %v, want ErrNotFound", err)
	}
	if _, err := b.Head(t.Context(), "none"); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Head: %v, want ErrNotFound", err)
	}
}

// A tag is that of a content: with it, no other content is read.
func testTags(t *testing.T, b remote.Bucket) {
	put(t, b, "x", content(1, 1000), remote.Options{Replace: true})
	tag := head(t, b, "x").Tag
	if _, info, err := get(t, b, "x", tag, 10, 10); err != nil || info.Tag != tag {
		t.Errorf("with the tag %q: %v, and it has %q", tag, err, info.Tag)
	}
	for info, err := range b.List(t.Context(), "x", "", 10) {
		if err != nil || info.Tag != tag {
			t.Errorf("List: tag %q, %v, want %q", info.Tag, err, tag)
		}
	}
	put(t, b, "x", content(2, 1000), remote.Options{Replace: true})
	if _, _, err := get(t, b, "x", tag, 10, 10); !errors.Is(err, backends.ErrChanged) && !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("with the tag of what was replaced: %v, want ErrChanged", err)
	}
}

// That the same is put again is no error, since the answer to a first attempt may be lost.
func testCreateOnly(t *testing.T, b remote.Bucket) {
	options := remote.Options{Metadata: map[string]string{"blob": "x"}}
	put(t, b, "x", content(1, 1000), options)
	put(t, b, "x", content(1, 1000), options)
	wantContent(t, b, "x", content(1, 1000))
}

func testMetadata(t *testing.T, b remote.Bucket) {
	want := map[string]string{"blob": "0123", "key": "a%20b/%C3%A4?~'\"&+=;,", "part": "12"}
	put(t, b, "small", content(1, 10), remote.Options{ContentType: "text/x-odd; charset=utf-8", Metadata: want})
	putPieces(t, b, "large", content(1, 12<<20), remote.Options{ContentType: "text/x-odd; charset=utf-8", Metadata: want})
	for _, name := range []string{"small", "large"} {
		info := head(t, b, name)
		for key, value := range want {
			if info.Metadata[key] != value {
				t.Errorf("Head %q: metadata %q is %q, want %q", name, key, info.Metadata[key], value)
			}
		}
		if got := info.Headers.ContentType; got != "text/x-odd; charset=utf-8" {
			t.Errorf("Head %q: content type %q", name, got)
		}
		if age := time.Since(info.Modified); age < -time.Minute || age > time.Hour {
			t.Errorf("Head %q: modified at %v", name, info.Modified)
		}
		_, info, err := get(t, b, name, "", 3, 4)
		if err != nil || info.Metadata != nil && info.Metadata["blob"] != "0123" {
			t.Errorf("Get %q: metadata %v, %v", name, info.Metadata, err)
		}
	}
}

// putPieces puts an object in pieces of 5 MiB, as many at once as may be.
func putPieces(t *testing.T, b remote.Bucket, name string, data []byte, options remote.Options) {
	t.Helper()
	upload := begin(t, b, name, data, options)
	if err := upload.Complete(t.Context(), int64(len(data))); err != nil {
		t.Fatalf("Complete %q: %v", name, err)
	}
}

func begin(t *testing.T, b remote.Bucket, name string, data []byte, options remote.Options) remote.Upload {
	t.Helper()
	upload, err := b.Begin(t.Context(), name, options)
	if err != nil {
		t.Fatalf("Begin %q: %v", name, err)
	}
	sent := make(chan error)
	pieces := slices.Collect(slices.Chunk(data, 5<<20))
	slots := make(chan struct{}, upload.Parallel())
	go func() {
		for i, piece := range pieces {
			slots <- struct{}{}
			send := func() {
				err := upload.Send(t.Context(), i+1, remote.NewContent(piece))
				<-slots
				sent <- err
			}
			if upload.Parallel() > 1 {
				go send()
			} else {
				send()
			}
		}
	}()
	for range pieces {
		if err := <-sent; err != nil {
			t.Fatalf("Send to %q: %v", name, err)
		}
	}
	return upload
}

func testPieces(t *testing.T, b remote.Bucket) {
	for i, size := range []int{5<<20 + 1, 10 << 20, 31 << 20} {
		name := fmt.Sprintf("large %d", size)
		putPieces(t, b, name, content(uint64(i), size), remote.Options{})
		wantContent(t, b, name, content(uint64(i), size))
	}
	putPieces(t, b, "replaced", content(1, 6<<20), remote.Options{Replace: true})
	putPieces(t, b, "replaced", content(2, 7<<20), remote.Options{Replace: true})
	wantContent(t, b, "replaced", content(2, 7<<20))
}

// Nothing is seen of an upload that is not completed, or whose size is not the one that it should have.
func testAbortedPieces(t *testing.T, b remote.Bucket) {
	upload := begin(t, b, "x", content(1, 12<<20), remote.Options{})
	wantMissing(t, b, "x")
	if err := upload.Abort(t.Context()); err != nil {
		t.Errorf("Abort: %v", err)
	}
	wantMissing(t, b, "x")

	upload = begin(t, b, "y", content(1, 12<<20), remote.Options{})
	if err := upload.Complete(t.Context(), 13<<20); err == nil {
		t.Error("Complete of fewer bytes than there should be has no error")
	}
}

func wantMissing(t *testing.T, b remote.Bucket, name string) {
	t.Helper()
	if _, err := b.Head(t.Context(), name); !errors.Is(err, backends.ErrNotFound) {
		t.Errorf("Head %q: %v, want ErrNotFound", name, err)
	}
	if names := list(t, b, "", "", 100); slices.Contains(names, name) {
		t.Errorf("List has %q", name)
	}
}

func list(t *testing.T, b remote.Bucket, prefix, after string, page int) (names []string) {
	t.Helper()
	for info, err := range b.List(t.Context(), prefix, after, page) {
		if err != nil {
			t.Fatalf("List(%q, %q, %d): %v", prefix, after, page, err)
		}
		names = append(names, info.Name)
	}
	return names
}

func testList(t *testing.T, b remote.Bucket) {
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("p/%02d", i)
		put(t, b, name, content(uint64(i), i), remote.Options{})
		want = append(want, name)
	}
	for _, other := range []string{"o", "p.", "q", "p0"} {
		put(t, b, other, content(1, 1), remote.Options{})
	}
	for _, page := range []int{1, 7, 25, 1000} {
		if got := list(t, b, "p/", "", page); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %q", page, got)
		}
		if got := list(t, b, "p/", "p/09", page); !slices.Equal(got, want[10:]) {
			t.Errorf("after p/09 in pages of %d: %q", page, got)
		}
		if got := list(t, b, "p/", "p/095", page); !slices.Equal(got, want[10:]) {
			t.Errorf("after p/095, which is not there, in pages of %d: %q", page, got)
		}
	}
	i := 0
	for info, err := range b.List(t.Context(), "p/", "", 4) {
		if err != nil || info.Size != int64(i) || info.Tag == "" || info.Modified.IsZero() {
			t.Errorf("List: %+v, %v", info, err)
		}
		if i++; i == 6 {
			break // a list can be left
		}
	}
}

func testDelete(t *testing.T, b remote.Bucket) {
	var gone []string
	for i := range 30 {
		gone = append(gone, fmt.Sprintf("gone %d", i))
		put(t, b, gone[i], content(1, 10), remote.Options{})
	}
	put(t, b, "kept", content(1, 10), remote.Options{})
	if err := b.Delete(t.Context(), append(gone, "never there")); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if err := b.Delete(t.Context(), gone); err != nil {
		t.Errorf("Delete of what is gone: %v", err)
	}
	if got := list(t, b, "", "", 100); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("there is %q", got)
	}
}

func testEndedContext(t *testing.T, b remote.Bucket) {
	put(t, b, "x", content(1, 10), remote.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(what string, err error) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", what, err)
		}
	}
	check("Put", b.Put(ctx, "y", remote.NewContent(content(1, 10)), remote.Options{}))
	_, _, err := b.Get(ctx, "x", "", 0, 10)
	check("Get", err)
	_, err = b.Head(ctx, "x")
	check("Head", err)
	check("Delete", b.Delete(ctx, []string{"x"}))
	check("Check", b.Check(ctx))
	for _, err := range b.List(ctx, "", "", 10) {
		check("List", err)
	}
	wantContent(t, b, "x", content(1, 10))
}

func testCheckAndString(t *testing.T, b remote.Bucket) {
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if s := b.String(); !strings.Contains(s, "://") || strings.HasSuffix(s, "/") {
		t.Errorf("String is %q, want a URL", s)
	}
}
