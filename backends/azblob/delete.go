package azblob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"golang.org/x/sync/errgroup"
)

const (
	// maxBatch is how many deletes the service takes in one request.
	maxBatch = 256
	// maxDeletes is how many requests are under way where each deletes one object.
	maxDeletes = 16
)

// withSnapshots deletes a blob that people have made snapshots of, which the service refuses otherwise.
var withSnapshots = blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)}

// Delete implements remote.Bucket, by Blob Batch. What could not be deleted so is deleted one by one.
func (b *Bucket) Delete(ctx context.Context, names []string) error {
	if len(names) == 1 {
		return b.deleteOne(ctx, names[0])
	}
	for some := range slices.Chunk(names, maxBatch) {
		left, err := b.deleteBatch(ctx, some)
		if err == nil {
			err = b.deleteEach(ctx, left)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteBatch deletes objects in one request. It returns those that are left: all of them where the service takes no batches,
// or none that are signed in this way.
func (b *Bucket) deleteBatch(ctx context.Context, names []string) (left []string, err error) {
	doing := fmt.Sprintf("delete %d objects, %s among them", len(names), names[0])
	batch, err := b.client.NewBatchBuilder()
	if err != nil {
		return nil, b.failure(doing, err)
	}
	for _, name := range names {
		if err := batch.Delete(name, &container.BatchDeleteOptions{DeleteOptions: withSnapshots}); err != nil {
			return nil, b.failure(doing, err)
		}
	}
	done, err := b.client.SubmitBatch(ctx, batch, nil)
	if isRefused(err) {
		return names, nil
	} else if err != nil {
		return nil, b.failure(doing, err)
	}
	gone := make([]bool, len(names))
	for _, part := range done.Responses {
		if n := value(part.ContentID); part.ContentID != nil && n >= 0 && n < len(names) {
			gone[n] = part.Error == nil || isMissing(part.Error)
		}
	}
	for n, name := range names {
		if !gone[n] {
			left = append(left, name)
		}
	}
	return left, nil
}

// isRefused tells whether the service has understood a request and does not do it.
func isRefused(err error) bool {
	var response *azcore.ResponseError
	return errors.As(err, &response) && response.StatusCode >= 400 && response.StatusCode < 500 &&
		response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusRequestTimeout
}

// deleteEach deletes objects by a request for each.
func (b *Bucket) deleteEach(ctx context.Context, names []string) error {
	deleting, within := errgroup.WithContext(ctx)
	deleting.SetLimit(maxDeletes)
	for _, name := range names {
		if within.Err() != nil {
			break
		}
		deleting.Go(func() error { return b.deleteOne(within, name) })
	}
	return deleting.Wait()
}

func (b *Bucket) deleteOne(ctx context.Context, name string) error {
	_, err := b.client.NewBlobClient(name).Delete(ctx, &withSnapshots)
	if isMissing(err) {
		return nil
	}
	return b.failure("delete object "+name, err)
}

func isMissing(err error) bool { return bloberror.HasCode(err, bloberror.BlobNotFound) }
