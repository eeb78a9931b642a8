package jsonl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/projections"
)

const temporarySuffix = ".tmp"

func (s *Store) folder(number int) string { return s.fs.PathJoin(s.dir, fmt.Sprintf("%06d", number)) }

func (s *Store) temporary(number int) string { return s.folder(number) + temporarySuffix }

// numberOf returns the number in the name of a generation's folder, 0 for other names.
func (s *Store) numberOf(name string) int {
	number, err := strconv.Atoi(name)
	if err != nil || name != s.fs.PathBase(s.folder(number)) {
		return 0
	}
	return number
}

// newest returns the number of the newest generation, 0 for none, and removes all others. They are older ones, and those that
// were not finished.
func (s *Store) newest() (int, error) {
	entries, err := s.fs.List(s.dir)
	if err != nil {
		return 0, err
	}
	newest := 0
	for _, name := range entries {
		newest = max(newest, s.numberOf(name))
	}
	for _, name := range entries {
		finished, temporary := strings.CutSuffix(name, temporarySuffix)
		number := s.numberOf(finished)
		if number < 1 || number == newest && !temporary {
			continue
		}
		if err := s.fs.RemoveAll(s.fs.PathJoin(s.dir, name)); err != nil {
			return 0, fmt.Errorf("remove %s, in place of which there is generation %d: %w", name, newest, err)
		}
	}
	return newest, nil
}

// compact replaces the generation by a new one, which has no lines that do not count any more. Apply goes on meanwhile but for a
// moment at the end.
func (s *Store) compact(ctx context.Context) error {
	s.applying.Lock()
	old, from, all := s.generation, s.generation.end, s.All()
	s.applying.Unlock()

	next, err := create(s.fs, s.temporary(s.number+1))
	if err != nil {
		return fmt.Errorf("write the metadata anew: %w", err)
	}
	if err = next.fill(ctx, all); err == nil {
		err = s.replace(ctx, next, from)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the metadata anew: %w", err), next.close(), s.fs.RemoveAll(next.dir))
	}
	return errors.Join(old.close(), s.fs.RemoveAll(old.dir))
}

// fillRecords is how many records a new generation gets at once.
const fillRecords = 1000

// fill writes records to a new generation.
func (g *generation) fill(ctx context.Context, all iter.Seq[projections.Change]) error {
	var b batch
	records := 0
	for change := range all {
		if err := b.add(change); err != nil {
			return err
		}
		if records++; records%fillRecords > 0 {
			continue
		}
		if err := errors.Join(ctx.Err(), g.append(commit{}, &b)); err != nil {
			return err
		}
		b.reset()
	}
	return errors.Join(g.append(commit{}, &b), g.sync())
}

// maxBehind is how many bytes Apply may have to wait for while a new generation takes the place of the old one.
const maxBehind = 1 << 20

// replace copies to a new generation what was applied since an end of the old one, and puts it in its place.
func (s *Store) replace(ctx context.Context, next *generation, from end) error {
	for {
		s.applying.Lock()
		to := s.generation.end
		if to.size()-from.size() <= maxBehind {
			break // locked: nothing is applied any more
		}
		s.applying.Unlock()
		if err := errors.Join(ctx.Err(), next.copy(s.generation, from, to), next.sync()); err != nil {
			return err
		}
		from = to
	}
	defer s.applying.Unlock()
	if err := next.copy(s.generation, from, s.generation.end); err != nil {
		return err
	}
	next.position = s.generation.position
	return s.publish(next)
}

// copy appends the commits that another generation has from one end to another.
func (g *generation) copy(other *generation, from, to end) error {
	r, err := openReader(g.fs, other.dir, from, to)
	if err != nil {
		return err
	}
	defer r.close()
	var b batch
	for {
		c, err := r.next(&b)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := g.append(commit{Position: c.Position}, &b); err != nil {
			return err
		}
	}
	if r.end != to {
		return fmt.Errorf("read only %d of %d lines of %s in %s", r.end.commits.lines, to.commits.lines, commitsFile, other.dir)
	}
	return nil
}

// publish makes a generation durable, and then the one that counts. All that it holds is marked as durable, before the only
// rename that makes it so for others.
func (s *Store) publish(g *generation) error {
	if err := g.mark(g.end); err != nil {
		return err
	}
	if err := errors.Join(g.sync(), durable.SyncFolder(s.fs, g.dir)); err != nil {
		return err
	}
	to := s.folder(s.number + 1)
	if err := s.fs.Rename(g.dir, to); err != nil {
		return err
	}
	g.dir = to
	if err := durable.SyncFolder(s.fs, s.dir); err != nil {
		return err
	}
	s.generation = g
	s.number++
	return nil
}
