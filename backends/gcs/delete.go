package gcs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/gcloud"
)

// maxDeleting is how many objects are deleted at a time: the service takes one with each request.
const maxDeleting = 16

// Delete implements remote.Bucket.
func (b *Bucket) Delete(ctx context.Context, names []string) error {
	ctx = gcloud.Traced(ctx)
	var missing atomic.Bool
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(maxDeleting)
	for _, name := range names {
		g.Go(func() error {
			err := b.handle.Object(name).Delete(within)
			if isMissing(err) {
				missing.Store(true)
				return nil
			}
			return b.explain("delete object "+name, err)
		})
	}
	err := g.Wait()
	if err == nil && missing.Load() {
		if err = b.absent(ctx); errors.Is(err, backends.ErrNotFound) {
			return nil // it is not the bucket
		}
		err = b.explain(fmt.Sprintf("delete %d objects", len(names)), err)
	}
	return err
}
