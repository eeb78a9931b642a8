package cosmos

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// Swap implements rows.Table. It reads the row, and writes it on the condition that its tag has not changed since.
func (t *Table) Swap(ctx context.Context, row rows.Row, was string) error {
	data, err := encode(row)
	if err != nil {
		return t.failure("swap", err.Error(), err)
	}
	return t.settled(ctx, "swap", func() error {
		for {
			found, err := t.read(ctx, row.Key)
			switch {
			case err != nil:
				return err
			case found != nil && found.Record == row.Record:
				return nil // by a request whose answer was lost, maybe
			case found == nil && was != "", found != nil && found.Record != was:
				return rows.ErrChanged
			}
			err = t.change(ctx, "swap", func(ctx context.Context) error { return t.replace(ctx, row.Key, data, found) })
			switch status(err) {
			case http.StatusConflict, http.StatusPreconditionFailed, http.StatusNotFound:
				continue // somebody was faster: look again
			}
			return err
		}
	})
}

// replace writes an item in the place of what was found: of nothing, too.
func (t *Table) replace(ctx context.Context, key rows.Key, data []byte, found *stored) error {
	pk := azcosmos.NewPartitionKeyString(key.Partition)
	if found == nil {
		_, err := t.container.CreateItem(ctx, pk, data, nil)
		return err
	}
	_, err := t.container.ReplaceItem(ctx, pk, itemID(key.Sort), data, &azcosmos.ItemOptions{IfMatchEtag: &found.etag})
	return err
}
