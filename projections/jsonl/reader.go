package jsonl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/projections"
)

// maxCommit is more than the bytes of any line of commits.jsonl.
const maxCommit = 64 << 10

// reader reads the commits of a generation.
type reader struct {
	end     end // of what was read
	open    []vfs.File
	commits *bufio.Reader
	files   [kinds]*bufio.Reader
}

// damage says that files are not what was written to them.
type damage struct{ reason string }

func (d *damage) Error() string { return d.reason }

func damaged(format string, args ...any) error { return &damage{fmt.Sprintf(format, args...)} }

// readHeader returns the end of the first line of commits.jsonl.
func readHeader(fs vfs.FS, dir string) (end, error) {
	r, err := openReader(fs, dir, end{}, everything())
	if err != nil {
		return end{}, err
	}
	defer r.close()
	text, err := r.line()
	if err != nil && err != io.EOF {
		return end{}, err
	}
	var h header
	if err := json.Unmarshal(text, &h, json.RejectUnknownMembers(true)); err != nil || h.Format == 0 {
		return end{}, damaged("line 1 of %s does not tell the format", commitsFile)
	}
	if h.Format != format {
		return end{}, fmt.Errorf("it has format %d, this program knows format %d: use the program that wrote it, or remove the "+
			"folder to have it filled from the log again", h.Format, format)
	}
	return end{previous: checksum(text), commits: offset{1, int64(len(text) + 1)}}, nil
}

// openReader opens what a generation has from one end to another.
func openReader(fs vfs.FS, dir string, from, to end) (_ *reader, err error) {
	r := &reader{end: from}
	open := func(name string, from, to offset) *bufio.Reader {
		if err != nil {
			return nil
		}
		var file vfs.File
		if file, err = fs.Open(fs.PathJoin(dir, name), vfs.SequentialReadsOption); err != nil {
			if errors.Is(err, os.ErrNotExist) {
				err = damaged("%s is missing", name)
			}
			return nil
		}
		r.open = append(r.open, file)
		return bufio.NewReaderSize(io.NewSectionReader(file, from.bytes, to.bytes-from.bytes), maxCommit)
	}
	r.commits = open(commitsFile, from.commits, to.commits)
	for k := range kinds {
		r.files[k] = open(k.file(), from.files[k], to.files[k])
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// close ends the reader. What was read is whole, so there is nothing that could fail yet.
func (r *reader) close() {
	for _, file := range r.open {
		_ = file.Close()
	}
}

// next reads the next commit, and into b what it appended, or returns io.EOF behind the last.
//
// The last is the one before the first that is not whole: a kill or a power cut may have taken any part of what was not
// yet synced, and all behind it is to be applied again. But if a later line says that the commit was durable, it is damaged.
func (r *reader) next(b *batch) (commit, error) {
	text, err := r.line()
	if err != nil {
		return commit{}, err
	}
	c, ok := parseCommit(text)
	if !ok || c.Previous != r.end.previous {
		return c, r.incomplete("line %d of %s is not what was written", r.end.commits.lines+1, commitsFile)
	}
	b.reset()
	for k := range kinds {
		x, ok := c.Appended[k]
		if !ok {
			continue
		}
		if _, err := io.CopyN(&b[k].text, r.files[k], x.Bytes); err != nil && err != io.EOF {
			return c, fmt.Errorf("read %s: %w", k.file(), err)
		}
		if checksum(b[k].text.Bytes()) != x.CRC32C {
			first := r.end.files[k].lines + 1
			return c, r.incomplete("lines %d to %d of %s are not what was written", first, first+x.Lines-1, k.file())
		}
		b[k].lines = x.Lines
	}
	r.end.advance(&c, len(text)+1)
	return c, nil
}

// line returns the next line of commits.jsonl without its end, nil for one that is torn or too long, or io.EOF.
func (r *reader) line() ([]byte, error) {
	text, err := r.commits.ReadSlice('\n')
	if err == nil {
		return text[:len(text)-1], nil
	}
	torn := len(text) > 0
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.commits.ReadSlice('\n')
	}
	switch {
	case err == io.EOF && !torn:
		return nil, io.EOF
	case err == io.EOF, err == nil:
		return nil, nil
	}
	return nil, fmt.Errorf("read %s: %w", commitsFile, err)
}

// incomplete returns what it means that the commit behind the end is not whole, for the reason given: that there is no more,
// io.EOF, or damage.
func (r *reader) incomplete(format string, args ...any) error {
	number := r.end.commits.lines + 1
	for {
		text, err := r.line()
		if err != nil {
			return err
		}
		if later, ok := parseCommit(text); ok && later.Synced >= number {
			return damaged(format, args...)
		}
	}
}

// changes appends the changes that the lines of a batch tell of. Their order makes the same of the records as the one in which
// they were made. The batch was the last that was read.
func (r *reader) changes(b *batch, changes []projections.Change) ([]projections.Change, error) {
	for k := range kinds {
		number := r.end.files[k].lines - b[k].lines
		for text := range bytes.Lines(b[k].text.Bytes()) {
			number++
			change, err := k.parse(text)
			if err != nil {
				return nil, damaged("line %d of %s cannot be read: %v", number, k.file(), err)
			}
			changes = append(changes, change)
		}
		if number != r.end.files[k].lines {
			return nil, damaged("%s has other lines than %s says, before line %d", k.file(), commitsFile, number+1)
		}
	}
	return changes, nil
}
