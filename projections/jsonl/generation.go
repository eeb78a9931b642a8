package jsonl

import (
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"

	"github.com/bleepstore/bleepstore/eventlog"
)

const commitsFile = "commits.jsonl"

// generation is a set of files to append to.
type generation struct {
	fs      vfs.FS
	dir     string
	commits vfs.File
	files   [kinds]vfs.File

	// end is where the last commit ends. What a failed append has left behind it is no part of the generation, and the
	// next one writes over it.
	end      end
	position eventlog.Position // of the last commit

	synced   int64 // how many bytes need no sync any more
	unsynced error // why the last sync failed
}

// end is an end in each of the files.
type end struct {
	commits  offset
	files    [kinds]offset
	previous string // checksum of the last line of commits.jsonl
}

type offset struct{ lines, bytes int64 }

// everything is behind all that files can hold.
func everything() (e end) {
	e.commits.bytes = math.MaxInt64
	for k := range e.files {
		e.files[k].bytes = math.MaxInt64
	}
	return e
}

// advance moves the end behind a commit whose line has so many bytes.
func (e *end) advance(c *commit, line int) {
	e.commits.lines++
	e.commits.bytes += int64(line)
	e.previous = c.CRC32C
	for k, x := range c.Appended {
		e.files[k].lines += x.Lines
		e.files[k].bytes += x.Bytes
	}
}

// lines is how many lines of records there are.
func (e *end) lines() (n int64) {
	for _, o := range e.files {
		n += o.lines
	}
	return n
}

func (e *end) size() int64 {
	n := e.commits.bytes
	for _, o := range e.files {
		n += o.bytes
	}
	return n
}

// create makes an empty generation in a folder, which it makes too.
func create(fs vfs.FS, dir string) (*generation, error) {
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	text, err := json.Marshal(header{format})
	if err != nil {
		return nil, err
	}
	g, err := openGeneration(fs, dir, end{previous: checksum(text), commits: offset{1, int64(len(text) + 1)}})
	if err != nil {
		return nil, err
	}
	if _, err := g.commits.WriteAt(append(text, '\n'), 0); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// openGeneration opens a generation to append to it at its end.
func openGeneration(fs vfs.FS, dir string, end end) (_ *generation, err error) {
	g := &generation{fs: fs, dir: dir, end: end}
	open := func(name string) (file vfs.File) {
		if err == nil {
			file, err = fs.OpenReadWrite(fs.PathJoin(dir, name), vfs.WriteCategoryUnspecified)
		}
		return file
	}
	g.commits = open(commitsFile)
	for k := range kinds {
		g.files[k] = open(k.file())
	}
	if err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// each calls do for the open files, the one of the commits last.
func (g *generation) each(do func(vfs.File) error) error {
	var errs []error
	for _, file := range append(g.files[:], g.commits) {
		if file != nil {
			errs = append(errs, do(file))
		}
	}
	return errors.Join(errs...)
}

func (g *generation) close() error { return g.each(vfs.File.Close) }

// append appends a batch and the commit that tells of it, which is complete but for what append knows. With an error the
// generation is as before, so that the same or another append may follow.
//
// The commit comes last, so that what a killed process leaves is whole up to the last commit. A power cut may take any part
// of what was written since the last sync, which shows, because the checksums of a commit cover all that it tells of.
func (g *generation) append(c commit, b *batch) error {
	c.Previous = g.end.previous
	c.Appended = make(map[kind]extent)
	for k := range kinds {
		text := b[k].text.Bytes()
		if len(text) == 0 {
			continue
		}
		c.Appended[k] = extent{Lines: b[k].lines, Bytes: int64(len(text)), CRC32C: checksum(text)}
		if _, err := g.files[k].WriteAt(text, g.end.files[k].bytes); err != nil {
			return fmt.Errorf("append to %s: %w", k.file(), err)
		}
	}
	text, err := c.encode()
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if _, err := g.commits.WriteAt(text, g.end.commits.bytes); err != nil {
		return fmt.Errorf("append to %s: %w", commitsFile, err)
	}
	g.end.advance(&c, len(text))
	g.position = c.Position
	return nil
}

// mark appends a commit that changes nothing, and says that what is before an end is durable. It needs no sync itself.
func (g *generation) mark(durable end) error {
	before := g.end.size()
	if err := g.append(commit{Position: g.position, Synced: durable.commits.lines}, new(batch)); err != nil {
		return err
	}
	g.synced = durable.size() + g.end.size() - before
	return nil
}

// unsyncedBytes is how many bytes were appended since what is durable.
func (g *generation) unsyncedBytes() int64 { return g.end.size() - g.synced }

// sync makes durable what was appended.
func (g *generation) sync() error {
	if err := g.each(vfs.File.Sync); err != nil {
		return fmt.Errorf("sync the files in %s: %w", g.dir, err)
	}
	return nil
}
