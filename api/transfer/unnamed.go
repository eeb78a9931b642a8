package transfer

import (
	"context"
	"errors"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
)

// Unnamed copies a blob as it is of which no record tells more than the id: it is garbage, or new. One that is not there is
// nothing to copy. It tells whether an error is one of reading.
func (c *Copier) Unnamed(ctx context.Context, from backends.Backend, id backends.ID, label backends.Label) (unreadable bool, err error) {
	if !c.begin(id) {
		return false, nil
	}
	defer c.end(id)
	return patiently(ctx, func() (bool, error) { return c.unnamed(ctx, from, id, label) })
}

// unnamed makes an attempt.
func (c *Copier) unnamed(ctx context.Context, from backends.Backend, id backends.ID, label backends.Label) (unreadable bool, err error) {
	if there, err := isThere(ctx, c.To, id, 0); there || err != nil {
		return false, err
	}
	size, err := sizeOf(ctx, from, id)
	if errors.Is(err, backends.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	r, err := from.Get(ctx, id, 0, size)
	if errors.Is(err, backends.ErrNotFound) {
		return false, nil // any more
	}
	if err != nil {
		return true, err
	}
	defer r.Close()
	source := &files.Source{R: r}
	if _, err := c.To.Put(ctx, id, source, label); err != nil {
		return source.Err != nil, err
	}
	c.count(size)
	return false, nil
}

// maxSize is more than any blob has.
const maxSize = 1 << 53

// sizeOf finds out how many bytes a blob has: as many as the greatest offset at which nothing can be read from it.
func sizeOf(ctx context.Context, b backends.Backend, id backends.ID) (int64, error) {
	has := func(size int64) (bool, error) {
		r, err := b.Get(ctx, id, size, 0)
		switch {
		case err == nil:
			return true, r.Close()
		case errors.Is(err, backends.ErrRange):
			return false, nil // it ends before
		}
		return false, err
	}
	if _, err := has(0); err != nil {
		return 0, err
	}
	least, most := int64(0), int64(1)
	for ; most < maxSize; most *= 2 {
		more, err := has(most)
		if err != nil {
			return 0, err
		}
		if !more {
			break
		}
		least = most
	}
	for least+1 < most {
		middle := least + (most-least)/2
		more, err := has(middle)
		if err != nil {
			return 0, err
		}
		if more {
			least = middle
		} else {
			most = middle
		}
	}
	return least, nil
}
