// Package damage tells damage of a Pebble database from what else can go wrong with it.
package damage

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// Is tells whether an error of opening or reading a database means that its files are not what was written to them: they
// changed, were cut off, or are gone. A lock that somebody holds, a full disk, missing permission, a disk that does not
// answer and a format of a newer Pebble are no damage.
func Is(err error) bool {
	if err == nil {
		return false
	}
	_, otherOptions := errors.AsType[pebble.ErrMissingWALRecoveryDir](err) // we never have such folders
	return pebble.IsCorruptionError(err) || otherOptions || isGone(err) || isUnmarked(err)
}

// isGone tells whether a file is missing. What a new database needs is made, so it is one that another file tells of, or
// that one itself.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, pebble.ErrDBDoesNotExist) || errors.Is(err, pebble.ErrDBNotPristine)
}

// isUnmarked tells corruption that Pebble does not mark as such: a table that was cut off, and names in the file of options
// that no version of this program writes.
func isUnmarked(err error) bool {
	text := err.Error()
	return strings.Contains(text, "object size mismatch") || strings.Contains(text, "name from file")
}
