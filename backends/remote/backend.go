package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/internal/files"
)

// deletePage is how many objects are deleted at once, which is what S3 takes.
const deletePage = 1000

// checkInterval is for how long the outcome of a check holds: each one is a request that costs something.
const checkInterval = 10 * time.Second

// Config is how a Backend keeps what it has in its bucket.
type Config struct {
	// Prefix is what all names begin with, usually empty or with a slash at its end. It belongs to the Backend alone.
	Prefix string
	// Timeout is how long the service may take to answer, or to go on with an answer. Requests with a body may take longer, by
	// the size of it.
	Timeout time.Duration
}

// Backend is a backends.Backend in a bucket of a cloud.
type Backend struct {
	bucket  Bucket
	prefix  string
	timeout time.Duration
	buffers *buffers
	health  health
}

var _ backends.Backend = (*Backend)(nil)

// New makes a backend of a bucket, which its Close closes. It makes no request.
func New(bucket Bucket, c Config) *Backend {
	return &Backend{bucket: bucket, prefix: c.Prefix, timeout: c.Timeout, buffers: newBuffers()}
}

// String is the URL of what is in the bucket.
func (b *Backend) String() string { return b.bucket.String() + "/" + b.prefix }

// Put implements backends.Backend.
func (b *Backend) Put(ctx context.Context, id backends.ID, r io.Reader, label backends.Label) (int64, error) {
	name := b.blobName(id)
	size, sent, err := b.store(ctx, name, r, optionsOf(id, label))
	if err == nil {
		return size, nil
	}
	if sent { // and may have been stored, for all that is known
		cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.timeout)
		defer cancel()
		_ = b.bucket.Delete(cleaning, []string{name}) // what stays is swept
	}
	return 0, fmt.Errorf("put blob %s in %v: %w", id, b, err)
}

// store stores an object of any size. It tells whether it came to the request that makes it seen.
func (b *Backend) store(ctx context.Context, name string, r io.Reader, options Options) (size int64, sent bool, err error) {
	first, end, err := b.buffers.read(ctx, r, maxWhole)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		b.buffers.release(first)
		return 0, false, err
	}
	if !end {
		return b.storePieces(ctx, name, first, r, options)
	}
	defer b.buffers.release(first)
	return first.size, true, b.within(ctx, first.size, func(ctx context.Context) error {
		return b.bucket.Put(ctx, name, first, options)
	})
}

// storePieces stores an object in pieces, of which the first ones were read.
func (b *Backend) storePieces(ctx context.Context, name string, first *Content, r io.Reader, options Options) (size int64, sent bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	upload, err := b.begin(ctx, cancel, name, options)
	if err != nil {
		b.buffers.release(first)
		return 0, false, err
	}
	size, err = b.sendPieces(ctx, upload, first, r)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		sent = true
		// Where pieces are one stream, the last one arrives only now.
		err = b.within(ctx, pieceSize, func(ctx context.Context) error { return upload.Complete(ctx, size) })
	}
	if err != nil {
		aborting, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.timeout)
		defer cancel()
		_ = upload.Abort(aborting) // the first error is the one to tell
	}
	return size, sent, err
}

// begin begins an upload in time. Its context, which cancel ends, is also that of what comes later.
func (b *Backend) begin(ctx context.Context, cancel context.CancelCauseFunc, name string, options Options) (Upload, error) {
	timer := time.AfterFunc(b.timeout, func() { cancel(errSlow) })
	defer timer.Stop()
	upload, err := b.bucket.Begin(ctx, name, options)
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		err = fmt.Errorf("%w: %w", errSlow, err)
	}
	return upload, err
}

// sendPieces sends an object piece by piece, while the next ones are read.
func (b *Backend) sendPieces(ctx context.Context, upload Upload, piece *Content, r io.Reader) (size int64, err error) {
	sending, within := errgroup.WithContext(ctx)
	sending.SetLimit(upload.Parallel())
	end := false
	for n := 1; err == nil; n++ {
		full, rest := piece, piece.split()
		size += full.size
		sending.Go(func() error { // which releases it
			defer b.buffers.release(full)
			return b.within(within, full.size, func(ctx context.Context) error { return upload.Send(ctx, n, full) })
		})
		if piece = rest; piece != nil {
			continue
		}
		if end {
			break
		}
		if piece, end, err = b.buffers.read(within, r, pieceSize); err != nil || piece.size == 0 {
			b.buffers.release(piece)
			break
		}
	}
	if failed := sending.Wait(); failed != nil && ctx.Err() == nil && !errors.Is(err, backends.ErrBusy) {
		return 0, failed // which ended the reading
	}
	return size, err
}

// within does a request that sends so many bytes, and ends it when it takes too long.
func (b *Backend) within(ctx context.Context, size int64, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, b.sendTimeout(size))
	defer cancel()
	return timedOut(ctx, request(ctx))
}

// Get implements backends.Backend.
func (b *Backend) Get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	r, err := b.get(ctx, id, offset, length)
	if err != nil {
		return nil, fmt.Errorf("get blob %s in %v: %w", id, b, err)
	}
	return r, nil
}

func (b *Backend) get(ctx context.Context, id backends.ID, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length <= 0 || length > math.MaxInt64-offset {
		size, err := b.size(ctx, id)
		if err == nil {
			err = backends.CheckRange(offset, length, size)
		}
		return io.NopCloser(eof{}), err
	}
	return Open(ctx, b.bucket, b.blobName(id), "", offset, length, b.timeout, func(info Info) error {
		if err := isStored(id, info); err != nil {
			return err
		}
		return backends.CheckRange(offset, length, info.Size)
	})
}

// Size implements backends.Backend.
func (b *Backend) Size(ctx context.Context, id backends.ID) (int64, error) {
	size, err := b.size(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("size of blob %s in %v: %w", id, b, err)
	}
	return size, nil
}

func (b *Backend) size(ctx context.Context, id backends.ID) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	info, err := b.bucket.Head(ctx, b.blobName(id))
	if err == nil {
		err = isStored(id, info)
	}
	return info.Size, timedOut(ctx, err)
}

// isStored tells whether an object is the one that was stored for a blob, as far as its metadata is known.
func isStored(id backends.ID, info Info) error {
	if info.Metadata != nil && info.Metadata[metaBlob] != string(id) {
		return fmt.Errorf("%w: object %s is not the one that was stored", backends.ErrChanged, info.Name)
	}
	return nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// Delete implements backends.Backend.
func (b *Backend) Delete(ctx context.Context, ids []backends.ID) error {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = b.blobName(id)
	}
	if err := b.delete(ctx, names); err != nil {
		return fmt.Errorf("delete %d blobs in %v: %w", len(ids), b, err)
	}
	return nil
}

func (b *Backend) delete(ctx context.Context, names []string) error {
	for page := range slices.Chunk(names, deletePage) {
		ctx, cancel := context.WithTimeout(ctx, b.listTimeout(len(page)))
		err := timedOut(ctx, b.bucket.Delete(ctx, page))
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// Files implements backends.Backend.
func (b *Backend) Files() files.Files { return namedFiles{b} }

// Check implements backends.Backend.
func (b *Backend) Check(ctx context.Context) error {
	if known, err := b.health.known(); known {
		return err
	}
	within, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	err := timedOut(within, b.bucket.Check(within))
	if ctx.Err() == nil { // or else it says nothing to others
		b.health.set(err)
	}
	return err
}

// health remembers the outcome of the last check.
type health struct {
	mu      sync.Mutex
	checked time.Time
	err     error
}

func (h *health) known() (known bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.checked) < checkInterval, h.err
}

func (h *health) set(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err, h.checked = err, time.Now()
}

// Close implements backends.Backend.
func (b *Backend) Close() error { return b.bucket.Close() }
