package dynamodb

import (
	"context"
	"errors"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// maxBatchWrite is how many writes DynamoDB takes in a BatchWriteItem.
const maxBatchWrite = 25

// Write implements rows.Table. As many writes as fit a batch are made one by one, each on the condition that the row that it
// finds is not of a later commit. More are made in batches, for which DynamoDB knows no conditions: they replace later rows
// too. In either case, a write waits while an earlier request without an answer may still undo it.
func (t *Table) Write(ctx context.Context, writes []rows.Write) error {
	if err := t.unsettled.wait(ctx, writes); err != nil {
		return t.explain(err)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	if len(writes) <= maxBatchWrite {
		for _, w := range writes {
			group.Go(func() error { return t.writeOne(groupCtx, w) })
		}
	} else {
		for batch := range slices.Chunk(writes, maxBatchWrite) {
			group.Go(func() error { return t.writeBatch(groupCtx, batch) })
		}
	}
	return t.explain(group.Wait())
}

// writeOne makes a write unless it finds a row of a later commit.
func (t *Table) writeOne(ctx context.Context, w rows.Write) error {
	const notLater = "attribute_not_exists(#p) OR #c <= :commit"
	condition, values := notLater, item{":commit": number(w.Commit)}
	names := map[string]string{"#p": partitionAttribute, "#c": commitAttribute}
	var err error
	if w.Remove {
		// It needs no watch: late, it finds no row, or one of a later commit.
		_, err = t.client.DeleteItem(ctx, &sdk.DeleteItemInput{
			TableName: &t.name, Key: keyItem(w.Key), ConditionExpression: &condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		})
	} else {
		err = t.put(ctx, w.Row, condition, names, values)
	}
	if isConditionFailed(err) {
		return nil // the later row stays
	}
	return err
}

// Swap implements rows.Table.
func (t *Table) Swap(ctx context.Context, row rows.Row, was string) error {
	if err := t.unsettled.wait(ctx, []rows.Write{{Row: row}}); err != nil {
		return t.explain(err)
	}
	// A row that is already as it is to be was written by this call, whose answer was lost.
	condition, values := "#r = :record", item{":record": text(row.Record)}
	names := map[string]string{"#r": recordAttribute}
	if was == "" {
		condition += " OR attribute_not_exists(#r)"
	} else {
		condition += " OR #r = :was"
		values[":was"] = text(was)
	}
	err := t.put(ctx, row, condition, names, values)
	if isConditionFailed(err) {
		return rows.ErrChanged
	}
	return t.explain(err)
}

// put writes a row on a condition.
func (t *Table) put(ctx context.Context, row rows.Row, condition string, names map[string]string, values item) error {
	ctx = t.unsettled.watch(ctx, []rows.Write{{Row: row}}, true)
	_, err := t.client.PutItem(ctx, &sdk.PutItemInput{
		TableName: &t.name, Item: rowItem(row), ConditionExpression: &condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	return err
}

func isConditionFailed(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// writeBatch makes at most maxBatchWrite writes, whatever they find.
func (t *Table) writeBatch(ctx context.Context, writes []rows.Write) error {
	requests := make([]types.WriteRequest, len(writes))
	for i, w := range writes {
		if w.Remove {
			requests[i].DeleteRequest = &types.DeleteRequest{Key: keyItem(w.Key)}
		} else {
			requests[i].PutRequest = &types.PutRequest{Item: rowItem(w.Row)}
		}
	}
	ctx = t.unsettled.watch(ctx, writes, false)
	return persist(ctx, len(requests), func() (int, error) {
		out, err := t.client.BatchWriteItem(ctx, &sdk.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{t.name: requests},
		})
		if err != nil {
			return 0, err
		}
		requests = out.UnprocessedItems[t.name]
		return len(requests), nil
	})
}
