// Package durable makes files, and the names of files, survive a power cut.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Sync makes a file's content durable or, of a folder, the names in it.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// SyncTree makes a folder, all that is in it, and its own name durable.
func SyncTree(dir string) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return Sync(path)
	})
	return errors.Join(err, Sync(filepath.Dir(dir)))
}

// WriteFile writes a file, in place of one of the same name: after a power cut there is the one or the other, whole.
func WriteFile(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := writeNew(temporary, content); err != nil {
		return err
	}
	return Rename(temporary, path)
}

func writeNew(path string, content []byte) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

// Rename renames a file, whose content is durable, within its folder.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return Sync(filepath.Dir(to))
}
