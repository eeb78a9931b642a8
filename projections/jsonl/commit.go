package jsonl

import (
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
)

// format is the version of the form of all files. It is the first line of commits.jsonl, so that files of another one are
// known before anything else of them is read.
const format = 1

type header struct {
	Format int `json:"format"`
}

// commit is a line of commits.jsonl.
type commit struct {
	// Previous is the checksum of the line before. What an earlier commit of the same length has left behind the end of
	// the file does therefore not follow from a line that was written in its place.
	Previous string            `json:"previous"`
	Position eventlog.Position `json:"position,omitzero"`
	Appended map[kind]extent   `json:"appended,omitempty"`
	// Synced says that so many lines of commits.jsonl, and all that they tell of, were durable when this one was written.
	Synced int64 `json:"synced,omitzero"`
	// CRC32C is the checksum of the line up to the comma before this member, which is the last.
	CRC32C string `json:"crc32c,omitzero"`
}

// extent is what a commit appended to a file.
type extent struct {
	Lines  int64  `json:"lines"`
	Bytes  int64  `json:"bytes"`
	CRC32C string `json:"crc32c"`
}

// MarshalText gives the name of a kind to JSON.
func (k kind) MarshalText() ([]byte, error) { return []byte(names[k]), nil }

// UnmarshalText reads what MarshalText writes.
func (k *kind) UnmarshalText(text []byte) error {
	i := slices.Index(names[:], string(text))
	if i < 0 {
		return fmt.Errorf("there are no records %q", text)
	}
	*k = kind(i)
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(text []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(text, castagnoli)) }

// seal is how a line ends whose text before is begun.
func seal(begun []byte) string { return `,"crc32c":"` + checksum(begun) + `"}` }

var sealLength = len(seal(nil))

// encode returns the line of a commit, without its end, and sets its checksum.
func (c *commit) encode() ([]byte, error) {
	c.CRC32C = ""
	text, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode the commit of %v: %w", c.Position, err)
	}
	begun := text[:len(text)-len("}")]
	c.CRC32C = checksum(begun)
	return append(begun, seal(begun)...), nil
}

// parseCommit reads what encode writes. It returns false for anything else.
func parseCommit(text []byte) (c commit, ok bool) {
	begun := max(0, len(text)-sealLength)
	if string(text[begun:]) != seal(text[:begun]) {
		return c, false
	}
	if err := json.Unmarshal(text, &c, json.RejectUnknownMembers(true)); err != nil {
		return c, false
	}
	for _, e := range c.Appended {
		if e.Lines < 1 || e.Bytes < e.Lines {
			return c, false
		}
	}
	return c, true
}
