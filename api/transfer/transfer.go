// Package transfer copies blobs that something names from one place to another.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/internal/files"
	"github.com/bleepstore/bleepstore/projections"
)

// AtOnce is how many blobs are well copied at once: small ones share their fsyncs, as those of many clients do.
const AtOnce = 32

// The time between attempts to put a blob where others are on their way doubles. Those of some seconds are enough for a service
// that wants fewer requests; what takes longer is no matter of patience.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 10 * time.Second
)

// Copied counts blobs.
type Copied struct{ Blobs, Bytes int64 }

// Copier copies blobs that are not there yet. It is safe for concurrent use. Who copies all blobs does so with backends.Once.
type Copier struct {
	From *api.Service
	To   backends.Backend
	// Unreadable is told of a blob that is missing, or not what was stored. What it returns is the error of the copy.
	Unreadable func(context.Context, api.Damage) error

	mu      sync.Mutex
	copied  Copied
	copying map[backends.ID]bool // of which several records may name one
}

// Copied counts the blobs that were not there yet.
func (c *Copier) Copied() Copied {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.copied
}

// Blob copies a blob, and checks its bytes, unless it is there.
func (c *Copier) Blob(ctx context.Context, blob api.NamedBlob) error {
	id := backends.ID(blob.ID)
	if !c.begin(id) {
		return nil
	}
	defer c.end(id)
	unreadable, err := patiently(ctx, func() (bool, error) { return c.blob(ctx, blob) })
	if err != nil && unreadable && ctx.Err() == nil && !errors.Is(err, backends.ErrBusy) && !errors.Is(err, backends.ErrUnavailable) {
		return c.Unreadable(ctx, api.Damage{NamedBlob: blob, Err: err})
	}
	return err
}

// patiently makes attempts to copy a blob for as long as a storage is busy.
func patiently(ctx context.Context, attempt func() (unreadable bool, err error)) (unreadable bool, err error) {
	for wait := firstWait; ; wait *= 2 {
		unreadable, err := attempt()
		if !errors.Is(err, backends.ErrBusy) || wait > lastWait {
			return unreadable, err
		}
		if err := pause(ctx, wait); err != nil {
			return false, err
		}
	}
}

// blob makes an attempt. It tells whether an error is one of reading.
func (c *Copier) blob(ctx context.Context, blob api.NamedBlob) (unreadable bool, err error) {
	id := backends.ID(blob.ID)
	switch size, there, err := sizeIn(ctx, c.To, id); {
	case err != nil:
		return false, err
	case there && size != blob.Size:
		return false, fmt.Errorf("%v, has %d bytes where it is copied to, and should have %d", blob, size, blob.Size)
	case there:
		return false, nil
	}
	from, err := c.From.OpenBlob(ctx, blob.Blob)
	if err != nil {
		return true, err
	}
	defer from.Close()
	source := &files.Source{R: from}
	if _, err = c.To.Put(ctx, id, source, blob.Label); err != nil {
		return source.Err != nil, err
	}
	failpoint.Hit("blob copied")
	c.count(blob.Size)
	return false, nil
}

// sizeIn returns the size of a blob in a backend, if it is there.
func sizeIn(ctx context.Context, b backends.Backend, id backends.ID) (size int64, there bool, err error) {
	size, err = b.Size(ctx, id)
	if errors.Is(err, backends.ErrNotFound) {
		return 0, false, nil
	}
	return size, err == nil, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Copier) count(size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copied.Blobs++
	c.copied.Bytes += size
}

// begin tells whether a blob is to be copied by the caller: not if somebody does it.
func (c *Copier) begin(id backends.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.copying == nil {
		c.copying = make(map[backends.ID]bool)
	}
	if c.copying[id] {
		return false
	}
	c.copying[id] = true
	return true
}

func (c *Copier) end(id backends.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.copying, id)
}

// Total counts what the records are about whose blobs are to be copied.
type Total struct{ Number, Bytes int64 }

// Add adds a record, as the change that writes it: an object, a version or a part, or nothing of these.
func (t *Total) Add(record projections.Change) {
	add := func(bytes int64) { t.Number, t.Bytes = t.Number+1, t.Bytes+bytes }
	switch r := record.(type) {
	case projections.PutObject:
		add(r.Object.Size)
	case projections.PutVersion:
		add(r.Version.Size)
	case projections.PutPart:
		add(r.Part.Size)
	}
}
