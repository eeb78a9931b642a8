package gcs

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strconv"

	"cloud.google.com/go/storage"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/internal/gcloud"
)

// Get implements remote.Bucket. A read of all of an object is checked by its checksum; of a part, the service has none. An
// object that has the encoding gzip is read as it is stored.
func (b *Bucket) Get(ctx context.Context, name, tag string, offset, length int64) (io.ReadCloser, remote.Info, error) {
	ctx = gcloud.Traced(ctx)
	doing := fmt.Sprintf("get %d bytes at %d of object %s", length, offset, name)
	object := b.handle.Object(name).ReadCompressed(true)
	if tag != "" {
		generation, err := strconv.ParseInt(tag, 10, 64)
		if err != nil {
			return nil, remote.Info{}, b.explain(doing, fmt.Errorf("%w: its tag is not %q", backends.ErrChanged, tag))
		}
		object = object.Generation(generation)
	}
	from, err := object.NewRangeReader(ctx, offset, length)
	if isMissing(err) {
		err = b.gone(ctx, name, tag)
	}
	if err != nil {
		return nil, remote.Info{}, b.explain(doing, err)
	}
	if from.Attrs.Size < offset { // -1 is a size that is not known
		return nil, remote.Info{}, b.explain(doing, errors.Join(fmt.Errorf("the answer is of %d bytes", from.Attrs.Size), from.Close()))
	}
	r := &reader{from: from, left: min(length, from.Attrs.Size-offset)}
	r.explain = func(err error) error { return b.explain(doing, err) }
	if from.Attrs.CRC32C != 0 && r.left == from.Attrs.Size { // 0 is also that of an answer that has none
		r.sum = crc32.New(castagnoli)
	}
	return r, readInfo(name, from), nil
}

// gone returns why an object was not found: with a tag, another one may be there.
func (b *Bucket) gone(ctx context.Context, name, tag string) error {
	if tag == "" {
		return b.absent(ctx)
	}
	found, err := b.handle.Object(name).Attrs(ctx)
	if isMissing(err) {
		return b.absent(ctx)
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: its generation is %d, not %s", backends.ErrChanged, found.Generation, tag)
}

// absent returns why something was not found: the bucket may not be there.
func (b *Bucket) absent(ctx context.Context) error {
	if err := b.probe(ctx); err != nil {
		return err
	}
	return backends.ErrNotFound
}

// reader reads a range of an object.
//
// Invariant: bytes that are returned together with an error, or before one that is not backends.ErrChanged, are those of the
// object. The client goes on by itself where a connection was cut.
type reader struct {
	from    *storage.Reader
	left    int64       // bytes
	sum     hash.Hash32 // of what was read, if that is all of the object; else nil
	explain func(error) error
}

func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if r.sum != nil {
		_, _ = r.sum.Write(p[:n]) // never fails
	}
	switch {
	case r.left == 0 && r.sum != nil && r.sum.Sum32() != r.from.Attrs.CRC32C:
		return 0, r.explain(fmt.Errorf("%w: what was read has CRC32C %08x, and it %08x; read it again, since that may come of "+
			"the way here", backends.ErrChanged, r.sum.Sum32(), r.from.Attrs.CRC32C))
	case r.left == 0:
		return n, nil
	case err == io.EOF:
		// An answer that is cut is no such end. The client skips bytes where it goes on with an object of the encoding gzip.
		return 0, r.explain(fmt.Errorf("%w: it ended %d bytes too early", backends.ErrChanged, r.left))
	case err != nil && n == 0:
		return 0, r.explain(err)
	}
	return n, nil // an error comes again
}

func (r *reader) Close() error { return r.from.Close() }

// Head implements remote.Bucket.
func (b *Bucket) Head(ctx context.Context, name string) (remote.Info, error) {
	ctx = gcloud.Traced(ctx)
	attrs, err := b.handle.Object(name).Attrs(ctx)
	if isMissing(err) {
		err = b.absent(ctx)
	}
	if err != nil {
		return remote.Info{}, b.explain("head object "+name, err)
	}
	return infoOf(attrs), nil
}

func isMissing(err error) bool { return errors.Is(err, storage.ErrObjectNotExist) }
