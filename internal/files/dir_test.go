package files_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/internal/files/filestest"
)

func openDir(t *testing.T, root string) *files.Dir {
	t.Helper()
	d, err := files.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDir(t *testing.T) {
	filestest.Run(t, func(t *testing.T) files.Files { return openDir(t, filepath.Join(t.TempDir(), "files")) })
}

func TestIn(t *testing.T) {
	filestest.Run(t, func(t *testing.T) files.Files { return files.In(openDir(t, t.TempDir()), "some/folder") })
}

func TestInSeesOnlyItsOwn(t *testing.T) {
	all := openDir(t, t.TempDir())
	for _, name := range []string{"a/1", "ab/1", "b"} {
		filestest.Put(t, all, name, "content of "+name)
	}
	in := files.In(all, "a")
	filestest.WantNames(t, in, "", "1")
	filestest.WantContent(t, in, "1", "content of a/1")
	if err := in.Delete(t.Context(), []string{"1"}); err != nil {
		t.Fatal(err)
	}
	filestest.WantNames(t, all, "", "ab/1", "b")
}

func TestOpenDirRemovesWhatIsUnfinished(t *testing.T) {
	root := t.TempDir()
	filestest.Put(t, openDir(t, root), "a/b", "content")
	left := filepath.Join(root, ".unfinished", "half of a file")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := openDir(t, root)
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what is unfinished is still there: %v", err)
	}
	filestest.WantNames(t, again, "", "a/b")
	filestest.WantContent(t, again, "a/b", "content")
}
