package azblob

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// maxPage is how many objects the service lists at once.
const maxPage = 5000

// List implements remote.Bucket, by List Blobs.
//
// The order is the service's, which is known to be that of bytes for ASCII only. So what is yielded again rather than left out,
// when a list goes on behind a name, is what lies behind it in one of the two orders that it may be: of UTF-8 and of UTF-16.
// They differ for names with characters beyond U+FFFF, and for those alone.
func (b *Bucket) List(ctx context.Context, prefix, after string, pageSize int) iter.Seq2[remote.Info, error] {
	return func(yield func(remote.Info, error) bool) {
		if after != "" {
			ctx = context.WithValue(ctx, startFromKey{}, after)
		}
		pager := b.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{
			Prefix:     &prefix,
			MaxResults: to.Ptr(int32(max(1, min(pageSize, maxPage)))),
			Include:    container.ListBlobsInclude{Metadata: true},
		})
		for pager.More() {
			page, err := pager.NextPage(ctx)
			if err != nil {
				yield(remote.Info{}, b.failure("list objects "+prefix, err))
				return
			}
			for _, item := range itemsOf(page) {
				info := infoOfItem(item)
				if !isAfter(info.Name, after) {
					continue // the list begins with after itself, or ahead of it where the service knows no startFrom
				}
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

func itemsOf(page container.ListBlobsFlatResponse) []*container.BlobItem {
	if page.Segment == nil {
		return nil
	}
	return page.Segment.BlobItems
}

// isAfter tells whether a name is behind another in one of the orders that a list may have.
func isAfter(name, after string) bool {
	return name > after || slices.Compare(utf16.Encode([]rune(name)), utf16.Encode([]rune(after))) > 0
}

// startFrom has lists begin at a name. The client v1.8.0 has an option for this parameter, but its pager does not send it.
// See https://learn.microsoft.com/rest/api/storageservices/list-blobs.
type startFrom struct{}

type startFromKey struct{}

// Do implements policy.Policy.
func (startFrom) Do(request *policy.Request) (*http.Response, error) {
	if name, ok := request.Raw().Context().Value(startFromKey{}).(string); ok {
		query := request.Raw().URL.Query()
		query.Set("startFrom", name)
		request.Raw().URL.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	return request.Next()
}
