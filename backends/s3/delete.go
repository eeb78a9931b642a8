package s3

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/errgroup"
)

const (
	// maxDeleted is how many objects S3 deletes at once.
	maxDeleted = 1000
	// singly is how many requests are under way where objects have to be deleted one by one.
	singly = 16
)

// Delete implements remote.Bucket.
func (b *Bucket) Delete(ctx context.Context, names []string) error {
	for page := range slices.Chunk(names, maxDeleted) {
		err := b.deletePage(ctx, page)
		if isCode(err, "NotImplemented", "MethodNotAllowed") {
			err = b.deleteSingly(ctx, page)
		}
		if err != nil {
			return b.explain(err, fmt.Sprintf("delete %d objects", len(page)))
		}
	}
	return nil
}

func (b *Bucket) deletePage(ctx context.Context, names []string) error {
	objects := make([]types.ObjectIdentifier, len(names))
	for i := range names {
		objects[i].Key = &names[i]
	}
	output, err := b.client.DeleteObjects(ctx, &sdk.DeleteObjectsInput{
		Bucket: &b.name, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)},
	}, func(o *sdk.Options) {
		// There are services that want it here, beside the checksum that S3 wants now.
		o.APIOptions = append(o.APIOptions, smithyhttp.AddContentChecksumMiddleware)
	})
	if err != nil {
		return err
	}
	for _, failed := range output.Errors {
		if code := aws.ToString(failed.Code); code != "NoSuchKey" {
			return &smithy.OperationError{ServiceID: "S3", OperationName: "DeleteObjects", Err: fmt.Errorf("object %s: %w",
				aws.ToString(failed.Key), &smithy.GenericAPIError{Code: code, Message: aws.ToString(failed.Message)})}
		}
	}
	return nil
}

func (b *Bucket) deleteSingly(ctx context.Context, names []string) error {
	deleting, within := errgroup.WithContext(ctx)
	deleting.SetLimit(singly)
	for _, name := range names {
		deleting.Go(func() error {
			_, err := b.client.DeleteObject(within, &sdk.DeleteObjectInput{Bucket: &b.name, Key: &name})
			if isCode(err, "NoSuchKey") {
				return nil
			}
			return err
		})
	}
	return deleting.Wait()
}
