// Package spill sorts more records than memory holds, by means of temporary files.
package spill

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
)

// runSize is how many bytes are sorted in memory, with what each record costs beside its own.
const (
	runSize    = 32 << 20
	recordCost = 32
)

// Sorter sorts records by their bytes. It is for one goroutine.
type Sorter struct {
	dir     string
	runSize int
	records [][]byte // that are not in a file yet
	size    int
	runs    []*os.File // sorted, each without a name: the file system forgets them with the process
}

// New makes a Sorter with files in a folder, which exists.
func New(dir string) *Sorter { return &Sorter{dir: dir, runSize: runSize} }

// Add adds a record, which belongs to the Sorter from then on.
func (s *Sorter) Add(record []byte) error {
	s.records = append(s.records, record)
	if s.size += len(record) + recordCost; s.size < s.runSize {
		return nil
	}
	if err := s.spill(); err != nil {
		return fmt.Errorf("sort by means of a file in %s: %w", s.dir, err)
	}
	return nil
}

// spill moves the records in memory to a file.
func (s *Sorter) spill() error {
	slices.SortFunc(s.records, bytes.Compare)
	file, err := os.CreateTemp(s.dir, "sort-*")
	if err != nil {
		return err
	}
	s.runs = append(s.runs, file)
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	to := bufio.NewWriterSize(file, 256<<10)
	for _, record := range s.records {
		_, _ = to.Write(binary.AppendUvarint(nil, uint64(len(record)))) // Flush has the error
		_, _ = to.Write(record)
	}
	s.records, s.size = s.records[:0], 0
	return to.Flush()
}

// Sorted yields all records that were added, ascending. It can be read once, and nothing is added any more.
func (s *Sorter) Sorted() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := s.merge(func(record []byte) bool { return yield(record, nil) }); err != nil {
			yield(nil, fmt.Errorf("read back from a file in %s what is sorted: %w", s.dir, err))
		}
	}
}

func (s *Sorter) merge(yield func([]byte) bool) error {
	slices.SortFunc(s.records, bytes.Compare)
	all := merger{{rest: s.records}}
	for _, file := range s.runs {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		all = append(all, &run{file: bufio.NewReaderSize(file, 64<<10)})
	}
	left := all[:0]
	for _, r := range all {
		switch err := r.next(); {
		case err == nil:
			left = append(left, r)
		case err != io.EOF:
			return err
		}
	}
	heap.Init(&left)
	for len(left) > 0 {
		if !yield(left[0].head) {
			return nil
		}
		switch err := left[0].next(); err {
		case nil:
			heap.Fix(&left, 0)
		case io.EOF:
			heap.Pop(&left)
		default:
			return err
		}
	}
	return nil
}

// Close gives back what the Sorter holds.
func (s *Sorter) Close() error {
	var errs []error
	for _, file := range s.runs {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// run is a sorted sequence of records: those in a file, or the rest of those in memory.
type run struct {
	file *bufio.Reader // nil if they are in memory
	rest [][]byte
	head []byte // the first that is not taken
}

// next goes to the next record; io.EOF at the end.
func (r *run) next() error {
	if r.file == nil {
		if len(r.rest) == 0 {
			return io.EOF
		}
		r.head, r.rest = r.rest[0], r.rest[1:]
		return nil
	}
	size, err := binary.ReadUvarint(r.file)
	if err != nil {
		return err
	}
	r.head = make([]byte, size)
	if _, err := io.ReadFull(r.file, r.head); err != nil {
		return fmt.Errorf("a record is cut off: %w", err)
	}
	return nil
}

// merger is a heap of runs: that with the least record comes first.
type merger []*run

func (m merger) Len() int           { return len(m) }
func (m merger) Less(i, j int) bool { return bytes.Compare(m[i].head, m[j].head) < 0 }
func (m merger) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merger) Push(r any)        { *m = append(*m, r.(*run)) }
func (m *merger) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
