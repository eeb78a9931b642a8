package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
)

// Get implements remote.Bucket.
func (b *Bucket) Get(ctx context.Context, name, tag string, offset, length int64) (io.ReadCloser, remote.Info, error) {
	doing := "get object " + name
	input := &sdk.GetObjectInput{
		Bucket: &b.name, Key: &name, Range: aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)),
	}
	if tag != "" {
		input.IfMatch = aws.String(`"` + tag + `"`)
	}
	output, err := b.getObject(ctx, input)
	if err != nil {
		return nil, remote.Info{}, b.explain(err, doing)
	}
	size, err := sizeOf(output, offset)
	if err != nil {
		_ = output.Body.Close() // it is not read
		return nil, remote.Info{}, fmt.Errorf("%s: %w: %w", doing, backends.ErrUnavailable, err)
	}
	return &body{output.Body, min(length, size-offset)}, describe(name, size, output), nil
}

// describe returns what an answer tells of an object.
func describe(name string, size int64, output *sdk.GetObjectOutput) remote.Info {
	etag := unquoted(output.ETag)
	info := remote.Info{
		Name: name, Size: size, Modified: aws.ToTime(output.LastModified), Tag: etag, ETag: etag,
		Headers: remote.Headers{
			ContentType:        aws.ToString(output.ContentType),
			ContentEncoding:    aws.ToString(output.ContentEncoding),
			ContentLanguage:    aws.ToString(output.ContentLanguage),
			ContentDisposition: aws.ToString(output.ContentDisposition),
			CacheControl:       aws.ToString(output.CacheControl),
			Expires:            aws.ToString(output.ExpiresString),
			StorageClass:       string(output.StorageClass),
		},
		Metadata: output.Metadata,
	}
	if info.Metadata == nil { // answers tell all of it: none is known to be none
		info.Metadata = map[string]string{}
	}
	return info
}

// sizeOf returns the size of an object from an answer with a range of it. One without is the whole object.
func sizeOf(output *sdk.GetObjectOutput, offset int64) (size int64, err error) {
	if output.ContentRange == nil {
		if offset != 0 || output.ContentLength == nil {
			return 0, errors.New("the service does not know ranges")
		}
		return *output.ContentLength, nil
	}
	var first, last int64
	if _, err := fmt.Sscanf(*output.ContentRange, "bytes %d-%d/%d", &first, &last, &size); err != nil || first != offset || last >= size {
		return 0, fmt.Errorf("the service has sent the range %q, and was asked for one from %d", *output.ContentRange, offset)
	}
	return size, nil
}

// body is that of an answer, with so many bytes left.
type body struct {
	io.ReadCloser
	left int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	if b.left -= int64(n); err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Head implements remote.Bucket.
func (b *Bucket) Head(ctx context.Context, name string) (remote.Info, error) {
	output, err := b.client.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: &b.name, Key: &name})
	if statusOf(err) == http.StatusNotFound { // which may be that of the bucket
		if err := b.Check(ctx); err != nil {
			return remote.Info{}, err
		}
		return remote.Info{}, fmt.Errorf("head object %s: %w: %w", name, backends.ErrNotFound, err)
	}
	if err != nil {
		return remote.Info{}, b.explain(err, "head object "+name)
	}
	return describe(name, aws.ToInt64(output.ContentLength), &sdk.GetObjectOutput{
		LastModified: output.LastModified, ETag: output.ETag, ContentType: output.ContentType, ContentEncoding: output.ContentEncoding,
		ContentLanguage: output.ContentLanguage, ContentDisposition: output.ContentDisposition, CacheControl: output.CacheControl,
		ExpiresString: output.ExpiresString, StorageClass: output.StorageClass, Metadata: output.Metadata,
	}), nil
}

func unquoted(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }
