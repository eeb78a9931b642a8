package azblob

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
)

// maxSummed is the longest range of which the service tells the MD5.
const maxSummed = 4 << 20

// Get implements remote.Bucket. A range of up to 4 MiB is compared with the MD5 that the service makes of it, and a whole
// object with the MD5 that it has, if it has one.
func (b *Bucket) Get(ctx context.Context, name, tag string, offset, length int64) (io.ReadCloser, remote.Info, error) {
	options := &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: offset, Count: length}}
	if length <= maxSummed {
		options.RangeGetContentMD5 = to.Ptr(true)
	}
	if tag != "" {
		options.AccessConditions = &blob.AccessConditions{
			ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: to.Ptr(azcore.ETag(tag))},
		}
	}
	doing := "get object " + name
	response, err := b.client.NewBlobClient(name).DownloadStream(ctx, options)
	if err != nil {
		return nil, remote.Info{}, b.failure(doing, err)
	}
	first, size, err := parseRange(value(response.ContentRange))
	switch {
	case err != nil:
	case first != offset:
		err = fmt.Errorf("%w: it answers with the bytes from %d, and not from %d", backends.ErrUnavailable, first, offset)
	case offset >= size:
		err = backends.CheckRange(offset, length, size)
	}
	if err != nil {
		return nil, remote.Info{}, fmt.Errorf("%s: %w", doing, errors.Join(err, response.Body.Close()))
	}
	r := &reader{bucket: b, doing: doing, body: response.Body, left: min(length, size-offset)}
	switch {
	case length <= maxSummed:
		r.want = response.ContentMD5
	case r.left == size:
		r.want = response.BlobContentMD5
	}
	if r.want != nil {
		r.sum = md5.New()
	}
	return r, infoOfDownload(name, size, &response), nil
}

// parseRange parses the header Content-Range, such as "bytes 5-9/100".
func parseRange(s string) (first, size int64, err error) {
	span, total, found := strings.Cut(strings.TrimPrefix(s, "bytes "), "/")
	start, _, dashed := strings.Cut(span, "-")
	first, err = strconv.ParseInt(start, 10, 64)
	if err == nil {
		size, err = strconv.ParseInt(total, 10, 64)
	}
	if err != nil || !found || !dashed {
		return 0, 0, fmt.Errorf("%w: it answers with the range %q", backends.ErrUnavailable, s)
	}
	return first, size, nil
}

// reader reads the body of an answer, up to the bytes that it must have.
type reader struct {
	bucket *Bucket
	doing  string
	body   io.ReadCloser
	left   int64
	sum    hash.Hash // nil where there is nothing to compare it with
	want   []byte
}

func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.body.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if r.sum != nil {
		r.sum.Write(p[:n])
	}
	if r.sum != nil && r.left == 0 {
		if got := r.sum.Sum(nil); !bytes.Equal(got, r.want) {
			// The last bytes are kept back, so that nobody takes all of them for good.
			return 0, fmt.Errorf("%s: %w: what came has the MD5 %x, and the service has %x; it may have been damaged on its way: "+
				"read it again", r.doing, backends.ErrChanged, got, r.want)
		}
	}
	switch {
	case r.left == 0:
		return n, nil
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, r.bucket.failure(r.doing, err)
}

func (r *reader) Close() error { return r.body.Close() }
