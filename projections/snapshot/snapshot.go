// Package snapshot writes all records of a store as of one position to a file, and fills stores of any engine from it.
//
// A file is lines of JSON, compressed with zstd: a header, a line for each record, and an end, which has the number of the
// records and the hash of all lines before it.
//
//	{"format":1,"position":{...},"taken":"2026-01-02T03:04:05Z"}
//	{"bucket":{...}}
//	{"object":{...}}
//	{"end":{"records":2,"sha256":"..."}}
package snapshot

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
)

// format is the version of the form of a file.
const format = 1

// maxLine is how long a line can be, in bytes. A record is part of an event, which is no longer.
const maxLine = eventlog.MaxAppend

// applyRecords is how many records are given to a store at once.
const applyRecords = 1000

// Header says what a snapshot is of.
type Header struct {
	Format   int               `json:"format"`
	Position eventlog.Position `json:"position"`
	Taken    time.Time         `json:"taken"`
}

// line is one line of a file: one of its members is set.
type line struct {
	Bucket  *projections.Bucket     `json:"bucket,omitzero"`
	Object  *projections.Object     `json:"object,omitzero"`
	Version *projections.Version    `json:"version,omitzero"`
	Upload  *projections.Upload     `json:"upload,omitzero"`
	Part    *projections.Part       `json:"part,omitzero"`
	Shared  *projections.SharedBlob `json:"shared,omitzero"`
	Garbage *projections.Garbage    `json:"garbage,omitzero"`
	End     *end                    `json:"end,omitzero"`
}

type end struct {
	Records int64  `json:"records"`
	SHA256  string `json:"sha256"`
}

// lineOf is the line of a record, as the change that writes it.
func lineOf(change projections.Change) (line, error) {
	switch c := change.(type) {
	case projections.PutBucket:
		return line{Bucket: c.Bucket}, nil
	case projections.PutObject:
		return line{Object: c.Object}, nil
	case projections.PutVersion:
		return line{Version: c.Version}, nil
	case projections.PutUpload:
		return line{Upload: c.Upload}, nil
	case projections.PutPart:
		return line{Part: c.Part}, nil
	case projections.SetShared:
		shared := projections.SharedBlob(c)
		return line{Shared: &shared}, nil
	case projections.PutGarbage:
		return line{Garbage: &c.Garbage}, nil
	}
	return line{}, fmt.Errorf("a snapshot has no records of %T", change)
}

// change is the change that writes the record of a line, nil if it is none.
func (l *line) change() projections.Change {
	switch {
	case l.Bucket != nil:
		return projections.PutBucket{Bucket: l.Bucket}
	case l.Object != nil:
		return projections.PutObject{Object: l.Object}
	case l.Version != nil:
		return projections.PutVersion{Version: l.Version}
	case l.Upload != nil:
		return projections.PutUpload{Upload: l.Upload}
	case l.Part != nil:
		return projections.PutPart{Part: l.Part}
	case l.Shared != nil:
		return projections.SetShared(*l.Shared)
	case l.Garbage != nil:
		return projections.PutGarbage{Garbage: *l.Garbage}
	}
	return nil
}

// Write writes a snapshot. The records must be those of one position.
func Write(ctx context.Context, w io.Writer, records projections.Records, taken time.Time) (Header, error) {
	h := Header{Format: format, Taken: taken}
	var err error
	if h.Position, err = records.Position(ctx); err != nil {
		return h, err
	}
	compressed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return h, err
	}
	lines := &lineWriter{w: compressed, hash: sha256.New()}
	if err := lines.write(&h); err != nil {
		return h, err
	}
	var last end
	for change, err := range projections.Each(ctx, records) {
		if err != nil {
			return h, err
		}
		record, err := lineOf(change)
		if err != nil {
			return h, err
		}
		if err := lines.write(&record); err != nil {
			return h, err
		}
		last.Records++
	}
	last.SHA256 = hex.EncodeToString(lines.hash.Sum(nil))
	if err := lines.write(&line{End: &last}); err != nil {
		return h, err
	}
	return h, compressed.Close()
}

// lineWriter writes values as lines, and hashes them.
type lineWriter struct {
	w    io.Writer
	hash hash.Hash
}

func (l *lineWriter) write(value any) error {
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return err
	}
	text = append(text, '\n')
	l.hash.Write(text)
	_, err = l.w.Write(text)
	return err
}

// CorruptError says that a snapshot is not what was written.
type CorruptError struct{ Reason string }

func (e *CorruptError) Error() string { return "the snapshot is damaged: " + e.Reason }

func corrupt(format string, args ...any) error {
	return &CorruptError{Reason: fmt.Sprintf(format, args...)}
}

// Read passes the records of a snapshot, as the changes that write them, to visit. They are only to be used if Read returns
// no error: whether they are whole shows at the end. What is wrong with the snapshot is a *CorruptError; errors of r are
// returned.
func Read(r io.Reader, visit func(projections.Change) error) (Header, error) {
	source := &files.Source{R: r}
	h, err := read(source, visit)
	if _, isCorrupt := errors.AsType[*CorruptError](err); isCorrupt && source.Err != nil {
		err = source.Err
	}
	return h, err
}

func read(r io.Reader, visit func(projections.Change) error) (Header, error) {
	var h Header
	compressed, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return h, corrupt("%v", err)
	}
	defer compressed.Close()
	lines := bufio.NewScanner(compressed)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	sum := sha256.New()
	if !lines.Scan() {
		return h, corrupt("it has no header: %v", lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), &h, json.RejectUnknownMembers(true)); err != nil || h.Format != format {
		return h, corrupt("its header has format %d, this program knows %d: %v", h.Format, format, err)
	}
	for records := int64(0); ; records++ {
		sum.Write(lines.Bytes())
		sum.Write([]byte{'\n'})
		if !lines.Scan() {
			return h, corrupt("it ends behind %d records: %v", records, lines.Err())
		}
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l, json.RejectUnknownMembers(true)); err != nil {
			return h, corrupt("record %d cannot be read: %v", records, err)
		}
		if l.End != nil {
			if l.End.Records != records || l.End.SHA256 != hex.EncodeToString(sum.Sum(nil)) {
				return h, corrupt("it has %d records with another hash than the %d that were written", records, l.End.Records)
			}
			if lines.Scan() || lines.Err() != nil {
				return h, corrupt("it goes on behind its end")
			}
			return h, nil
		}
		change := l.change()
		if change == nil {
			return h, corrupt("record %d is none", records)
		}
		if err := visit(change); err != nil {
			return h, err
		}
	}
}

// Load fills an empty store with a snapshot. Where it returns an error, the store is of no use.
func Load(ctx context.Context, r io.Reader, store projections.MetadataStore) (Header, error) {
	batch := make([]projections.Change, 0, applyRecords)
	apply := func(pos eventlog.Position) error {
		err := store.Apply(ctx, pos, batch)
		batch = batch[:0]
		return err
	}
	h, err := Read(r, func(change projections.Change) error {
		if batch = append(batch, change); len(batch) < applyRecords {
			return nil
		}
		return apply(eventlog.Position{}) // the position comes last
	})
	if err != nil {
		return h, err
	}
	return h, apply(h.Position)
}
