package rows

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/projections"
)

// reader is what queries read rows from: a Table, or what it held when a snapshot was taken.
type reader interface {
	Get(ctx context.Context, keys []Key) ([]*Row, error)
	Scan(ctx context.Context, partition, from, to string, limit int) ([]Row, error)
}

// scanRows is Scan with bounds of any length. It returns limit rows, or fewer only if there are no more.
func scanRows(ctx context.Context, r reader, partition, from, to string, limit int) ([]Row, error) {
	below := func(sort string) bool { return to == "" || sort < to }
	bound := to
	if len(bound) > MaxSort {
		bound = "" // nothing shorter says the same
	}
	var found []Row
	for begin, more := cutText(from, MaxSort), true; more && len(found) < limit; {
		asked := limit - len(found)
		if begin != from {
			asked++ // the row at begin is known, or below from
		}
		page, err := r.Scan(ctx, partition, begin, bound, asked)
		if err != nil {
			return nil, err
		}
		more = len(page) == asked
		for _, row := range page {
			if !below(row.Sort) {
				return found, nil
			}
			if row.Sort >= from && len(found) < limit {
				found = append(found, row)
			}
		}
		if len(page) > 0 {
			begin = page[len(page)-1].Sort
			from = begin + "\x00"
		}
	}
	return found, nil
}

// byKey is how the rows lie that have an id behind the key: versions and uploads.
type byKey[T any] struct {
	partition string
	decode    func(Row) (T, error)
	at        func(T) (key, id string)
	sortID    func(id string) string    // as it stands in a sort key
	compare   func(idA, idB string) int // the order of the rows of a key
}

// scan returns the records that a Scan selects.
func (k byKey[T]) scan(ctx context.Context, r reader, scan projections.Scan) ([]T, error) {
	first, after := max(scan.Prefix, scan.Start), scan.After
	if scan.Prefix > scan.Start {
		after = ""
	}
	wanted := func(record T) bool {
		key, id := k.at(record)
		return strings.HasPrefix(key, scan.Prefix) && key >= first &&
			(after == "" || key > first || k.compare(id, after) > 0)
	}

	from, to := k.bounds(scan.Prefix, first, after)
	var records []T
	for len(records) < scan.Limit {
		asked := scan.Limit - len(records)
		page, err := scanRows(ctx, r, k.partition, from, to, asked)
		if err != nil {
			return nil, err
		}
		more := len(page) == asked
		for _, row := range page {
			if group, ok := groupOf(row.Sort); ok {
				// What is behind the first row of a group in this page is read again, in the group or behind it.
				of, err := k.ofGroup(ctx, r, group, wanted, scan.Limit-len(records))
				if err != nil {
					return nil, err
				}
				records = append(records, of...)
				from, more = strings.TrimSuffix(group, endOfFront)+endOfGroup, true
				break
			}
			record, err := k.decode(row)
			if err != nil {
				return nil, err
			}
			records = append(records, record)
			from = row.Sort + "\x00"
		}
		if !more {
			break
		}
	}
	return records, nil
}

// bounds returns the stretch of rows that a scan needs: none less, and none more unless in groups.
func (k byKey[T]) bounds(prefix, first, after string) (from, to string) {
	escaped := escape(first)
	switch {
	case len(escaped) > maxShort:
		from = front(escaped) + endOfFront
	case after != "":
		from = escaped + endOfKey + k.sortID(after) + "\x00"
	default:
		from = escaped
	}
	if escaped = escape(prefix); len(escaped) > maxShort {
		return from, front(escaped) + endOfGroup
	}
	to, _ = projections.Successor(escaped)
	return from, to
}

// ofGroup returns the first records of a group that are wanted, in order.
func (k byKey[T]) ofGroup(ctx context.Context, r reader, group string, wanted func(T) bool, limit int) ([]T, error) {
	const page = 1000
	var first []T
	end := strings.TrimSuffix(group, endOfFront) + endOfGroup
	for from, more := group, true; more; {
		found, err := scanRows(ctx, r, k.partition, from, end, page)
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			record, err := k.decode(row)
			if err != nil {
				return nil, err
			}
			if wanted(record) {
				first = append(first, record)
			}
			from = row.Sort + "\x00"
		}
		slices.SortFunc(first, func(a, b T) int {
			keyA, idA := k.at(a)
			keyB, idB := k.at(b)
			return cmp.Or(strings.Compare(keyA, keyB), k.compare(idA, idB))
		})
		first = first[:min(limit, len(first))]
		more = len(found) == page
	}
	return first, nil
}
