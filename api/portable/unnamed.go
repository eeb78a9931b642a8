package portable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/bleepstore/bleepstore/projections"
)

// maxSkipped bounds how many paths are remembered.
const maxSkipped = 10_000

// skipped are files, and folders of uploads, of which unnamed is not to say that they are no object's: because that they are
// left out was said, or because they are the object of another key. Beyond maxSkipped it is said in vain.
type skipped struct {
	mu    sync.Mutex
	paths map[string]bool
}

func (s *skipped) add(paths ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range paths {
		if len(s.paths) < maxSkipped {
			s.paths[path] = true
		}
	}
}

func (s *skipped) has(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paths[path]
}

// unnamed reports the files in the folders of buckets and uploads that are no object and no part here. Those at the root, and
// in other folders whose names begin with a dot, are none of these.
func (i *importer) unnamed(ctx context.Context) error {
	return i.tree.walk(".", func(path string, entry fs.DirEntry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		folder, rest, nested := strings.Cut(path, "/")
		if !nested {
			if strings.HasPrefix(folder, ".") && folder != partsFolder && folder != oldPartsFolder {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		named, err := i.isNamed(ctx, folder, rest)
		if err != nil || named || i.skipped.has(path) {
			return err
		}
		i.imported.Unnamed++
		i.note(fmt.Sprintf("%s is the file of no object, and is not imported", path))
		return nil
	})
}

// isNamed tells whether a file is that of an object or a part.
func (i *importer) isNamed(ctx context.Context, folder, rest string) (bool, error) {
	var err error
	if folder == partsFolder || folder == oldPartsFolder {
		upload, name, _ := strings.Cut(rest, "/")
		number, invalid := strconv.Atoi(name)
		if invalid != nil || i.skipped.has(partsFolder+"/"+upload) {
			return invalid == nil, nil
		}
		_, err = i.Store.Part(ctx, upload, number)
	} else {
		_, err = i.Store.Object(ctx, folder, rest)
	}
	if errors.Is(err, projections.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// walk visits all that is below a folder, in no order. With fs.SkipDir for a folder, what is below that is not visited.
func (t *tree) walk(dir string, visit func(path string, entry fs.DirEntry) error) error {
	folder, err := t.root.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	for {
		entries, err := folder.ReadDir(pageSize)
		for _, entry := range entries {
			path := entry.Name()
			if dir != "." {
				path = dir + "/" + path
			}
			err := visit(path, entry)
			if err == nil && entry.IsDir() {
				err = t.walk(path, visit)
			}
			if err != nil && !errors.Is(err, fs.SkipDir) {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
