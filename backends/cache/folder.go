package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// folder is where the files are, in 256 folders named after the last two characters of ids, which are random.
type folder string

const spread = 2 // characters of an id that name a folder

// unfinishedMark stands behind the name of a file in that of one which is being written.
const unfinishedMark = "~"

// path is the place of a piece.
func (f folder) path(p piece) string {
	return filepath.Join(string(f), string(p.id[len(p.id)-spread:]), p.String())
}

// write writes a file beside the place of a piece, and returns its path, if it was made, also with an error.
func (f folder) write(p piece, content []byte) (path string, err error) {
	inner, name := filepath.Split(f.path(p))
	create := func() (*os.File, error) { return os.CreateTemp(inner, name+unfinishedMark+"*") }
	file, err := create()
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(inner, 0o700); err == nil {
			file, err = create()
		}
	}
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	return file.Name(), errors.Join(err, file.Close())
}

// found is a piece of which a folder has the first length bytes.
type found struct {
	piece    piece
	length   int
	modified time.Time
}

// scan lists the pieces in the order in which they were written, and removes files that are unfinished or have no size of a
// piece. What else is in the folder it passes over.
func (f folder) scan() (all []found, err error) {
	inners, err := os.ReadDir(string(f))
	if err != nil {
		return nil, err
	}
	for _, inner := range inners {
		if !inner.IsDir() || len(inner.Name()) != spread {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(string(f), inner.Name()))
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			path := filepath.Join(string(f), inner.Name(), entry.Name())
			name, _, unfinished := strings.Cut(entry.Name(), unfinishedMark)
			p, ok := parsePiece(name)
			if !ok || filepath.Dir(f.path(p)) != filepath.Dir(path) || !entry.Type().IsRegular() {
				continue
			}
			info, err := entry.Info()
			if err != nil {
				return nil, err
			}
			if unfinished || !isFileSize(info.Size()) {
				if err := os.Remove(path); err != nil {
					return nil, fmt.Errorf("remove what is no piece: %w", err)
				}
				continue
			}
			all = append(all, found{p, int(info.Size()) - headerSize, info.ModTime()})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return a.modified.Compare(b.modified) })
	return all, nil
}
