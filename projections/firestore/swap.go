package firestore

import (
	"context"
	"errors"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// Swap implements rows.Table. It reads the document, and writes it if it hasn't been changed since.
func (t *Table) Swap(ctx context.Context, row rows.Row, was string) error {
	err := t.retry(ctx, func() (bool, error) {
		unchanged, err := t.compare(ctx, row, was)
		if err != nil || unchanged == nil {
			return false, err
		}
		err = t.commit(ctx, []*firestorepb.Write{{
			Operation:       &firestorepb.Write_Update{Update: t.encode(row)},
			CurrentDocument: unchanged,
		}})
		switch status.Code(err) {
		case codes.AlreadyExists, codes.NotFound, codes.FailedPrecondition:
			// Somebody else changed the row, or this call did by a request of which no answer came: compare again.
			err = status.Error(codes.Aborted, err.Error())
		}
		return false, err
	})
	if errors.Is(err, rows.ErrChanged) {
		return err
	}
	return t.explain(ctx, "change a row", err)
}

// compare returns what must be true of a document for it to be as it is now, if it holds was. It returns nil if the document is
// what it is to become.
func (t *Table) compare(ctx context.Context, row rows.Row, was string) (*firestorepb.Precondition, error) {
	name := t.document(row.Key)
	documents, _, err := t.batchGet(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	document := documents[name]
	if document == nil {
		if was != "" {
			return nil, rows.ErrChanged
		}
		return &firestorepb.Precondition{ConditionType: &firestorepb.Precondition_Exists{Exists: false}}, nil
	}
	now, err := decode(row.Partition, document)
	switch {
	case err != nil:
		return nil, err
	case *now == row:
		return nil, nil
	case was == "" || now.Record != was:
		return nil, rows.ErrChanged
	}
	return &firestorepb.Precondition{
		ConditionType: &firestorepb.Precondition_UpdateTime{UpdateTime: document.UpdateTime},
	}, nil
}
