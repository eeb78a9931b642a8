package azblob

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// Put implements remote.Bucket, by Put Blob. The service compares the MD5, and keeps it with the blob.
func (b *Bucket) Put(ctx context.Context, name string, content *remote.Content, options remote.Options) error {
	sum, err := md5Of(content)
	if err != nil {
		return err
	}
	_, err = b.client.NewBlockBlobClient(name).Upload(ctx, newBody(content), &blockblob.UploadOptions{
		TransactionalValidation: blob.TransferValidationTypeMD5(sum),
		HTTPHeaders:             headersOf(options),
		Metadata:                metadataOf(options),
		AccessConditions:        conditionOf(options),
	})
	if isTaken(err) && !options.Replace {
		return b.mustBe(ctx, name, content.Size(), hex.EncodeToString(sum), options)
	}
	return b.failure("put object "+name, err)
}

func md5Of(content *remote.Content) ([]byte, error) {
	sum := md5.New()
	_, err := io.Copy(sum, content.Reader())
	return sum.Sum(nil), err
}

func headersOf(options remote.Options) *blob.HTTPHeaders {
	if options.ContentType == "" {
		return nil
	}
	return &blob.HTTPHeaders{BlobContentType: &options.ContentType}
}

func metadataOf(options remote.Options) map[string]*string {
	metadata := make(map[string]*string, len(options.Metadata))
	for name, value := range options.Metadata {
		metadata[name] = &value
	}
	return metadata
}

// conditionOf keeps what is there, unless it may be replaced.
func conditionOf(options remote.Options) *blob.AccessConditions {
	if options.Replace {
		return nil
	}
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}}
}

// mustBe tells whether an object that is there is what was to be stored: an attempt whose answer was lost has done so.
// The ETag is empty where it is not known; then metadata tells.
func (b *Bucket) mustBe(ctx context.Context, name string, size int64, etag string, options remote.Options) error {
	info, err := b.Head(ctx, name)
	if err != nil {
		return fmt.Errorf("look what is there already: %w", err)
	}
	same := info.Size == size && (etag == info.ETag || etag == "" && len(options.Metadata) > 0)
	for key, value := range options.Metadata {
		same = same && info.Metadata[key] == value
	}
	if !same {
		return fmt.Errorf("put object %s: there is another one of this name, of %d bytes", name, info.Size)
	}
	return nil
}
