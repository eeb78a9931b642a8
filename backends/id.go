package backends

import (
	"fmt"
	"time"

	"github.com/bleepstore/bleepstore/internal/sortid"
)

// ID names a blob. Ids are those of package sortid: they sort by the time of their making and are safe in file names and
// URLs.
type ID string

// NewID makes a new id.
func NewID() ID { return ID(sortid.New()) }

// ParseID checks that s is the text of an id. Two texts are never the same id.
func ParseID(s string) (ID, error) {
	if err := sortid.Check(s); err != nil {
		return "", fmt.Errorf("blob %w", err)
	}
	return ID(s), nil
}

// Time is when the id was made, to the millisecond, in UTC; the zero time for a text that is no id. That is when the Put
// began, and a Put takes as long as its reader: the blob may be much younger, and on its way to an event still. Whoever
// removes blobs that no event names must not take their ids' age for a sign that none will.
func (id ID) Time() time.Time { return sortid.Time(string(id)) }
