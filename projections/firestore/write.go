package firestore

import (
	"context"
	"iter"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/bleepstore/bleepstore/projections/rows"
)

// What a commit holds at most. Firestore takes 500 writes and 10 MiB; fewer bytes arrive in time over a slow line, too.
const (
	maxWrites = 500
	maxBytes  = 2 << 20 // unless a single row is larger
)

// Write implements rows.Table. Writes that fit in one commit are atomic. Firestore makes no write depend on what a field
// holds, so commit sees to it that none is on its way when it returns.
func (t *Table) Write(ctx context.Context, writes []rows.Write) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for batch := range t.batches(writes) {
		group.Go(func() error { return t.commit(groupCtx, batch) })
	}
	return t.explain(ctx, "write rows", group.Wait())
}

// batches divides writes into commits.
func (t *Table) batches(writes []rows.Write) iter.Seq[[]*firestorepb.Write] {
	return func(yield func([]*firestorepb.Write) bool) {
		var batch []*firestorepb.Write
		size := 0
		for _, w := range writes {
			write := t.write(w)
			n := proto.Size(write)
			if len(batch) == maxWrites || len(batch) > 0 && size+n > maxBytes {
				if !yield(batch) {
					return
				}
				batch, size = nil, 0
			}
			batch, size = append(batch, write), size+n
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

func (t *Table) write(w rows.Write) *firestorepb.Write {
	if w.Remove {
		return &firestorepb.Write{Operation: &firestorepb.Write_Delete{Delete: t.document(w.Key)}}
	}
	return &firestorepb.Write{Operation: &firestorepb.Write_Update{Update: t.encode(w.Row)}}
}
