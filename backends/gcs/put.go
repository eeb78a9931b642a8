package gcs

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"

	"cloud.google.com/go/storage"

	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/internal/gcloud"
)

// castagnoli is the polynomial of the checksum that the service has of all objects.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Put implements remote.Bucket. The checksum goes with the content, and the service refuses what differs from it.
func (b *Bucket) Put(ctx context.Context, name string, content *remote.Content, options remote.Options) error {
	ctx = gcloud.Traced(ctx)
	sum := crc32.New(castagnoli)
	_, err := io.Copy(sum, content.Reader())
	if err == nil {
		err = b.retries.do(ctx, func() error { return b.putOnce(ctx, name, content, sum.Sum32(), options) })
	}
	if failedWith(err, http.StatusPreconditionFailed) {
		err = b.same(ctx, name, content.Size(), sum.Sum32())
	}
	return b.explainWrite(ctx, "put object "+name, err)
}

func (b *Bucket) putOnce(ctx context.Context, name string, content *remote.Content, sum uint32, options remote.Options) error {
	w := newWriter(ctx, b.handle.Object(name), options)
	w.ChunkSize = 0 // one request, without a buffer
	w.CRC32C, w.SendCRC32C = sum, true
	_, err := io.Copy(w, content.Reader())
	if closed := w.Close(); err == nil { // which waits for the end of the request
		err = closed
	}
	if err != nil {
		return err
	}
	return b.verify(ctx, w.Attrs(), content.Size(), sum)
}

// newWriter makes the writer of an object, which does not depend on what it writes.
func newWriter(ctx context.Context, object *storage.ObjectHandle, options remote.Options) *storage.Writer {
	if !options.Replace {
		object = object.If(storage.Conditions{DoesNotExist: true})
	}
	w := object.NewWriter(ctx)
	w.ContentType = cmp.Or(options.ContentType, "application/octet-stream") // or the client would guess it from the content
	w.Metadata = options.Metadata
	return w
}

// verify compares what the service says that it has stored with what it was sent. What differs does not stay.
func (b *Bucket) verify(ctx context.Context, stored *storage.ObjectAttrs, size int64, sum uint32) error {
	if stored.Size == size && stored.CRC32C == sum {
		return nil
	}
	err := fmt.Errorf("there arrived %d bytes with CRC32C %08x of %d with %08x", stored.Size, stored.CRC32C, size, sum)
	if failed := b.handle.Object(stored.Name).Generation(stored.Generation).Delete(ctx); failed != nil && !isMissing(failed) {
		err = fmt.Errorf("%w; they could not be deleted: %w", err, failed)
	}
	return err
}

// same tells whether an object that is there, although none was to be, has the content that was to be stored. The answer to a
// first attempt may have been lost.
func (b *Bucket) same(ctx context.Context, name string, size int64, sum uint32) error {
	found, err := b.handle.Object(name).Attrs(ctx)
	if err != nil {
		return fmt.Errorf("another object has that name, of which nothing can be said: %w", err)
	}
	if found.Size != size || found.CRC32C != sum {
		return fmt.Errorf("another object has that name, of %d bytes with CRC32C %08x rather than %d with %08x",
			found.Size, found.CRC32C, size, sum)
	}
	return nil
}
