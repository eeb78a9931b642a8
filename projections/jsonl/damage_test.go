package jsonl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const testSteps = 20

// written returns the folder of a generation that was closed after some steps, with the number of the last.
func written(t *testing.T) (dir, files string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= testSteps; i++ {
		apply(t, s, i)
	}
	closeStore(t, s)
	return dir, filepath.Join(dir, "000001")
}

// change rewrites a file.
func change(t *testing.T, path string, how func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, how(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func flipInTheMiddle(text []byte) []byte {
	text[len(text)/2] ^= 1
	return text
}

func half(text []byte) []byte { return text[:len(text)/2] }

// wantRefused wants an error that says what the user has to know.
func wantRefused(t *testing.T, dir string, says ...string) {
	t.Helper()
	for range 2 { // a refusal leaves nothing open, and changes nothing
		s, err := Open(dir)
		if err == nil {
			s.Close()
			t.Fatal("the store was opened")
		}
		t.Log(err)
		for _, want := range append(says, dir) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q", want)
			}
		}
	}
}

// What was durable and is not what was written is damage, and not the end of the file.
func TestDamage(t *testing.T) {
	for _, name := range append([]string{commitsFile}, allFiles()...) {
		t.Run(name, func(t *testing.T) {
			dir, files := written(t)
			change(t, filepath.Join(files, name), flipInTheMiddle)
			wantRefused(t, dir, "damaged", "start the server", name, "line")
		})
	}
	for _, name := range allFiles() {
		t.Run("half of "+name, func(t *testing.T) {
			dir, files := written(t)
			change(t, filepath.Join(files, name), half)
			wantRefused(t, dir, "damaged", "start the server", name, "line")
		})
	}
	for _, name := range append([]string{commitsFile}, allFiles()...) {
		t.Run("no "+name, func(t *testing.T) {
			dir, files := written(t)
			if err := os.Remove(filepath.Join(files, name)); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, dir, "damaged", "start the server", name, "missing")
		})
	}
}

func TestOtherFormatsAreRefused(t *testing.T) {
	dir, files := written(t)
	change(t, filepath.Join(files, commitsFile), func(text []byte) []byte {
		return []byte(strings.Replace(string(text), `"format":1`, `"format":2`, 1))
	})
	wantRefused(t, dir, "remove the folder", "format 2", "format 1")
}

// What is behind the last commit is of an Apply that was cut short, and does not count. The next one takes its place.
func TestTornLines(t *testing.T) {
	history := history(t, testSteps+1)
	dir, files := written(t)
	for _, name := range append([]string{commitsFile}, allFiles()...) {
		change(t, filepath.Join(files, name), func(text []byte) []byte { return append(text, text[:len(text)/3]...) })
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if seq := wantHistory(t, s, history); seq != testSteps {
		t.Errorf("the store is at %d, want %d", seq, testSteps)
	}
	apply(t, s, testSteps+1)
	closeStore(t, s)
	if s, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	if seq := wantHistory(t, s, history); seq != testSteps+1 {
		t.Errorf("the store is at %d, want %d", seq, testSteps+1)
	}
	closeStore(t, s)
}

// A store that is only opened leaves the files as they are.
func TestOpenWritesNothing(t *testing.T) {
	dir, files := written(t)
	read := func() string {
		text, err := os.ReadFile(filepath.Join(files, commitsFile))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := read()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if after := read(); after != before {
		t.Errorf("the commits grew from %d bytes to %d", len(before), len(after))
	}
}

func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("opened twice: %v", err)
	}
	closeStore(t, s)
}
