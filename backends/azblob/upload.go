package azblob

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/minio/crc64nvme"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
)

const (
	// parallel is how many pieces of an object are sent at once.
	parallel = 3
	// maxBlocks is how many the service takes for one blob.
	maxBlocks = 50_000
)

// upload is a remote.Upload: a list of blocks, which make a blob when they are committed.
type upload struct {
	bucket  *Bucket
	name    string
	options remote.Options
	blob    *blockblob.Client
	id      [8]byte // random, so that the blocks of two uploads to one name are told apart

	mu    sync.Mutex
	sizes map[int]int64 // of the pieces that the service has
}

// Begin implements remote.Bucket. It makes no request.
func (b *Bucket) Begin(_ context.Context, name string, options remote.Options) (remote.Upload, error) {
	u := &upload{
		bucket: b, name: name, options: options, blob: b.client.NewBlockBlobClient(name), sizes: map[int]int64{},
	}
	_, _ = rand.Read(u.id[:]) // never fails
	return u, nil
}

// Parallel implements remote.Upload.
func (u *upload) Parallel() int { return parallel }

// Send implements remote.Upload, by Put Block. The service compares the CRC64, which is the one that S3 calls CRC64NVME.
func (u *upload) Send(ctx context.Context, n int, piece *remote.Content) error {
	if n > maxBlocks {
		return fmt.Errorf("object %s has more than the %d pieces that an object of Azure can have", u.name, maxBlocks)
	}
	sum := crc64nvme.New()
	if _, err := io.Copy(sum, piece.Reader()); err != nil {
		return err
	}
	_, err := u.blob.StageBlock(ctx, u.blockID(n), newBody(piece), &blockblob.StageBlockOptions{
		TransactionalValidation: blob.TransferValidationTypeCRC64(sum.Sum64()),
	})
	if err != nil {
		return u.bucket.failure(fmt.Sprintf("put piece %d of object %s", n, u.name), err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sizes[n] = piece.Size()
	return nil
}

// blockID names a block. All names of a blob have the same length.
func (u *upload) blockID(n int) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(u.id[:], uint32(n)))
}

// Complete implements remote.Upload, by Put Block List. What is not whole is not committed; that it is whole then is what the
// service is asked.
func (u *upload) Complete(ctx context.Context, size int64) error {
	blocks, sent := u.blocks()
	if sent != size {
		return fmt.Errorf("complete object %s: its %d pieces have %d bytes, and not %d", u.name, len(blocks), sent, size)
	}
	done, err := u.blob.CommitBlockList(ctx, blocks, &blockblob.CommitBlockListOptions{
		HTTPHeaders:      headersOf(u.options),
		Metadata:         metadataOf(u.options),
		AccessConditions: conditionOf(u.options),
	})
	switch {
	case isTaken(err) && !u.options.Replace:
		return u.bucket.mustBe(ctx, u.name, size, "", u.options)
	case err != nil:
		return u.bucket.failure("complete object "+u.name, err)
	case done.ETag == nil:
		return fmt.Errorf("complete object %s: %w: its answer has no ETag", u.name, backends.ErrUnavailable)
	}
	return u.verify(ctx, size, *done.ETag)
}

// blocks returns the names of all blocks in their order, and how many bytes they have.
func (u *upload) blocks() (ids []string, size int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for n := 1; n <= len(u.sizes); n++ {
		ids = append(ids, u.blockID(n))
		size += u.sizes[n]
	}
	return ids, size
}

// verify asks for the size of what was committed, and removes it if it is another.
func (u *upload) verify(ctx context.Context, size int64, tag azcore.ETag) error {
	mine := &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &tag}}
	properties, err := u.blob.GetProperties(ctx, &blob.GetPropertiesOptions{AccessConditions: mine})
	if err != nil {
		err = u.bucket.failure("look at object "+u.name, err)
		if u.options.Replace && (errors.Is(err, backends.ErrChanged) || errors.Is(err, backends.ErrNotFound)) {
			return nil // it was there, and was replaced or deleted since
		}
		return err
	}
	if found := value(properties.ContentLength); found != size {
		err = fmt.Errorf("complete object %s: the service has %d bytes of it, and not %d", u.name, found, size)
		if _, failed := u.blob.Delete(ctx, &blob.DeleteOptions{AccessConditions: mine}); failed != nil {
			err = errors.Join(err, u.bucket.failure("delete object "+u.name, failed))
		}
	}
	return err
}

// Abort implements remote.Upload. There is no request for it: the service removes blocks that nobody has committed after a
// week, or when something else is stored under the name.
func (u *upload) Abort(context.Context) error { return nil }
