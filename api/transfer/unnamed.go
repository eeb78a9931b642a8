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
	if _, there, err := sizeIn(ctx, c.To, id); there || err != nil {
		return false, err
	}
	size, err := from.Size(ctx, id)
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
