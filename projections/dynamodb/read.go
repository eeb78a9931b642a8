package dynamodb

import (
	"context"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// maxBatchGet is how many keys DynamoDB takes in a BatchGetItem.
const maxBatchGet = 100

// Get implements rows.Table.
func (t *Table) Get(ctx context.Context, keys []rows.Key) ([]*rows.Row, error) {
	if len(keys) == 1 {
		row, err := t.getOne(ctx, keys[0])
		return []*rows.Row{row}, t.explain(err)
	}
	got := make([]*rows.Row, len(keys))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	done := 0
	for chunk := range slices.Chunk(keys, maxBatchGet) {
		into := got[done : done+len(chunk)]
		done += len(chunk)
		group.Go(func() error { return t.getBatch(groupCtx, chunk, into) })
	}
	return got, t.explain(group.Wait())
}

func (t *Table) getOne(ctx context.Context, key rows.Key) (*rows.Row, error) {
	out, err := t.client.GetItem(ctx, &sdk.GetItemInput{
		TableName: &t.name, Key: keyItem(key), ConsistentRead: aws.Bool(true),
	})
	if err != nil || out.Item == nil {
		return nil, err
	}
	row, err := itemRow(out.Item)
	return &row, err
}

// getBatch reads at most maxBatchGet rows into the places of their keys.
func (t *Table) getBatch(ctx context.Context, keys []rows.Key, into []*rows.Row) error {
	place := make(map[rows.Key]int, len(keys))
	wanted := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
	for i, key := range keys {
		place[key] = i
		wanted.Keys = append(wanted.Keys, keyItem(key))
	}
	return persist(ctx, len(keys), func() (int, error) {
		out, err := t.client.BatchGetItem(ctx, &sdk.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.name: wanted},
		})
		if err != nil {
			return 0, err
		}
		for _, i := range out.Responses[t.name] {
			row, err := itemRow(i)
			if err != nil {
				return 0, err
			}
			into[place[row.Key]] = &row
		}
		wanted.Keys = out.UnprocessedKeys[t.name].Keys
		return len(wanted.Keys), nil
	})
}

// Scan implements rows.Table. An answer of DynamoDB holds at most 1 MB, so a scan takes a request for each MB.
func (t *Table) Scan(ctx context.Context, partition, from, to string, limit int) ([]rows.Row, error) {
	if to != "" && from >= to {
		return nil, nil
	}
	condition, names, values := scanCondition(partition, from, to)
	in := &sdk.QueryInput{
		TableName: &t.name, ConsistentRead: aws.Bool(true), KeyConditionExpression: &condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}
	var found []rows.Row
	for {
		in.Limit = aws.Int32(int32(min(limit-len(found), math.MaxInt32)))
		out, err := t.client.Query(ctx, in)
		if err != nil {
			return nil, t.explain(err)
		}
		for _, i := range out.Items {
			row, err := itemRow(i)
			switch {
			case err != nil:
				return nil, t.explain(err)
			case to != "" && row.Sort >= to: // BETWEEN includes it; it is the last
				return found, nil
			}
			found = append(found, row)
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil || len(found) >= limit {
			return found, nil
		}
	}
}

// scanCondition returns the condition that a Query puts on keys, with what stands in it for names and values. DynamoDB takes
// one comparison of the sort key, so that both ends need BETWEEN.
func scanCondition(partition, from, to string) (condition string, names map[string]string, values item) {
	condition, names, values = "#p = :p", map[string]string{"#p": partitionAttribute}, item{":p": text(partition)}
	if from == "" && to == "" {
		return condition, names, values
	}
	names["#s"] = sortAttribute
	if from != "" {
		values[":from"] = text(from)
	}
	if to != "" {
		values[":to"] = text(to)
	}
	switch {
	case to == "":
		condition += " AND #s >= :from"
	case from == "":
		condition += " AND #s < :to"
	default:
		condition += " AND #s BETWEEN :from AND :to"
	}
	return condition, names, values
}
