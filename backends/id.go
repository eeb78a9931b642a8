package backends

import (
	"encoding/base32"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ID names a blob: 26 characters of lower-case base32hex of a version 7 UUID (RFC 9562). Ids sort by the time of their
// making and are safe in file names and URLs.
type ID string

var idEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewID makes a new id.
func NewID() ID {
	u, err := uuid.NewV7()
	if err != nil {
		panic(fmt.Sprintf("backends: no randomness for a blob id: %v", err)) // crypto/rand never fails on a working system
	}
	return ID(idEncoding.EncodeToString(u[:]))
}

// ParseID checks that s is the text of an id.
func ParseID(s string) (ID, error) {
	if b, err := idEncoding.DecodeString(s); err != nil || len(b) != len(uuid.UUID{}) {
		return "", fmt.Errorf("blob id %q: want 26 characters of lower-case base32hex", s)
	}
	return ID(s), nil
}

// Time is when the id was made, to the millisecond. It tells the age of a blob without asking its backend.
func (id ID) Time() time.Time {
	b, err := idEncoding.DecodeString(string(id))
	if err != nil || len(b) != len(uuid.UUID{}) {
		return time.Time{}
	}
	return time.Unix(uuid.UUID(b).Time().UnixTime()).UTC()
}
