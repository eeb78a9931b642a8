// Package filestest holds the tests that every files.Files passes.
package filestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/bleepstore/bleepstore/internal/files"
)

// Run tests the contract of files.Files. Each call of open gives an empty one with room for 16 MiB.
func Run(t *testing.T, open func(t *testing.T) files.Files) {
	for name, test := range map[string]func(*testing.T, files.Files){
		"RoundTrip":       testRoundTrip,
		"Replace":         testReplace,
		"ChangeWhileRead": testChangeWhileRead,
		"Missing":         testMissing,
		"List":            testList,
		"Delete":          testDelete,
		"FailingReader":   testFailingReader,
		"EndedContext":    testEndedContext,
		"BadNames":        testBadNames,
		"Concurrency":     testConcurrency,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Put puts a file.
func Put(t testing.TB, f files.Files, name, content string) {
	t.Helper()
	if err := f.Put(t.Context(), name, io.MultiReader(strings.NewReader(content))); err != nil {
		t.Fatal(err)
	}
}

// WantContent checks what a file holds.
func WantContent(t testing.TB, f files.Files, name, want string) {
	t.Helper()
	r, err := f.Get(t.Context(), name)
	if err != nil {
		t.Error(err)
		return
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		t.Errorf("file %s comes back as %d bytes, %v, want the %d that were put", name, len(got), err, len(want))
	}
}

// WantNames checks what is in the list of the files with a prefix.
func WantNames(t testing.TB, f files.Files, prefix string, want ...string) {
	t.Helper()
	list, err := f.List(t.Context(), prefix)
	if err != nil {
		t.Error(err)
		return
	}
	var got []string
	for _, file := range list {
		got = append(got, file.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("with the prefix %q there are %q, want %q", prefix, got, want)
	}
}

// text is size bytes that differ with every seed.
func text(seed, size int) string {
	return strings.Repeat(fmt.Sprintf("%07d\n", seed), size/8+1)[:size]
}

func testRoundTrip(t *testing.T, f files.Files) {
	sizes := []int{0, 1, 5_000, 100_000, 17 << 20}
	for i, size := range sizes {
		Put(t, f, fmt.Sprint("file-", i), text(i, size))
	}
	list, err := f.List(t.Context(), "file-")
	if err != nil || len(list) != len(sizes) {
		t.Fatalf("there are %d files, %v", len(list), err)
	}
	for i, size := range sizes {
		WantContent(t, f, fmt.Sprint("file-", i), text(i, size))
		if list[i].Size != int64(size) {
			t.Errorf("a file of %d bytes has %d in the list", size, list[i].Size)
		}
		if age := time.Since(list[i].Modified).Abs(); age > time.Hour {
			t.Errorf("a new file was modified at %v", list[i].Modified)
		}
	}
}

func testReplace(t *testing.T, f files.Files) {
	for i, size := range []int{100, 300_000, 10, 0} {
		Put(t, f, "a/name", text(i, size))
		WantContent(t, f, "a/name", text(i, size))
		WantNames(t, f, "", "a/name")
	}
}

func testChangeWhileRead(t *testing.T, f files.Files) {
	for name, change := range map[string]func(){
		"replaced": func() { Put(t, f, "name", "other") },
		"deleted": func() {
			if err := f.Delete(t.Context(), []string{"name"}); err != nil {
				t.Error(err)
			}
		},
	} {
		before := text(1, 1_000_000)
		Put(t, f, "name", before)
		r, err := f.Get(t.Context(), "name")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		got := make([]byte, len(before))
		if _, err := io.ReadFull(r, got[:1000]); err != nil {
			t.Fatal(err)
		}
		change()
		if _, err := io.ReadFull(r, got[1000:]); err != nil || string(got) != before {
			t.Errorf("a file that was %s while it was read: %v, or other bytes", name, err)
		}
	}
}

func testMissing(t *testing.T, f files.Files) {
	WantNames(t, f, "")
	WantNames(t, f, "folder/")
	Put(t, f, "folder/name", "content")
	for _, name := range []string{"name", "folder/nam", "folder/name2"} {
		if _, err := f.Get(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("get of %s, which is not there: %v", name, err)
		}
	}
}

func testList(t *testing.T, f files.Files) {
	names := []string{"a/2", "a-b", "a.b", "a/1", "a_b/c/1", "A", "a/10", "b/snapshots/1", "b/1.json"}
	for _, name := range names {
		Put(t, f, name, name)
	}
	slices.Sort(names)
	with := func(prefix string) (want []string) {
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		return want
	}
	for _, prefix := range []string{"", "a", "a/", "a/1", "a_b/", "a_b/c", "b/s", "c", "c/d"} {
		WantNames(t, f, prefix, with(prefix)...)
	}

	var many []string
	for i := range 1100 { // more than object stores list at once
		many = append(many, fmt.Sprintf("many/%05d", i))
		Put(t, f, many[i], "")
	}
	WantNames(t, f, "many/", many...)
}

func testDelete(t *testing.T, f files.Files) {
	for _, name := range []string{"a/1", "a/2", "b", "c"} {
		Put(t, f, name, name)
	}
	for range 2 { // what is not there is no error
		if err := f.Delete(t.Context(), []string{"a/1", "c", "c", "d/e"}); err != nil {
			t.Fatal(err)
		}
		WantNames(t, f, "", "a/2", "b")
	}
	if err := f.Delete(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := f.Get(t.Context(), "c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("get of a deleted file: %v", err)
	}
	Put(t, f, "c", "again")
	WantContent(t, f, "c", "again")
}

func testFailingReader(t *testing.T, f files.Files) {
	Put(t, f, "name", "before")
	broken := errors.New("the line is broken")
	for _, cause := range []error{broken, io.ErrUnexpectedEOF} {
		for _, size := range []int{0, 10, 1_000_000} {
			for _, name := range []string{"name", "new"} {
				r := io.MultiReader(strings.NewReader(text(2, size)), iotest.ErrReader(cause))
				if err := f.Put(t.Context(), name, r); !errors.Is(err, cause) {
					t.Errorf("put of a reader that breaks after %d bytes: %v, want its error", size, err)
				}
			}
		}
	}
	WantContent(t, f, "name", "before")
	WantNames(t, f, "", "name")
}

func testEndedContext(t *testing.T, f files.Files) {
	Put(t, f, "name", "before")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Put(ended, "name", strings.NewReader("after")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	for _, size := range []int{0, 1_000_000} {
		ctx, cancel := context.WithCancel(t.Context())
		r := io.MultiReader(strings.NewReader(text(1, size)), callOnRead(cancel), strings.NewReader("more"))
		if err := f.Put(ctx, "name", r); !errors.Is(err, context.Canceled) {
			t.Errorf("put whose context ends: %v", err)
		}
	}
	if _, err := f.Get(ended, "name"); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
	if _, err := f.List(ended, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}
	if err := f.Delete(ended, []string{"name"}); !errors.Is(err, context.Canceled) {
		t.Errorf("delete: %v", err)
	}
	WantContent(t, f, "name", "before")
}

// callOnRead is an empty reader that calls a function when it is read.
type callOnRead func()

func (f callOnRead) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func testBadNames(t *testing.T, f files.Files) {
	for _, name := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.b", ".a", "ä", "a b", "a\\b", "a\n"} {
		if err := f.Put(t.Context(), name, strings.NewReader("content")); err == nil {
			t.Errorf("a file could be put with the name %q", name)
		}
		if r, err := f.Get(t.Context(), name); err == nil {
			t.Errorf("a file could be got with the name %q: %v", name, r.Close())
		}
		if err := f.Delete(t.Context(), []string{name}); err == nil {
			t.Errorf("a file could be deleted with the name %q", name)
		}
	}
	WantNames(t, f, "")
}

// Of several who put a file of one name, one wins, and who reads sees the file of one of them.
func testConcurrency(t *testing.T, f files.Files) {
	const workers, rounds = 8, 10
	content := func(worker, round int) []byte { return []byte(text(worker*rounds+round, 50_000+worker*8)) }
	Put(t, f, "shared", string(content(0, 0)))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			own := fmt.Sprint("own/", w)
			for i := range rounds {
				for _, name := range []string{own, "shared"} {
					if err := f.Put(t.Context(), name, bytes.NewReader(content(w, i))); err != nil {
						t.Error(err)
					}
				}
				WantContent(t, f, own, string(content(w, i)))
				r, err := f.Get(t.Context(), "shared")
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(r)
				r.Close()
				if err != nil || len(got) < 8 || string(got) != strings.Repeat(string(got[:8]), len(got)/8) {
					t.Errorf("a mix of files, or %v", err)
				}
				if _, err := f.List(t.Context(), "own/"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	list, err := f.List(t.Context(), "")
	if err != nil || len(list) != workers+1 {
		t.Errorf("at the end there are %d files, %v", len(list), err)
	}
}
