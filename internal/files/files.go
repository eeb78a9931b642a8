// Package files keeps named files that are written whole: in a folder, or wherever else a Files keeps them.
package files

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"time"
)

// Files keeps named files. It is safe for concurrent use.
//
// A name is one or more parts divided by '/', each of letters, digits, '.', '_' and '-' and not beginning with '.'. Any
// other name is an error. No name is the folder of another one, as "a" is of "a/b".
type Files interface {
	// Put writes what r yields, up to io.EOF, to a file, in place of one of the same name, and returns when it is durable.
	// On any error, one of r's or an ended ctx included, there is what was there before or, if that could not be found out
	// any more, all of the new file. Errors of r are wrapped. Memory in use does not grow with the size of a file.
	Put(ctx context.Context, name string, r io.Reader) error

	// Get reads a file from its beginning, as it is now: what replaces it or deletes it meanwhile is not seen. The caller
	// closes the reader, which depends on ctx. A missing file is fs.ErrNotExist. Fewer bytes than the file has are an error
	// of Read, never io.EOF.
	Get(ctx context.Context, name string) (io.ReadCloser, error)

	// List returns the files whose names begin with prefix, which need not be a name, ascending by name.
	List(ctx context.Context, prefix string) ([]File, error)

	// Delete removes files. It does not wait for the disk: a power cut may bring some back. A file that is not there is no
	// error.
	Delete(ctx context.Context, names []string) error

	// Where says to people where a file is or would be.
	Where(name string) string
}

// File is a file in a list.
type File struct {
	Name     string
	Size     int64     // in bytes
	Modified time.Time // when it was put, more or less
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

// CheckName tells whether a name is one. It is for implementations of Files.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a file", name)
	}
	return nil
}
