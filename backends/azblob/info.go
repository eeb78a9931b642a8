package azblob

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/bleepstore/bleepstore/backends/remote"
)

// Head implements remote.Bucket, by Get Blob Properties.
func (b *Bucket) Head(ctx context.Context, name string) (remote.Info, error) {
	p, err := b.client.NewBlobClient(name).GetProperties(ctx, nil)
	if err != nil {
		return remote.Info{}, b.failure("look at object "+name, err)
	}
	return remote.Info{
		Name:     name,
		Size:     value(p.ContentLength),
		Modified: value(p.LastModified),
		Tag:      string(value(p.ETag)),
		ETag:     etagOf(p.ContentMD5, p.ETag),
		Headers: remote.Headers{
			ContentType:        value(p.ContentType),
			ContentEncoding:    value(p.ContentEncoding),
			ContentLanguage:    value(p.ContentLanguage),
			ContentDisposition: value(p.ContentDisposition),
			CacheControl:       value(p.CacheControl),
			StorageClass:       value(p.AccessTier),
		},
		Metadata: metadataFrom(p.Metadata),
	}, nil
}

// infoOfDownload returns what the answer to Get Blob tells of an object of size bytes.
func infoOfDownload(name string, size int64, r *blob.DownloadStreamResponse) remote.Info {
	return remote.Info{
		Name:     name,
		Size:     size,
		Modified: value(r.LastModified),
		Tag:      string(value(r.ETag)),
		ETag:     etagOf(r.BlobContentMD5, r.ETag),
		Headers: remote.Headers{
			ContentType:        value(r.ContentType),
			ContentEncoding:    value(r.ContentEncoding),
			ContentLanguage:    value(r.ContentLanguage),
			ContentDisposition: value(r.ContentDisposition),
			CacheControl:       value(r.CacheControl),
		},
		Metadata: metadataFrom(r.Metadata),
	}
}

// infoOfItem returns what a list tells of an object.
func infoOfItem(item *container.BlobItem) remote.Info {
	info := remote.Info{Name: value(item.Name), Metadata: metadataFrom(item.Metadata)}
	if p := item.Properties; p != nil {
		info.Size = value(p.ContentLength)
		info.Modified = value(p.LastModified)
		info.Tag = quoted(value(p.ETag))
		info.ETag = etagOf(p.ContentMD5, p.ETag)
		info.Headers = remote.Headers{
			ContentType:        value(p.ContentType),
			ContentEncoding:    value(p.ContentEncoding),
			ContentLanguage:    value(p.ContentLanguage),
			ContentDisposition: value(p.ContentDisposition),
			CacheControl:       value(p.CacheControl),
			StorageClass:       string(value(p.AccessTier)),
		}
	}
	return info
}

// etagOf returns an ETag for clients of S3: the MD5, or what the service has, 0x8D..., without what makes it look odd.
func etagOf(md5 []byte, tag *azcore.ETag) string {
	if md5 != nil {
		return hex.EncodeToString(md5)
	}
	return strings.ToLower(strings.TrimPrefix(strings.Trim(string(value(tag)), `"`), "0x"))
}

// quoted returns an ETag as headers have it. Lists have it without quotes.
func quoted(tag azcore.ETag) string {
	return `"` + strings.Trim(string(tag), `"`) + `"`
}

// metadataFrom returns metadata as remote has it: the client gives its names as headers, such as Blob for blob.
func metadataFrom(from map[string]*string) map[string]string {
	metadata := make(map[string]string, len(from))
	for name, v := range from {
		metadata[strings.ToLower(name)] = value(v)
	}
	return metadata
}

// value returns what the client points to, or zero where it has nothing.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
