package cache

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// Files that are not what was written never give wrong bytes. They are removed, reported, and written again.
func TestDamagedFiles(t *testing.T) {
	const size = 2*pieceSize + 1000
	flip := func(at int) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			content[(at+len(content))%len(content)] ^= 1
			write(t, path, content)
		}
	}
	for name, damage := range map[string]func(t *testing.T, path string){
		"flip in the magic":    flip(0),
		"flip in the id":       flip(idAt),
		"flip in the length":   flip(lengthAt),
		"flip in the checksum": flip(sumAt),
		"flip in the content":  flip(headerSize + 100),
		"flip at the end":      flip(-1),
		"cut off": func(t *testing.T, path string) {
			if err := os.Truncate(path, 500); err != nil {
				t.Fatal(err)
			}
		},
		"cut off in the header": func(t *testing.T, path string) { write(t, path, []byte(magic)) },
		"empty":                 func(t *testing.T, path string) { write(t, path, nil) },
		"too long":              func(t *testing.T, path string) { write(t, path, make([]byte, 2*pieceSize)) },
		"zeros":                 func(t *testing.T, path string) { write(t, path, make([]byte, 1000)) },
		"a folder": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		for _, reopen := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				behind := newCloud()
				dir := t.TempDir()
				var reports atomic.Int64
				open := func() *Backend {
					b, err := Open(dir, 1<<30, behind, func(error) { reports.Add(1) })
					if err != nil {
						t.Fatal(err)
					}
					return b
				}
				b := open()
				id, data := behind.put(t, size)
				wantRange(t, b, id, data, 0, size)
				paths, _ := filesIn(t, dir)
				if len(paths) != 3 {
					t.Fatalf("there are files %q", paths)
				}
				for _, path := range paths {
					damage(t, path)
				}
				if reopen {
					b = open()
				}
				behind.gets.Store(0)
				wantRange(t, b, id, data, 0, size)
				if behind.gets.Swap(0) == 0 {
					t.Error("what is damaged was not fetched again")
				}
				if reports.Load() > 2 || reports.Load() == 0 && !reopen {
					t.Errorf("%d reports", reports.Load())
				}
				if name == "a folder" {
					return // stands in the way of the file
				}
				wantRange(t, b, id, data, 0, size)
				behind.wantGets(t, 0)
			})
		}
	}
}

// A file that has the name of another piece is not taken for it.
func TestForeignFiles(t *testing.T) {
	behind := newCloud()
	dir := t.TempDir()
	b, err := Open(dir, 1<<30, behind, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	id, data := behind.put(t, 2*pieceSize)
	other, otherData := behind.put(t, 2*pieceSize)
	wantRange(t, b, id, data, 0, len(data))
	wantRange(t, b, other, otherData, 0, len(otherData))
	for from, to := range map[piece]piece{{id, 0}: {id, 1}, {other, 1}: {id, 0}} {
		content, err := os.ReadFile(b.pieces.folder.path(from))
		if err != nil {
			t.Fatal(err)
		}
		write(t, b.pieces.folder.path(to), content)
	}
	for range 2 {
		wantRange(t, b, id, data, 0, len(data))
		wantRange(t, b, other, otherData, 0, len(otherData))
	}
}

// A folder that somebody empties is filled again.
func TestEmptiedFolder(t *testing.T) {
	behind := newCloud()
	dir := t.TempDir()
	b := openCache(t, dir, 3<<20, behind)
	id, data := behind.put(t, 2*pieceSize)
	wantRange(t, b, id, data, 0, len(data))
	if err := os.RemoveAll(filepath.Dir(b.pieces.folder.path(piece{id, 0}))); err != nil {
		t.Fatal(err)
	}
	behind.gets.Store(0)
	for range 2 {
		wantRange(t, b, id, data, 0, len(data))
	}
	if n := behind.gets.Load(); n > 2 {
		t.Errorf("the backend behind was asked %d times", n)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
