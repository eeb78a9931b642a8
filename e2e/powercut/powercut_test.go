//go:build linux

package powercut

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/internal/files"
)

// tries is how often a power cut is tried whose outcome is random: enough for every one of a few.
const tries = 60

// A disk is a file system that is mounted on a folder.
type disk struct {
	t  *testing.T
	fs *FS
	string
}

func mount(t *testing.T, f *FS) disk {
	t.Helper()
	dir := t.TempDir()
	unmount, err := f.Mount(dir)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("NOT TESTED: this machine cannot mount FUSE, which CI must: %v", err)
		}
		t.Skipf("NOT TESTED: this machine cannot mount FUSE: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(); err != nil {
			t.Error(err)
		}
	})
	return disk{t, f, dir}
}

func (d disk) path(name string) string { return filepath.Join(d.string, name) }

func (d disk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d disk) write(name, content string) { d.must(os.WriteFile(d.path(name), []byte(content), 0o600)) }

func (d disk) sync(name string) { d.must(durable.Sync(d.path(name))) }

// outcomes cuts the power after work, again and again, and counts what look finds.
func outcomes(t *testing.T, work func(disk), look func(disk) string) map[string]int {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	found := make(map[string]int)
	for range tries {
		d := mount(t, New())
		work(d)
		found[look(mount(t, d.fs.Cut(random)))]++
	}
	return found
}

// content is that of a file, or "none" if there is none.
func content(name string) func(disk) string {
	return func(d disk) string {
		text, err := os.ReadFile(d.path(name))
		if errors.Is(err, os.ErrNotExist) {
			return "none"
		}
		d.must(err)
		return string(text)
	}
}

func TestSurvivors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		work func(disk)
		look func(disk) string
		want []string // all that may be found, and each of them is
	}{
		"file that was synced": {
			func(d disk) { d.write("f", "new"); d.sync("f") }, content("f"), []string{"new"},
		},
		"file in new folders that was synced": {
			func(d disk) { d.must(os.MkdirAll(d.path("a/b"), 0o700)); d.write("a/b/f", "new"); d.sync("a/b/f") },
			content("a/b/f"),
			[]string{"new"},
		},
		"file that was not synced": {
			func(d disk) { d.write("f", "new") }, content("f"), []string{"none", "", "new"},
		},
		"file in a folder that was synced": {
			func(d disk) { d.write("f", "new"); d.sync("") }, content("f"), []string{"", "new"},
		},
		"content that was replaced": {
			func(d disk) { d.write("f", "old"); d.sync("f"); d.write("f", "n") }, content("f"), []string{"old", "", "n"},
		},
		"rename that was not synced": {
			func(d disk) { d.write("f", "new"); d.sync("f"); d.must(os.Rename(d.path("f"), d.path("g"))) },
			func(d disk) string { return content("f")(d) + " " + content("g")(d) },
			[]string{"new none", "none new"},
		},
		"rename and sync of the file": {
			func(d disk) { d.write("f", "new"); d.must(os.Rename(d.path("f"), d.path("g"))); d.sync("g") },
			func(d disk) string { return content("f")(d) + " " + content("g")(d) },
			[]string{"new none", "none new"},
		},
		"rename over a file": {
			func(d disk) {
				d.write("g", "old")
				d.sync("g")
				d.write("f", "new")
				d.sync("f")
				d.must(durable.Rename(d.path("f"), d.path("g")))
			},
			content("g"),
			[]string{"new"},
		},
		"file that was put in place of another": {
			func(d disk) {
				all, err := files.OpenDir(d.path("all"))
				d.must(err)
				d.must(all.Put(t.Context(), "a/f", strings.NewReader("old")))
				d.must(all.Put(t.Context(), "a/f", strings.NewReader("new")))
			},
			content("all/a/f"),
			[]string{"new"},
		},
		"rename to a folder that was synced": {
			func(d disk) {
				d.must(os.Mkdir(d.path("a"), 0o700))
				d.write("f", "new")
				d.sync("f")
				d.must(os.Rename(d.path("f"), d.path("a/f")))
				d.sync("a")
			},
			func(d disk) string { return content("f")(d) + " " + content("a/f")(d) },
			[]string{"none new"},
		},
		"file that took the name of another": {
			func(d disk) {
				d.write("f", "old")
				d.sync("f")
				d.must(os.Rename(d.path("f"), d.path("g")))
				d.write("f", "new")
				d.sync("f")
			},
			func(d disk) string { return content("f")(d) + " " + content("g")(d) },
			[]string{"new old"},
		},
		"removal": {
			func(d disk) { d.write("f", "old"); d.sync("f"); d.must(os.Remove(d.path("f"))) },
			content("f"),
			[]string{"old", "none"},
		},
		"removal that was synced": {
			func(d disk) { d.write("f", "old"); d.sync("f"); d.must(os.Remove(d.path("f"))); d.sync("") },
			content("f"),
			[]string{"none"},
		},
		"link": {
			func(d disk) { d.write("f", "new"); d.sync("f"); d.must(os.Symlink("f", d.path("g"))) },
			content("g"),
			[]string{"new", "none"},
		},
		"link that was synced": {
			func(d disk) { d.write("f", "new"); d.sync("f"); d.must(os.Symlink("f", d.path("g"))); d.sync("") },
			content("g"),
			[]string{"new"},
		},
		"folder that was removed behind its last file": {
			func(d disk) {
				d.must(os.Mkdir(d.path("a"), 0o700))
				d.write("a/f", "old")
				d.sync("a/f")
				d.must(os.Rename(d.path("a/f"), d.path("f")))
				d.must(os.RemoveAll(d.path("a")))
			},
			func(d disk) string { return content("f")(d) + " " + content("a/f")(d) },
			[]string{"none old", "old none"},
		},
		"file opened with O_SYNC": {
			func(d disk) {
				f, err := os.OpenFile(d.path("f"), os.O_CREATE|os.O_WRONLY|os.O_SYNC, 0o600)
				d.must(err)
				defer f.Close()
				_, err = f.WriteString("new")
				d.must(err)
			},
			content("f"),
			[]string{"new"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := outcomes(t, c.work, c.look)
			for _, want := range c.want {
				if found[want] == 0 {
					t.Errorf("never found %q", want)
				}
				delete(found, want)
			}
			if len(found) > 0 {
				t.Errorf("found %v, want only %q", found, c.want)
			}
		})
	}
}

// Of writes that were not synced, there may be any sectors, but a sector is there or not, and what was synced stays.
func TestTornWrites(t *testing.T) {
	t.Parallel()
	const size = 3 * pageSize
	old, next := bytes.Repeat([]byte("o"), size), bytes.Repeat([]byte("n"), size)
	found := outcomes(t, func(d disk) {
		d.write("f", string(old))
		d.sync("f")
		f, err := os.OpenFile(d.path("f"), os.O_WRONLY, 0)
		d.must(err)
		defer f.Close()
		_, err = f.Write(next)
		d.must(err)
	}, content("f"))
	torn, reordered := 0, 0
	for text := range found {
		if len(text) != size {
			t.Fatalf("found %d bytes, want %d", len(text), size)
		}
		for at := 0; at < size; at += sectorSize {
			if sector := text[at : at+sectorSize]; sector != string(old[:sectorSize]) && sector != string(next[:sectorSize]) {
				t.Fatalf("found %q in the sector at %d", sector, at)
			}
		}
		if start := bytes.IndexByte([]byte(text), 'o'); start > 0 {
			torn++
		} else if start == 0 && bytes.IndexByte([]byte(text), 'n') > 0 {
			reordered++
		}
	}
	if torn == 0 || reordered == 0 {
		t.Errorf("found %d torn writes and %d without their beginning, want some of each", torn, reordered)
	}
}

// Without a power cut, it is a file system like others.
func TestOperations(t *testing.T) {
	t.Parallel()
	d := mount(t, New())
	d.write("f", "0123456789")
	d.must(os.Truncate(d.path("f"), 4))
	d.must(os.Truncate(d.path("f"), 6))
	if got := content("f")(d); got != "0123\x00\x00" {
		t.Errorf("found %q behind two truncations", got)
	}
	f, err := os.OpenFile(d.path("f"), os.O_APPEND|os.O_RDWR, 0)
	d.must(err)
	defer f.Close()
	d.must(syscall.Fallocate(int(f.Fd()), 1, 0, 1<<20)) // FALLOC_FL_KEEP_SIZE
	_, err = f.WriteString("end")
	d.must(err)
	d.must(os.Remove(d.path("f")))
	if text := make([]byte, 9); true {
		_, err = f.ReadAt(text, 0)
		d.must(err)
		if string(text) != "0123\x00\x00end" {
			t.Errorf("found %q in a file without a name", text)
		}
	}
	for i := range 1000 { // more than one answer of the file system holds
		d.must(os.MkdirAll(d.path(filepath.Join("a", string(rune('a'+i%26)), string(rune(0x4e00+i)))), 0o700))
	}
	d.must(os.Rename(d.path("a"), d.path("b")))
	if err := os.Remove(d.path("b")); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Errorf("removal of a folder that holds something: %v", err)
	}
	d.must(os.RemoveAll(d.path("b")))
	left, err := os.ReadDir(d.string)
	d.must(err)
	if len(left) > 0 {
		t.Errorf("found %v in an empty folder", left)
	}
}

func TestAfterCut(t *testing.T) {
	t.Parallel()
	d := mount(t, New())
	f, err := os.Create(d.path("f"))
	d.must(err)
	defer f.Close()
	d.fs.Cut(rand.New(rand.NewPCG(1, 2)))
	_, err = f.WriteString("late")
	for _, err := range []error{err, f.Sync(), os.Mkdir(d.path("a"), 0o700), os.Remove(d.path("f"))} {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("after the power cut: %v, want %v", err, syscall.EIO)
		}
	}
}

// What is chosen to fail fails until the choice ends, and nothing else does.
func TestFail(t *testing.T) {
	t.Parallel()
	d := mount(t, New())
	d.must(os.Mkdir(d.path("a"), 0o700))
	old, next := strings.Repeat("o", 4*sectorSize), strings.Repeat("n", 4*sectorSize)
	d.write("a/f", old)
	d.write("g", "whole")
	f, err := os.OpenFile(d.path("a/f"), os.O_RDWR, 0)
	d.must(err)
	defer f.Close()
	text := make([]byte, len(old))
	read := func() error {
		_, err := f.ReadAt(text, 0)
		return err
	}
	write := func() error {
		_, err := f.WriteAt([]byte(next), 0)
		return err
	}
	d.must(read())

	d.fs.Fail(func(o Operation) bool { return o.Path == "/a/f" && !o.Change })
	if err := read(); !errors.Is(err, syscall.EIO) {
		t.Errorf("read: %v, want %v", err, syscall.EIO)
	}
	d.must(os.Truncate(d.path("a/f"), int64(len(old))))

	d.fs.Fail(func(o Operation) bool { return strings.HasPrefix(o.Path, "/a/") && o.Change })
	for what, err := range map[string]error{
		"write": write(), "truncate": f.Truncate(1), "allocate": syscall.Fallocate(int(f.Fd()), 0, 0, 100),
		"create": os.WriteFile(d.path("a/h"), nil, 0o600), "make folder": os.Mkdir(d.path("a/h"), 0o700),
		"remove": os.Remove(d.path("a/f")), "rename": os.Rename(d.path("g"), d.path("a/g")),
	} {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v, want %v", what, err, syscall.EIO)
		}
	}
	d.must(read())
	if string(text) != next[:2*sectorSize]+old[:2*sectorSize] {
		t.Errorf("found %q behind a write that failed, want half of it", text)
	}
	d.write("g", "whole")

	d.must(os.Rename(d.path("a"), d.path("b")))
	d.must(write())
	d.fs.Fail(nil)
	d.must(read())
	if string(text) != next || content("g")(d) != "whole" {
		t.Errorf("found %q and %q behind writes that did not fail", text, content("g")(d))
	}
}
