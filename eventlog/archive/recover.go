package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/files"
)

// indexReads is how many indexes are read at once: each takes some time where files are on another machine.
const indexReads = 16

// found is a file that is there, and the sequence in its name.
type found struct {
	files.File
	first uint64
}

// named returns the files of a list whose names have a suffix.
func named(list []files.File, suffix string) []found {
	var all []found
	for _, file := range list {
		digits, ok := strings.CutSuffix(file.Name, suffix)
		if first, err := strconv.ParseUint(digits, 10, 64); ok && err == nil && base(first) == digits {
			all = append(all, found{file, first})
		}
	}
	return all
}

// hasFirst tells whether there is a file whose first commit has that sequence.
func hasFirst(all []found, first uint64) bool {
	return slices.ContainsFunc(all, func(f found) bool { return f.first == first })
}

// recover finds out what is there.
func (a *Archive) recover(ctx context.Context) error {
	list, err := a.files.List(ctx, "")
	if err != nil {
		return err
	}
	sealed, open := named(list, sealedSuffix), named(list, openSuffix)
	for _, index := range named(list, indexSuffix) {
		if !hasFirst(sealed, index.first) { // which is written behind the segment
			return &CorruptError{File: a.files.Where(base(index.first) + sealedSuffix), Reason: "it is missing"}
		}
	}
	var s state
	if s.sealed, err = a.recoverSealed(ctx, sealed, open); err != nil {
		return err
	}
	if len(s.sealed) > 0 {
		s.last = s.sealed[len(s.sealed)-1].Last
	}
	if err := a.recoverOpen(ctx, open, &s); err != nil {
		return err
	}
	a.state.set(s)
	return nil
}

// recoverSealed returns what the sealed segments hold.
func (a *Archive) recoverSealed(ctx context.Context, sealed, open []found) ([]Segment, error) {
	indexes, err := a.readIndexes(ctx, sealed)
	if err != nil {
		return nil, err
	}
	var segments []Segment
	var last eventlog.Position
	for i, file := range sealed {
		segment, err := a.loadSegment(ctx, file, indexes[i], last)
		if isCorrupt(err) && indexes[i] == nil && hasFirst(open, file.first) {
			// It was written, but did not pass its verification, and the open segment is still there.
			if err := a.files.Delete(ctx, []string{file.Name}); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		segments = append(segments, segment)
		last = segment.Last
	}
	return segments, nil
}

// readIndexes reads the indexes of segments; nil for one that has none.
func (a *Archive) readIndexes(ctx context.Context, sealed []found) ([][]byte, error) {
	texts := make([][]byte, len(sealed))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(indexReads)
	for i, file := range sealed {
		group.Go(func() error {
			r, err := a.files.Get(ctx, base(file.first)+indexSuffix)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			defer r.Close()
			texts[i], err = io.ReadAll(r)
			return err
		})
	}
	return texts, group.Wait()
}

// recoverOpen adds to s what the files of the open segment hold, up to the first damage. The rest is removed.
func (a *Archive) recoverOpen(ctx context.Context, open []found, s *state) (err error) {
	s.open = s.last
	if len(s.sealed) == 0 && len(open) > 0 {
		if s.open, err = a.beginning(ctx, open[0]); err != nil {
			return err
		}
	}
	last := s.open
	var remove []string
	for _, file := range open {
		if file.first <= s.open.Seq { // it was sealed, and not removed yet
			remove = append(remove, file.Name)
			continue
		}
		p, sound, err := a.reopen(ctx, file, last)
		if err != nil {
			return err
		}
		a.Lost += file.Size - sound
		if sound == 0 {
			remove = append(remove, file.Name)
			continue
		}
		if len(s.parts) == 0 {
			a.opened = file.Modified
		}
		s.parts = append(s.parts, p)
		last, s.last = p.last, p.last
	}
	if len(s.parts) == 0 {
		s.open = s.last
	}
	return a.files.Delete(ctx, remove)
}

// reopen returns what a file of the open segment holds behind prev, up to the first damage, behind which it is cut off, and
// how many bytes that is.
func (a *Archive) reopen(ctx context.Context, file found, prev eventlog.Position) (p part, sound int64, err error) {
	p = part{name: file.Name, prev: prev, last: prev}
	if file.first != prev.Seq+1 { // it is behind damage
		return p, 0, nil
	}
	r, err := a.files.Get(ctx, file.Name)
	if err != nil {
		return p, 0, err
	}
	defer r.Close()
	frames := newFrameReader(r)
	for err == nil {
		var bytes int64
		p.last, bytes, err = frames.skim(a.log, p.last)
		a.bytes += bytes
	}
	if err != io.EOF && !isDamage(err) {
		return p, 0, a.failure(file.Name, err)
	}
	if 0 < frames.offset && frames.offset < file.Size {
		if err := a.cutOff(ctx, file.Name, frames.offset); err != nil {
			return p, 0, err
		}
	}
	return p, frames.offset, nil
}

// cutOff makes a file end at a size.
func (a *Archive) cutOff(ctx context.Context, name string, size int64) error {
	r, err := a.files.Get(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	return a.files.Put(ctx, name, io.LimitReader(r, size))
}

// beginning is the position before the file with which the archive begins: zero, unless the log was trimmed before it had
// an archive. Then only the first commit tells; zero if it is damaged.
func (a *Archive) beginning(ctx context.Context, file found) (eventlog.Position, error) {
	if file.first == 1 {
		return eventlog.Position{}, nil
	}
	r, err := a.files.Get(ctx, file.Name)
	if err != nil {
		return eventlog.Position{}, err
	}
	defer r.Close()
	content, err := newFrameReader(r).next()
	if err == io.EOF || isDamage(err) {
		return eventlog.Position{}, nil
	}
	if err != nil {
		return eventlog.Position{}, a.failure(file.Name, err)
	}
	return before(eventlog.Commit{Data: content})
}
