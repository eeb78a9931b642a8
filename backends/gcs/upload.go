package gcs

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"time"

	"cloud.google.com/go/storage"

	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/internal/gcloud"
)

const (
	// chunkSize is how many bytes the client sends at once, and keeps in memory until they have arrived.
	chunkSize = 8 << 20
	// chunkPatience is how long a chunk may take with all its attempts: long, because contexts and the number of attempts
	// have limits already.
	chunkPatience = time.Hour
)

// upload is a resumable upload: https://cloud.google.com/storage/docs/resumable-uploads.
//
// What Send returns for is in the memory of the client; it has arrived when Complete returns.
type upload struct {
	bucket *Bucket
	name   string
	w      *storage.Writer
	cancel context.CancelFunc // of w
	size   int64              // of what was sent
	sum    hash.Hash32
}

// Begin implements remote.Bucket. It makes no request.
func (b *Bucket) Begin(ctx context.Context, name string, options remote.Options) (remote.Upload, error) {
	ctx, cancel := context.WithCancel(gcloud.Traced(ctx))
	w := newWriter(ctx, b.handle.Object(name).Retryer(b.retries.uploadOptions()...), options)
	w.ChunkSize, w.ChunkRetryDeadline = chunkSize, chunkPatience
	return &upload{bucket: b, name: name, w: w, cancel: cancel, sum: crc32.New(castagnoli)}, nil
}

// Parallel implements remote.Upload: an upload has one stream.
func (u *upload) Parallel() int { return 1 }

// Send implements remote.Upload. The client sums up all pieces, and sends the checksum with the last.
func (u *upload) Send(ctx context.Context, n int, piece *remote.Content) error {
	defer u.boundBy(ctx)()
	written, err := io.Copy(io.MultiWriter(u.sum, u.w), piece.Reader())
	u.size += written
	return u.explain(ctx, fmt.Sprintf("send piece %d of object %s", n, u.name), err)
}

// Complete implements remote.Upload.
func (u *upload) Complete(ctx context.Context, size int64) error {
	defer u.boundBy(ctx)()
	err := u.complete(ctx, size)
	if failedWith(err, http.StatusPreconditionFailed) {
		err = u.bucket.same(ctx, u.name, size, u.sum.Sum32())
	}
	return u.explain(ctx, "complete object "+u.name, err)
}

func (u *upload) complete(ctx context.Context, size int64) error {
	if u.size != size {
		return fmt.Errorf("%d bytes were sent of %d", u.size, size)
	}
	if err := u.w.Close(); err != nil {
		return err
	}
	u.cancel()
	return u.bucket.verify(ctx, u.w.Attrs(), size, u.sum.Sum32())
}

// Abort implements remote.Upload. The client cannot end what has begun at the service, which forgets it, with the bytes that
// have arrived, within a week.
func (u *upload) Abort(context.Context) error {
	u.cancel()
	_ = u.w.Close() // waits for the end of the request, and says that it was canceled
	return nil
}

// boundBy ends the upload when ctx ends, until the result is called.
func (u *upload) boundBy(ctx context.Context) (done func() bool) {
	return context.AfterFunc(ctx, u.cancel)
}

// explain explains an error. It is that of ctx if it was ctx that ended the upload.
func (u *upload) explain(ctx context.Context, doing string, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = ctx.Err()
	}
	return u.bucket.explainWrite(ctx, doing, err)
}
