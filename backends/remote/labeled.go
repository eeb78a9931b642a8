package remote

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/backends"
)

// heads is how many objects are asked about at once whose metadata a list does not tell.
const heads = 32

var _ backends.Labeler = (*Backend)(nil)

// Labeled implements backends.Labeler.
func (b *Backend) Labeled(ctx context.Context) iter.Seq2[backends.Labeled, error] {
	return func(yield func(backends.Labeled, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		found := make(chan backends.Labeled)
		var err error
		go func() {
			defer close(found)
			err = b.sendLabeled(ctx, found)
		}()
		for blob := range found {
			if !yield(blob, nil) {
				cancel()
				for range found { // until nobody sends any more
				}
				return
			}
		}
		if err != nil {
			yield(backends.Labeled{}, fmt.Errorf("read what is beside the blobs in %v: %w", b, err))
		}
	}
}

// sendLabeled sends all blobs to a channel.
func (b *Backend) sendLabeled(ctx context.Context, to chan<- backends.Labeled) error {
	asking, within := errgroup.WithContext(ctx)
	asking.SetLimit(heads)
	err := b.eachBlob(within, func(id backends.ID, info Info) {
		asking.Go(func() error { return b.sendOne(within, id, info, to) })
	})
	if failed := asking.Wait(); failed != nil {
		return failed // which has ended the context of the list
	}
	return errors.Join(err, ctx.Err())
}

// eachBlob lists all blobs.
func (b *Backend) eachBlob(ctx context.Context, do func(backends.ID, Info)) error {
	prefix := b.prefix + "blobs/"
	for info, err := range listAll(ctx, b.bucket, prefix, b.timeout) {
		if err != nil {
			return err
		}
		if len(info.Name) < len(prefix)+2 {
			continue // somebody else's
		}
		id, err := backends.ParseID(info.Name[len(prefix)+2:])
		if err != nil || b.blobName(id) != info.Name {
			continue
		}
		do(id, info)
	}
	return nil
}

// sendOne sends a blob, whose object is asked about if the list does not tell its metadata.
func (b *Backend) sendOne(ctx context.Context, id backends.ID, info Info, to chan<- backends.Labeled) error {
	if info.Metadata == nil {
		asking, cancel := context.WithTimeout(ctx, b.timeout)
		defer cancel()
		var err error
		switch info, err = b.bucket.Head(asking, info.Name); {
		case errors.Is(err, backends.ErrNotFound):
			return nil // it was deleted just now
		case err != nil:
			return timedOut(asking, err)
		}
	}
	blob := backends.Labeled{ID: id, Size: info.Size}
	if info.Metadata[metaBlob] == string(id) {
		if label, err := labelOf(info); err == nil {
			blob.Label = label
		}
	}
	select {
	case to <- blob:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
