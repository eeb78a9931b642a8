package cosmos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/projections/rows"
)

const (
	// fewKeys are read one by one: that is a request unit each, and a query is at least two.
	fewKeys = 8
	// queryKeys is how many ids one query names.
	queryKeys = 250
)

// Get implements rows.Table.
func (t *Table) Get(ctx context.Context, keys []rows.Key) ([]*rows.Row, error) {
	got := make([]*rows.Row, len(keys))
	place := make(map[rows.Key]int, len(keys))
	partitions := make(map[string][]rows.Key)
	for i, key := range keys {
		place[key] = i
		partitions[key.Partition] = append(partitions[key.Partition], key)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for partition, keys := range partitions {
		if len(keys) <= fewKeys {
			for _, key := range keys {
				group.Go(func() error {
					found, err := t.read(ctx, key)
					if found != nil {
						got[place[key]] = &found.Row
					}
					return err
				})
			}
			continue
		}
		for keys := range slices.Chunk(keys, queryKeys) {
			group.Go(func() error {
				found, err := t.query(ctx, partition, withIDs(itemIDs(keys)), len(keys))
				for i := range found {
					got[place[found[i].Key]] = &found[i]
				}
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return got, nil
}

// stored is a row with the tag of the state in which it was read.
type stored struct {
	rows.Row
	etag azcore.ETag
}

// read returns the row under a key, or nil.
func (t *Table) read(ctx context.Context, key rows.Key) (*stored, error) {
	if err := t.join(ctx, key.Partition); err != nil {
		return nil, err
	}
	var found *stored
	err := t.call(ctx, "read", func(ctx context.Context) error {
		found = nil
		r, err := t.container.ReadItem(ctx, azcosmos.NewPartitionKeyString(key.Partition), itemID(key.Sort), nil)
		if err != nil {
			return unlessAbsent(err)
		}
		row, err := decode(r.Value)
		found = &stored{Row: row, etag: r.ETag}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Scan implements rows.Table.
func (t *Table) Scan(ctx context.Context, partition, from, to string, limit int) ([]rows.Row, error) {
	end := partition + behindSort
	if to != "" {
		end = encodeSort(partition, to)
	}
	return t.query(ctx, partition, statement{
		condition:  "c.sort >= @from AND c.sort < @to ORDER BY c.sort",
		parameters: []azcosmos.QueryParameter{{Name: "@from", Value: encodeSort(partition, from)}, {Name: "@to", Value: end}},
	}, limit)
}

// statement is what a query asks for.
type statement struct {
	condition  string
	parameters []azcosmos.QueryParameter
}

// withIDs asks for the rows with ids.
func withIDs(ids []string) statement {
	var s statement
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fmt.Sprintf("@id%d", i)
		s.parameters = append(s.parameters, azcosmos.QueryParameter{Name: names[i], Value: id})
	}
	s.condition = "c.id IN (" + strings.Join(names, ", ") + ")"
	return s
}

// query returns the rows of a partition that a statement asks for, limit of them at most. The service answers with 4 MB or
// less at a time, also with nothing, and says where to go on.
func (t *Table) query(ctx context.Context, partition string, s statement, limit int) ([]rows.Row, error) {
	if err := t.join(ctx, partition); err != nil {
		return nil, err
	}
	query := "SELECT TOP @limit c.sort, c.commit, c.record FROM c WHERE " + s.condition
	options := &azcosmos.QueryOptions{
		QueryParameters: append(s.parameters, azcosmos.QueryParameter{Name: "@limit", Value: limit}),
		PageSizeHint:    -1, // as many as an answer holds; the service's own idea is 100
	}
	var found []rows.Row
	for {
		page, err := t.page(ctx, partition, query, options)
		if err != nil {
			return nil, err
		}
		for _, data := range page.Items {
			row, err := decode(data)
			if err != nil {
				return nil, t.failure("query", err.Error(), err)
			}
			found = append(found, row)
		}
		if page.ContinuationToken == nil {
			return found, nil
		}
		options.ContinuationToken = page.ContinuationToken
	}
}

// page asks for one page of an answer. A pager is of no use once it has failed, so each request has one of its own.
func (t *Table) page(ctx context.Context, partition, query string, options *azcosmos.QueryOptions) (page azcosmos.QueryItemsResponse, err error) {
	err = t.call(ctx, "query", func(ctx context.Context) (err error) {
		page, err = t.container.NewQueryItemsPager(query, azcosmos.NewPartitionKeyString(partition), options).NextPage(ctx)
		return err
	})
	return page, err
}
