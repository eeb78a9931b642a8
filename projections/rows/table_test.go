package rows_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bleepstore/bleepstore/projections/rows"
	"github.com/bleepstore/bleepstore/projections/rows/tabletest"
)

// memoryTable is a Table in memory, with what a service does that fails.
type memoryTable struct {
	mu           sync.Mutex
	rows         map[rows.Key]rows.Row
	reads        int // calls of Get and Scan
	objectWrites int // calls of Write with an object

	// fail, if not nil, is asked before each row that is written, and each other call, whether it fails.
	fail func() error
}

func newMemoryTable() *memoryTable { return &memoryTable{rows: make(map[rows.Key]rows.Row)} }

var errBroken = errors.New("the service is broken")

func (m *memoryTable) trouble() error {
	if m.fail == nil {
		return nil
	}
	return m.fail()
}

func (m *memoryTable) setFail(fail func() error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

func (m *memoryTable) Get(_ context.Context, keys []rows.Key) ([]*rows.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if err := m.trouble(); err != nil {
		return nil, err
	}
	found := make([]*rows.Row, len(keys))
	for i, key := range keys {
		if row, ok := m.rows[key]; ok {
			found[i] = &row
		}
	}
	return found, nil
}

func (m *memoryTable) Scan(_ context.Context, partition, from, to string, limit int) ([]rows.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if err := m.trouble(); err != nil {
		return nil, err
	}
	if len(from) > rows.MaxSort || len(to) > rows.MaxSort || limit < 1 {
		return nil, errors.New("a scan that the contract does not allow")
	}
	var found []rows.Row
	for key, row := range m.rows {
		if key.Partition == partition && key.Sort >= from && (to == "" || key.Sort < to) {
			found = append(found, row)
		}
	}
	slices.SortFunc(found, func(a, b rows.Row) int { return strings.Compare(a.Sort, b.Sort) })
	return found[:min(limit, len(found))], nil
}

// Write makes the writes in random order, up to one that fails.
func (m *memoryTable) Write(_ context.Context, writes []rows.Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(writes, func(w rows.Write) bool { return strings.HasPrefix(w.Partition, "object/") }) {
		m.objectWrites++
	}
	writes = slices.Clone(writes)
	rand.Shuffle(len(writes), func(i, j int) { writes[i], writes[j] = writes[j], writes[i] })
	for _, w := range writes {
		if err := m.trouble(); err != nil {
			return err
		}
		if len(w.Sort) < 1 || len(w.Sort) > rows.MaxSort || len(w.Partition) > 80 {
			return errors.New("a key that the contract does not allow")
		}
		switch {
		case m.rows[w.Key].Commit > w.Commit:
		case w.Remove:
			delete(m.rows, w.Key)
		default:
			m.rows[w.Key] = w.Row
		}
	}
	return nil
}

func (m *memoryTable) Swap(_ context.Context, row rows.Row, was string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.trouble(); err != nil {
		return err
	}
	if now := m.rows[row.Key].Record; now != was && now != row.Record {
		return rows.ErrChanged
	}
	m.rows[row.Key] = row
	return nil
}

func (m *memoryTable) Check(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.trouble()
}

func (m *memoryTable) Close() error { return nil }

func TestMemoryTable(t *testing.T) {
	tabletest.Run(t, func(*testing.T) rows.Table { return newMemoryTable() })
}
