package gcs

import (
	"context"
	"iter"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// List implements remote.Bucket. It returns headers and metadata, too.
func (b *Bucket) List(ctx context.Context, prefix, after string, pageSize int) iter.Seq2[remote.Info, error] {
	return func(yield func(remote.Info, error) bool) {
		query := &storage.Query{Prefix: prefix, StartOffset: after, Projection: storage.ProjectionNoACL}
		if err := query.SetAttrSelection(listedAttrs); err != nil {
			yield(remote.Info{}, b.explain("list objects "+prefix, err))
			return
		}
		objects := b.handle.Objects(ctx, query)
		objects.PageInfo().MaxSize = pageSize
		if after != "" {
			objects.PageInfo().MaxSize++ // for the object at StartOffset itself
		}
		for {
			attrs, err := objects.Next()
			if err == iterator.Done {
				return
			}
			if err != nil {
				yield(remote.Info{}, b.explain("list objects "+prefix, err))
				return
			}
			objects.PageInfo().MaxSize = pageSize
			if attrs.Name != after && !yield(infoOf(attrs), nil) {
				return
			}
		}
	}
}
