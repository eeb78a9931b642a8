package eventlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"

	"github.com/go-json-experiment/json"
)

// Limits of a commit. The events of one append are never divided, so one that is larger makes a commit of its own.
const (
	MaxCommitEvents = 1024
	MaxCommitBytes  = 1 << 20 // bytes of encoded events
)

// Commit is what one append wrote: the events of one or more decisions, in the order in which they were made.
//
// It is stored as lines of JSON: a header, then one line for each event. A reader knows from the header that the commit
// is whole (events, crc32c), that it is of this log and in its place (log, seq), and that everything before it is what
// was there when it was written (prev).
type Commit struct {
	Position Position
	Events   []Event
	Data     []byte // the bytes that are stored, of which Position.Hash is the hash; not to be modified
}

// commitFormat is the version of the form of a commit; event shapes have versions of their own.
const commitFormat = 1

// maxHeader is more than the bytes of any header line.
const maxHeader = 512

type commitHeader struct {
	Format int    `json:"format"`
	Log    string `json:"log"`
	Seq    uint64 `json:"seq"`
	Prev   string `json:"prev"`   // Position.Hash of the commit before; empty in the first one
	Events int    `json:"events"` // number of lines that follow
	CRC32C string `json:"crc32c"` // of the lines that follow, in hex
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(lines []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(lines, castagnoli))
}

// hash is the Position.Hash of a commit.
func hash(commit []byte) string {
	sum := sha256.Sum256(commit)
	return hex.EncodeToString(sum[:])
}

// appendLine appends the line of one event.
func appendLine(lines *bytes.Buffer, event *Event) error {
	if err := json.MarshalWrite(lines, event); err != nil {
		return err
	}
	return lines.WriteByte('\n')
}

// encodeCommit makes the commit that follows prev in log. Each of groups holds whole lines.
func encodeCommit(log string, prev Position, events int, groups [][]byte) ([]byte, error) {
	sum, size := uint32(0), maxHeader
	for _, lines := range groups {
		sum = crc32.Update(sum, castagnoli, lines)
		size += len(lines)
	}
	commit := bytes.NewBuffer(make([]byte, 0, size))
	err := json.MarshalWrite(commit, &commitHeader{
		Format: commitFormat,
		Log:    log,
		Seq:    prev.Seq + 1,
		Prev:   prev.Hash,
		Events: events,
		CRC32C: fmt.Sprintf("%08x", sum),
	})
	if err != nil {
		return nil, err
	}
	commit.WriteByte('\n')
	for _, lines := range groups {
		commit.Write(lines)
	}
	return commit.Bytes(), nil
}

// CutCommit reads the commit that follows prev in log from the beginning of data, and returns what is behind it. Errors are
// those of a Reader.
func CutCommit(data []byte, log string, prev Position) (commit Commit, rest []byte, err error) {
	header, rest, _ := bytes.Cut(data, []byte("\n"))
	var told commitHeader
	if err := json.Unmarshal(header, &told); err != nil {
		return Commit{}, nil, &CorruptError{Log: log, Seq: prev.Seq + 1, Want: "a header", Found: err.Error()}
	}
	for range told.Events {
		if _, rest, _ = bytes.Cut(rest, []byte("\n")); rest == nil {
			return Commit{}, nil, &CorruptError{
				Log: log, Seq: prev.Seq + 1, Want: fmt.Sprintf("%d events", told.Events), Found: "fewer",
			}
		}
	}
	commit, err = decodeCommit(data[:len(data)-len(rest)], log, prev)
	return commit, rest, err
}

// decodeCommit reads the commit that follows prev in log. Bytes that are not that commit are a *CorruptError; an event
// that is sound but unknown is an *UnknownEventError.
func decodeCommit(data []byte, log string, prev Position) (Commit, error) {
	seq := prev.Seq + 1
	corrupt := func(want, found string, args ...any) (Commit, error) {
		return Commit{}, &CorruptError{Log: log, Seq: seq, Want: want, Found: fmt.Sprintf(found, args...)}
	}

	first, lines, ok := bytes.Cut(data, []byte("\n"))
	if !ok {
		return corrupt("a header line", "%d bytes without a line end", len(data))
	}
	var header commitHeader
	err := json.Unmarshal(first, &header, json.RejectUnknownMembers(true))
	// The format is the first member, and another format may have members that this one has not.
	if header.Format != commitFormat {
		return corrupt(fmt.Sprintf("commit format %d", commitFormat), "format %d", header.Format)
	}
	if err != nil {
		return corrupt("a header", "%v", err)
	}
	switch {
	case header.Log != log:
		return corrupt("a commit of log "+log, "one of log %q", header.Log)
	case header.Seq != seq:
		return corrupt(fmt.Sprintf("commit %d", seq), "commit %d in its place", header.Seq)
	case header.Prev != prev.Hash:
		return corrupt(fmt.Sprintf("%q as the hash of the commit before", prev.Hash), "%q", header.Prev)
	case header.CRC32C != checksum(lines):
		return corrupt("events with checksum "+header.CRC32C, "checksum %s", checksum(lines))
	}

	commit := Commit{Position: Position{Log: log, Seq: seq, Hash: hash(data)}, Data: data}
	if n := bytes.Count(lines, []byte("\n")); n != header.Events || n == 0 || lines[len(lines)-1] != '\n' {
		return corrupt(fmt.Sprintf("%d events", header.Events), "%d lines", n)
	}
	commit.Events = make([]Event, header.Events)
	for i := range commit.Events {
		var line []byte
		line, lines, _ = bytes.Cut(lines, []byte("\n"))
		if err := json.Unmarshal(line, &commit.Events[i]); err != nil {
			return Commit{}, fmt.Errorf("commit %d of event log %s, event %d: %w", seq, log, i, err)
		}
	}
	return commit, nil
}

// Prev is the position before the commit.
func (c *Commit) Prev() (Position, error) { return prevOf(c.Data) }

// prevOf returns the position before a commit, as the commit tells.
func prevOf(data []byte) (Position, error) {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	var header commitHeader
	if err := json.Unmarshal(first, &header); err != nil {
		return Position{}, err
	}
	if header.Seq == 1 {
		return Position{}, nil
	}
	return Position{Log: header.Log, Seq: header.Seq - 1, Hash: header.Prev}, nil
}
