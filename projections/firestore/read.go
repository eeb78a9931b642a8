package firestore

import (
	"context"
	"errors"
	"io"
	"math"
	"net/url"
	"slices"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bleepstore/bleepstore/projections/rows"
)

const (
	// maxGet is how many documents one request asks for. Firestore has no such limit, but their names may be long.
	maxGet = 300
	// concurrency is how many requests of a call are under way at a time.
	concurrency = 8
)

// Get implements rows.Table.
func (t *Table) Get(ctx context.Context, keys []rows.Key) ([]*rows.Row, error) {
	got := make([]*rows.Row, len(keys))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	next := 0
	for chunk := range slices.Chunk(keys, maxGet) {
		into := got[next : next+len(chunk)]
		next += len(chunk)
		group.Go(func() error { return t.getChunk(groupCtx, chunk, into) })
	}
	if err := group.Wait(); err != nil {
		return nil, t.explain(ctx, "read rows", err)
	}
	return got, nil
}

// getChunk gets rows by one request, and by further ones for what is missing if an answer breaks off.
func (t *Table) getChunk(ctx context.Context, keys []rows.Key, into []*rows.Row) error {
	places := make(map[string]int, len(keys)) // in into, of the documents that are to be asked for
	for i, key := range keys {
		places[t.document(key)] = i
	}
	return t.retry(ctx, func() (bool, error) {
		names := make([]string, 0, len(places))
		for name := range places {
			names = append(names, name)
		}
		documents, progress, err := t.batchGet(ctx, names)
		for name, document := range documents {
			i, ok := places[name]
			if !ok {
				continue
			}
			delete(places, name)
			if document == nil {
				continue
			}
			row, err := decode(keys[i].Partition, document)
			if err != nil {
				return progress, err
			}
			into[i] = row
		}
		if err == nil && len(places) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return progress, err
	})
}

// batchGet asks for documents, and returns those about which an answer came, nil for one that does not exist, and whether any
// came.
func (t *Table) batchGet(ctx context.Context, names []string) (map[string]*firestorepb.Document, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, t.attempt)
	defer cancel()
	answers := make(map[string]*firestorepb.Document, len(names))
	// The generated client doesn't lead this call to databases other than the default one.
	ctx = metadata.AppendToOutgoingContext(t.headers(ctx), "x-goog-request-params",
		"project_id="+url.QueryEscape(t.project)+"&database_id="+url.QueryEscape(t.database))
	stream, err := t.client.BatchGetDocuments(ctx, &firestorepb.BatchGetDocumentsRequest{Database: t.name(), Documents: names})
	if err != nil {
		return nil, false, err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return answers, true, nil
		}
		if err != nil {
			return answers, len(answers) > 0, err
		}
		if found := answer.GetFound(); found != nil {
			answers[found.Name] = found
		} else if missing := answer.GetMissing(); missing != "" {
			answers[missing] = nil
		}
	}
}

// Scan implements rows.Table. One query streams all of the rows. If it breaks off, another goes on behind the last row.
func (t *Table) Scan(ctx context.Context, partition, from, to string, limit int) ([]rows.Row, error) {
	if to != "" && from >= to {
		return nil, nil
	}
	query := &firestorepb.StructuredQuery{
		From: []*firestorepb.StructuredQuery_CollectionSelector{{CollectionId: rowsCollection}},
		OrderBy: []*firestorepb.StructuredQuery_Order{{
			Field:     &firestorepb.StructuredQuery_FieldReference{FieldPath: sortField},
			Direction: firestorepb.StructuredQuery_ASCENDING,
		}},
	}
	if from != "" {
		query.StartAt = &firestorepb.Cursor{Values: []*firestorepb.Value{text(from)}, Before: true}
	}
	if to != "" {
		query.EndAt = &firestorepb.Cursor{Values: []*firestorepb.Value{text(to)}, Before: true}
	}
	var got []rows.Row
	err := t.retry(ctx, func() (bool, error) {
		before := len(got)
		query.Limit = wrapperspb.Int32(int32(min(limit-before, math.MaxInt32)))
		err := t.runQuery(ctx, partition, query, func(r *rows.Row) { got = append(got, *r) })
		if len(got) == limit {
			return true, nil
		}
		if len(got) > before {
			query.StartAt = &firestorepb.Cursor{Values: []*firestorepb.Value{text(got[len(got)-1].Sort)}}
		}
		return len(got) > before, err
	})
	if err != nil {
		return nil, t.explain(ctx, "scan rows", err)
	}
	return got, nil
}

// runQuery runs a query of a partition's rows, and hands them on as they come.
func (t *Table) runQuery(ctx context.Context, partition string, query *firestorepb.StructuredQuery, yield func(*rows.Row)) error {
	ctx, cancel := context.WithTimeout(ctx, t.attempt)
	defer cancel()
	stream, err := t.client.RunQuery(t.headers(ctx), &firestorepb.RunQueryRequest{
		Parent:    t.partition(partition),
		QueryType: &firestorepb.RunQueryRequest_StructuredQuery{StructuredQuery: query},
	})
	if err != nil {
		return err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if answer.Document == nil {
			continue // it tells how far the query is
		}
		row, err := decode(partition, answer.Document)
		if err != nil {
			return err
		}
		yield(row)
	}
}
