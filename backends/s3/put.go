package s3

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
)

// Put implements remote.Bucket. It replaces what it finds, whatever options say: not all services of S3's protocol know how to
// put an object only if there is none.
func (b *Bucket) Put(ctx context.Context, name string, content *remote.Content, options remote.Options) error {
	doing := "put object " + name
	sum, err := checksum(content)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	output, err := b.client.PutObject(ctx, &sdk.PutObjectInput{
		Bucket: &b.name, Key: &name, Body: content.Reader(), ContentLength: aws.Int64(content.Size()),
		ChecksumCRC32: &sum, ContentType: optional(options.ContentType), Metadata: options.Metadata,
	}, unsignedBody)
	if err != nil {
		return b.explain(err, doing)
	}
	if output.ChecksumCRC32 == nil { // the service may not have looked at it
		return b.verifySize(ctx, name, content.Size())
	}
	return sameChecksum(*output.ChecksumCRC32, sum, doing)
}

// unsignedBody leaves the content of an object out of the signature, over HTTP as the SDK does it over TLS. On such a line nothing
// protects the answers either, and the checksum notices accidents; SHA-256 would cost both ends more than most of what else they
// do to the bytes.
func unsignedBody(o *sdk.Options) {
	o.APIOptions = append(slices.Clone(o.APIOptions), v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}

// checksum is the checksum of S3 that most services of its protocol know: the SDK has them use it if nothing else is said.
func checksum(content *remote.Content) (string, error) {
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, content.Reader()); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32())), nil
}

// sameChecksum checks what a service says that it has stored.
func sameChecksum(got, want, doing string) error {
	if got != want {
		return fmt.Errorf("%s: %w: the service has stored bytes of CRC32 %s, and was sent some of %s", doing,
			backends.ErrUnavailable, got, want)
	}
	return nil
}

// verifySize checks that an object that was just stored has all of its bytes.
func (b *Bucket) verifySize(ctx context.Context, name string, size int64) error {
	info, err := b.Head(ctx, name)
	switch {
	case errors.Is(err, backends.ErrNotFound):
		err = fmt.Errorf("%w: the service does not have it", backends.ErrUnavailable)
	case err == nil && info.Size != size:
		err = fmt.Errorf("%w: the service has %d bytes, and was sent %d", backends.ErrUnavailable, info.Size, size)
	}
	if err != nil {
		return fmt.Errorf("verify object %s that was put: %w", name, err)
	}
	return nil
}

// optional is nil for what is not said.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
