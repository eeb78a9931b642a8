package s3

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
)

// maxPage is how many objects S3 lists at once.
const maxPage = 1000

// List implements remote.Bucket.
func (b *Bucket) List(ctx context.Context, prefix, after string, pageSize int) iter.Seq2[remote.Info, error] {
	return func(yield func(remote.Info, error) bool) {
		doing := "list objects " + prefix
		pages := sdk.NewListObjectsV2Paginator(b.client, &sdk.ListObjectsV2Input{
			Bucket: &b.name, Prefix: optional(prefix), StartAfter: optional(after), MaxKeys: aws.Int32(int32(min(pageSize, maxPage))),
			EncodingType: types.EncodingTypeUrl, // names can have characters that XML has not
		})
		for last := after; pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(remote.Info{}, b.explain(err, doing))
				return
			}
			for _, object := range page.Contents {
				info, err := infoOf(object, page.EncodingType)
				if err == nil && (info.Name <= last || !strings.HasPrefix(info.Name, prefix)) {
					err = fmt.Errorf("the service lists %q behind %q", info.Name, last)
				}
				if err != nil {
					yield(remote.Info{}, fmt.Errorf("%s: %w: %w", doing, backends.ErrUnavailable, err))
					return
				}
				if last = info.Name; !yield(info, nil) {
					return
				}
			}
		}
	}
}

// infoOf returns what a list tells of an object.
func infoOf(object types.Object, encoding types.EncodingType) (remote.Info, error) {
	name := aws.ToString(object.Key)
	if encoding == types.EncodingTypeUrl {
		var err error
		if name, err = url.QueryUnescape(name); err != nil {
			return remote.Info{}, fmt.Errorf("the name of an object: %w", err)
		}
	}
	etag := unquoted(object.ETag)
	return remote.Info{
		Name: name, Size: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified), Tag: etag, ETag: etag,
		Headers: remote.Headers{StorageClass: string(object.StorageClass)},
	}, nil
}
