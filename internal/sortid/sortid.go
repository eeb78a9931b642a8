// Package sortid makes ids that are unique and sort by the time of their making.
package sortid

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Len is the length of an id in characters.
const Len = 26

var encoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// New makes an id: a version 7 UUID (RFC 9562) as 26 characters of lower-case base32hex, which keeps its order and is
// safe in file names, URLs and XML.
func New() string {
	// The only error is one of crypto/rand, which never returns any.
	return encode(uuid.Must(uuid.NewV7()))
}

// After makes an id that is greater than previous, also when the clock has gone back since previous was made.
// It panics if previous is neither empty nor an id.
func After(previous string) string {
	id := New()
	if id > previous {
		return id
	}
	u, err := decode(previous)
	if err != nil {
		panic(err)
	}
	// The first 48 bits are milliseconds; the version follows, so adding one there keeps a valid UUID.
	ms := binary.BigEndian.Uint64(u[:8])>>16 + 1
	next := uuid.Must(uuid.NewV7())
	binary.BigEndian.PutUint64(next[:8], ms<<16|binary.BigEndian.Uint64(next[:8])&0xffff)
	return encode(next)
}

// Check returns an error unless s is an id.
func Check(s string) error {
	_, err := decode(s)
	return err
}

// Time is when an id was made, to the millisecond; the zero time if id is none.
func Time(id string) time.Time {
	u, err := decode(id)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(u[:8]) >> 16)).UTC()
}

func encode(u uuid.UUID) string { return encoding.EncodeToString(u[:]) }

func decode(s string) (uuid.UUID, error) {
	var u uuid.UUID
	if len(s) == Len {
		if b, err := encoding.DecodeString(s); err == nil {
			copy(u[:], b)
			if u.Version() == 7 && encode(u) == s { // the last character has two bits to spare
				return u, nil
			}
		}
	}
	return u, fmt.Errorf("id %q: want %d characters of lower-case base32hex of a version 7 UUID", s, Len)
}
