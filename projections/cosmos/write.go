package cosmos

import (
	"context"
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// The service takes batches of up to 100 operations in 2 MB. The rest of that is for what stands between the items.
const (
	maxOperations = 100
	maxBatch      = 1900 << 10
)

// operation is a write as it is sent.
type operation struct {
	id   string
	item []byte // nil to remove it
}

// batch holds operations on different items of a partition, which are made together.
type batch struct {
	partition  string
	operations []operation
	size       int
}

// Write implements rows.Table. It waits for what is lost; see lost.
func (t *Table) Write(ctx context.Context, writes []rows.Write) error {
	batches, err := toBatches(writes)
	if err != nil {
		return t.failure("write", err.Error(), err)
	}
	return t.settled(ctx, "write", func() error {
		var group errgroup.Group // a batch that fails doesn't cut off the others: they would be lost
		group.SetLimit(concurrency)
		for _, b := range batches {
			group.Go(func() error { return t.writeBatch(ctx, b) })
		}
		return group.Wait()
	})
}

// toBatches divides writes into batches.
func toBatches(writes []rows.Write) ([]*batch, error) {
	var all []*batch
	open := make(map[string]*batch) // by partition
	for _, w := range writes {
		o := operation{id: itemID(w.Sort)}
		if !w.Remove {
			var err error
			if o.item, err = encode(w.Row); err != nil {
				return nil, err
			}
		}
		b := open[w.Partition]
		if b == nil || len(b.operations) == maxOperations || b.size+len(o.item) > maxBatch {
			b = &batch{partition: w.Partition}
			open[w.Partition] = b
			all = append(all, b)
		}
		b.operations = append(b.operations, o)
		b.size += len(o.item)
	}
	return all, nil
}

// writeBatch makes a batch. One that removes an item that is not there fails as a whole, so it is made again without those.
func (t *Table) writeBatch(ctx context.Context, b *batch) error {
	for {
		var err error
		switch len(b.operations) {
		case 0:
			return nil
		case 1:
			err = t.writeOne(ctx, b.partition, b.operations[0])
		default:
			err = t.execute(ctx, b)
		}
		if err == nil {
			t.joined.Store(b.partition, nil)
		}
		if !errors.As(err, new(*batchError)) || status(err) != http.StatusNotFound {
			return err
		}
		if err := t.dropAbsent(ctx, b); err != nil {
			return err
		}
	}
}

func (t *Table) writeOne(ctx context.Context, partition string, o operation) error {
	pk := azcosmos.NewPartitionKeyString(partition)
	return t.change(ctx, "write", func(ctx context.Context) error {
		if o.item == nil {
			_, err := t.container.DeleteItem(ctx, pk, o.id, nil)
			return unlessAbsent(err)
		}
		_, err := t.container.UpsertItem(ctx, pk, o.item, nil)
		return err
	})
}

func (t *Table) execute(ctx context.Context, b *batch) error {
	transaction := t.container.NewTransactionalBatch(azcosmos.NewPartitionKeyString(b.partition))
	for _, o := range b.operations {
		if o.item == nil {
			transaction.DeleteItem(o.id, nil)
		} else {
			transaction.UpsertItem(o.item, nil)
		}
	}
	return t.change(ctx, "write", func(ctx context.Context) error {
		r, err := t.container.ExecuteTransactionalBatch(ctx, transaction, nil)
		if err != nil {
			return err
		}
		for _, result := range r.OperationResults {
			// All operations but the one that failed say that they depend on it.
			if result.StatusCode >= http.StatusBadRequest && result.StatusCode != http.StatusFailedDependency {
				return &batchError{int(result.StatusCode)}
			}
		}
		if !r.Success {
			return &batchError{http.StatusFailedDependency}
		}
		return nil
	})
}

// dropAbsent takes the removals of items that are not there out of a batch.
func (t *Table) dropAbsent(ctx context.Context, b *batch) error {
	var ids []string
	for _, o := range b.operations {
		if o.item == nil {
			ids = append(ids, o.id)
		}
	}
	found, err := t.query(ctx, b.partition, withIDs(ids), len(ids))
	if err != nil {
		return err
	}
	there := make(map[string]bool)
	for _, row := range found {
		there[itemID(row.Sort)] = true
	}
	left := b.operations[:0]
	for _, o := range b.operations {
		if o.item != nil || there[o.id] {
			left = append(left, o)
		}
	}
	b.operations = left
	return nil
}
