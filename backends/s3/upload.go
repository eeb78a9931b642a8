package s3

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// parallel is how many pieces of an object go at once. One connection carries less than S3 takes from a client.
const parallel = 3

// upload is a multipart upload.
type upload struct {
	bucket   *Bucket
	name, id string
	metadata map[string]string

	mu    sync.Mutex
	parts []types.CompletedPart
	size  int64 // of all parts
}

// Begin implements remote.Bucket.
func (b *Bucket) Begin(ctx context.Context, name string, options remote.Options) (remote.Upload, error) {
	output, err := b.client.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &name, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
		ContentType: optional(options.ContentType), Metadata: options.Metadata,
	})
	if err != nil {
		return nil, b.explain(err, "begin object "+name)
	}
	return &upload{bucket: b, name: name, id: aws.ToString(output.UploadId), metadata: options.Metadata}, nil
}

// Parallel implements remote.Upload.
func (u *upload) Parallel() int { return parallel }

// Send implements remote.Upload.
func (u *upload) Send(ctx context.Context, n int, piece *remote.Content) error {
	doing := fmt.Sprintf("send piece %d of object %s", n, u.name)
	sum, err := checksum(piece)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	number := int32(n)
	output, err := u.bucket.client.UploadPart(ctx, &sdk.UploadPartInput{
		Bucket: &u.bucket.name, Key: &u.name, UploadId: &u.id, PartNumber: &number,
		Body: piece.Reader(), ContentLength: aws.Int64(piece.Size()), ChecksumCRC32: &sum,
	}, unsignedBody)
	if err != nil {
		return u.bucket.explain(err, doing)
	}
	if output.ChecksumCRC32 != nil {
		if err := sameChecksum(*output.ChecksumCRC32, sum, doing); err != nil {
			return err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	// A service that does not tell the checksum may not know that it can be told one.
	u.parts = append(u.parts, types.CompletedPart{PartNumber: &number, ETag: output.ETag, ChecksumCRC32: output.ChecksumCRC32})
	u.size += piece.Size()
	return nil
}

// Complete implements remote.Upload.
func (u *upload) Complete(ctx context.Context, size int64) error {
	doing := "complete object " + u.name
	if size != u.size {
		return fmt.Errorf("%s: it should have %d bytes, and its pieces have %d", doing, size, u.size)
	}
	slices.SortFunc(u.parts, func(a, b types.CompletedPart) int { return cmp.Compare(*a.PartNumber, *b.PartNumber) })
	_, err := u.bucket.client.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadInput{
		Bucket: &u.bucket.name, Key: &u.name, UploadId: &u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
		MpuObjectSize:   &size, // which services that do not know it leave unchecked
	})
	switch {
	case err == nil:
		return u.bucket.verifySize(ctx, u.name, size)
	case isCode(err, "NoSuchUpload") && u.isComplete(ctx):
		return nil
	}
	return u.bucket.explain(err, doing)
}

// isComplete tells whether there is the object of this upload, for the answer that it was completed may have been lost. One
// without metadata is not known from another.
func (u *upload) isComplete(ctx context.Context) bool {
	info, err := u.bucket.Head(ctx, u.name)
	return err == nil && info.Size == u.size && len(u.metadata) > 0 && maps.Equal(info.Metadata, u.metadata)
}

// Abort implements remote.Upload.
func (u *upload) Abort(ctx context.Context) error {
	_, err := u.bucket.client.AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadInput{
		Bucket: &u.bucket.name, Key: &u.name, UploadId: &u.id,
	})
	if isCode(err, "NoSuchUpload") {
		return nil
	}
	return u.bucket.explain(err, "abort object "+u.name)
}
