package dynamodb

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// The attributes of an item, which is a row.
const (
	partitionAttribute = "partition" // S, the partition key
	sortAttribute      = "sort"      // S, the sort key
	commitAttribute    = "commit"    // N
	recordAttribute    = "record"    // S, JSON
)

type item = map[string]types.AttributeValue

func keyItem(k rows.Key) item {
	return item{partitionAttribute: text(k.Partition), sortAttribute: text(k.Sort)}
}

func rowItem(r rows.Row) item {
	i := keyItem(r.Key)
	i[commitAttribute], i[recordAttribute] = number(r.Commit), text(r.Record)
	return i
}

// itemRow returns the row that an item is.
func itemRow(i item) (rows.Row, error) {
	r := rows.Row{Key: itemKey(i)}
	commit, isNumber := i[commitAttribute].(*types.AttributeValueMemberN)
	record, isText := i[recordAttribute].(*types.AttributeValueMemberS)
	if !isNumber || !isText {
		return r, fmt.Errorf("item %q %q was not written by BleepStore: it has no commit and record", r.Partition, r.Sort)
	}
	var err error
	if r.Commit, err = strconv.ParseUint(commit.Value, 10, 64); err != nil {
		return r, fmt.Errorf("item %q %q was not written by BleepStore: commit: %w", r.Partition, r.Sort, err)
	}
	r.Record = record.Value
	return r, nil
}

// itemKey returns the key of an item of the table, or of one that is but a key.
func itemKey(i item) rows.Key {
	value := func(attribute string) string {
		s, ok := i[attribute].(*types.AttributeValueMemberS)
		if !ok {
			return "" // no item lacks its key
		}
		return s.Value
	}
	return rows.Key{Partition: value(partitionAttribute), Sort: value(sortAttribute)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n uint64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatUint(n, 10)}
}
