package api

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/failpoint"
	"github.com/bleepstore/bleepstore/internal/tracing"
	"github.com/minio/crc64nvme"
)

// MaxPutSize is how many bytes an object or a part can have that comes in one request: 5 GiB.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html
const MaxPutSize = 5 << 30

// asyncBody is above how many bytes the MD5 of a body is computed beside it.
const asyncBody = 256 << 10

// Body is the content of an object or part, with what the client says about it.
type Body struct {
	Reader io.Reader // errors that are an *Error are passed on as they are
	Length int64     // bytes; -1 if the client does not say
	MD5    []byte    // the decoded Content-MD5; nil if there is none

	// Algorithm is the additional checksum to compute, such as "CRC32C"; empty for the default, CRC64NVME.
	Algorithm string
	// Checksum is the base64 value that the content must have under Algorithm; nil if the client sends none. It is called
	// after the end of the content, because a trailer brings it only then.
	Checksum func() (string, error)
}

// labelOf says of a blob that it is for an object.
func labelOf(bucket, key string, attributes eventlog.Attributes) backends.Label {
	return backends.Label{Bucket: bucket, Key: key, ContentType: attributes.ContentType}
}

// content is a body that was received, checked, and stored as a blob.
type content struct {
	blob     eventlog.Blob
	md5      []byte
	checksum eventlog.Checksum // of Body.Algorithm; without a type
}

// receive streams a body into a new blob and checks everything that the client said about it. If it returns an error,
// the blob is discarded; else the caller discards or settles it.
func (s *Service) receive(ctx context.Context, body Body, label backends.Label) (*content, error) {
	if body.Length > MaxPutSize {
		return nil, tooLarge(body.Length)
	}
	var crc hash.Hash = crc64nvme.New()
	var checksum hash.Hash
	if body.Algorithm == "" {
		body.Algorithm = CRC64NVME
	}
	hashes := []hash.Hash{crc}
	if body.Algorithm == CRC64NVME {
		checksum = crc
	} else {
		if checksum = newChecksum(body.Algorithm); checksum == nil {
			return nil, Errorf(InvalidRequest, "The checksum algorithm %q is not supported.", body.Algorithm)
		}
		hashes = append(hashes, checksum)
	}

	if s.full() { // and would refuse the command when its blob is stored
		return nil, slowDown(errManyCommands)
	}
	source := &bodyReader{body: body, hashes: hashes, md5: md5.New()}
	id := s.incoming.begin(label)
	putting, span := tracing.Start(ctx, "blob put")
	size, err := s.blobs.Put(putting, id, source, label)
	span.End(err)
	c := &content{md5: source.sumMD5()}
	if err != nil {
		s.incoming.end(id)
		return nil, putError(id, err)
	}
	failpoint.Hit("blob stored")
	c.blob = eventlog.Blob{ID: string(id), Size: size, CRC64NVME: encodeSum(crc)}
	c.checksum = eventlog.Checksum{Algorithm: body.Algorithm, Value: encodeSum(checksum)}
	if err := c.check(body, source.size); err != nil {
		s.discard(ctx, c.blob)
		return nil, err
	}
	return c, nil
}

func (c *content) check(body Body, received int64) error {
	if c.blob.Size != received {
		return fmt.Errorf("blob %s has %d bytes of the %d that it was given", c.blob.ID, c.blob.Size, received)
	}
	if body.MD5 != nil && !bytes.Equal(body.MD5, c.md5) {
		return Errorf(BadDigest, "The Content-MD5 you specified did not match what we received.")
	}
	if body.Checksum == nil {
		return nil
	}
	want, err := body.Checksum()
	if err != nil {
		return err
	}
	if want != c.checksum.Value {
		return Errorf(BadDigest, "The %s you specified did not match the calculated checksum.", body.Algorithm)
	}
	return nil
}

// discard removes a blob that nothing came to name. If that fails the blob stays, as after a crash, until a sweep.
func (s *Service) discard(ctx context.Context, blob eventlog.Blob) {
	_ = s.blobs.Delete(context.WithoutCancel(ctx), []backends.ID{backends.ID(blob.ID)})
	s.incoming.end(backends.ID(blob.ID))
}

// settle says how the commit ended that was to name a blob. After an error that leaves open whether something names it,
// the blob stays as it is: the log has stopped, and the next start knows.
func (s *Service) settle(ctx context.Context, blob eventlog.Blob, err error) {
	switch {
	case err == nil:
		s.incoming.end(backends.ID(blob.ID))
	case refused(err):
		s.discard(ctx, blob)
	}
}

func putError(id backends.ID, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, backends.ErrNoSpace) {
		return &Error{Code: InsufficientStorage, Message: InsufficientStorage.message(), Cause: err}
	}
	if errors.Is(err, backends.ErrBusy) {
		return slowDown(err)
	}
	if errors.Is(err, backends.ErrUnavailable) {
		return unavailable(fmt.Errorf("store blob %s: %w", id, err))
	}
	return fmt.Errorf("store blob %s: %w", id, err)
}

func tooLarge(size int64) error {
	return NewError(EntityTooLarge, Detail{"ProposedSize", fmt.Sprint(size)}, Detail{"MaxSizeAllowed", fmt.Sprint(int64(MaxPutSize))})
}

// bodyReader reads a body for a backend, and hashes and counts what goes by.
type bodyReader struct {
	body   Body
	hashes []hash.Hash
	size   int64
	md5    hash.Hash
	async  *asyncWriter // which writes to md5; nil for a body that is not large, or not yet
}

func (r *bodyReader) Read(p []byte) (int, error) {
	n, err := r.body.Reader.Read(p)
	if r.size += int64(n); r.size > MaxPutSize {
		return 0, tooLarge(r.size)
	}
	for _, h := range r.hashes {
		h.Write(p[:n])
	}
	r.hashMD5(p[:n])
	if err == io.EOF && r.body.Length >= 0 && r.size != r.body.Length {
		return n, NewError(IncompleteBody)
	}
	return n, err
}

// hashMD5 adds a piece of the body to its MD5. That is the slowest thing on the way of a large body, so it gets a goroutine
// of its own there, and buffers, which end with sumMD5.
func (r *bodyReader) hashMD5(p []byte) {
	if r.async == nil && max(r.size, r.body.Length) > asyncBody {
		r.async = newAsyncWriter(r.md5)
	}
	if r.async != nil {
		_, _ = r.async.Write(p) // never fails
		return
	}
	r.md5.Write(p)
}

func (r *bodyReader) sumMD5() []byte {
	if r.async != nil {
		r.async.close()
	}
	return r.md5.Sum(nil)
}
