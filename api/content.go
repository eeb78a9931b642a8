package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
	"github.com/go-json-experiment/json"
	"github.com/minio/crc64nvme"
)

// inlineParts is how many parts a record of an object may list. More go to a manifest blob, so that lists of objects
// stay quick to read.
const inlineParts = 100

// storeManifest moves the lists of blobs and parts of an object to a manifest blob, if they are long.
func (s *Service) storeManifest(ctx context.Context, bucket, key string, object *eventlog.Object) error {
	if len(object.Parts) <= inlineParts {
		return nil
	}
	text, err := json.Marshal(eventlog.Manifest{Blobs: object.Blobs, Parts: object.Parts})
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	label := backends.Label{Bucket: bucket, Key: key, Manifest: true}
	id := s.incoming.begin(label)
	if _, err := s.blobs.Put(ctx, id, bytes.NewReader(text), label); err != nil {
		s.incoming.end(id)
		return putError(id, err)
	}
	crc := crc64nvme.New()
	crc.Write(text)
	object.Blobs, object.Parts = nil, nil
	object.Manifest = &eventlog.Blob{ID: string(id), Size: int64(len(text)), CRC64NVME: encodeSum(crc)}
	return nil
}

// Manifest returns the lists of blobs and parts of an object.
func (s *Service) Manifest(ctx context.Context, object *projections.Object) (eventlog.Manifest, error) {
	if object.Manifest == nil {
		return eventlog.Manifest{Blobs: object.Blobs, Parts: object.Parts}, nil
	}
	if m, ok := s.manifests.get(object.Manifest.ID); ok {
		return m, nil
	}
	m, err := s.readManifest(ctx, object.Manifest)
	if err != nil {
		return m, fmt.Errorf("object %q in bucket %q: %w", object.Key, object.Bucket, err)
	}
	s.manifests.add(object.Manifest.ID, m)
	return m, nil
}

func (s *Service) readManifest(ctx context.Context, blob *eventlog.Blob) (m eventlog.Manifest, err error) {
	r, err := s.OpenBlob(ctx, *blob)
	if err != nil {
		return m, fmt.Errorf("open manifest %s: %w", blob.ID, err)
	}
	defer r.Close()
	if err = json.UnmarshalRead(r, &m); err != nil {
		return m, fmt.Errorf("read manifest %s: %w", blob.ID, err)
	}
	return m, nil
}

// open returns a reader of the range [offset, offset+length) of an object. Direct lets bytes go to a socket unseen, and so
// unchecked, where that can be done: their reader's WriteTo does.
func (s *Service) open(ctx context.Context, object *projections.Object, offset, length int64, direct bool) (io.ReadCloser, error) {
	m, err := s.Manifest(ctx, object)
	if err != nil {
		return nil, err
	}
	r := &objectReader{ctx: ctx, service: s, direct: direct}
	for _, blob := range m.Blobs {
		if offset >= blob.Size {
			offset -= blob.Size
			continue
		}
		if length == 0 {
			break
		}
		n := min(length, blob.Size-offset)
		r.ranges = append(r.ranges, blobRange{blob, offset, n})
		offset, length = 0, length-n
	}
	if length > 0 {
		return nil, fmt.Errorf("object %q in bucket %q names %d bytes too few", object.Key, object.Bucket, length)
	}
	if err := r.next(); err != nil && err != io.EOF { // now, while the answer can still be an error
		return nil, fmt.Errorf("object %q in bucket %q: %w", object.Key, object.Bucket, err)
	}
	return r, nil
}

// blobRange is the range [offset, offset+length) of a blob.
type blobRange struct {
	blob           eventlog.Blob
	offset, length int64
}

// objectReader reads ranges of blobs, one behind the other.
type objectReader struct {
	ctx     context.Context // of the request whose answer it is
	service *Service
	direct  bool          // see Service.open
	ranges  []blobRange   // that are not opened yet
	current io.ReadCloser // nil at the end, and after an error
	failed  error         // of opening a range; it stays
}

// next opens the next range; io.EOF if there is none.
func (r *objectReader) next() error {
	if err := r.Close(); err != nil {
		return err
	}
	if len(r.ranges) == 0 {
		return io.EOF
	}
	b := r.ranges[0]
	current, err := r.service.openRange(r.ctx, b.blob, b.offset, b.length, r.direct)
	if err != nil {
		r.failed = fmt.Errorf("open blob %s: %w", b.blob.ID, err)
		return r.failed
	}
	r.current, r.ranges = current, r.ranges[1:]
	return nil
}

// Read fails when the context of the request has ended.
func (r *objectReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.failed != nil {
		return 0, r.failed
	}
	for r.current != nil {
		n, err := r.current.Read(p)
		if err == io.EOF {
			if err = r.next(); err == io.EOF {
				return n, io.EOF
			}
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.EOF
}

// WriteTo lets the backend's readers write, which can hand a file to a socket.
func (r *objectReader) WriteTo(w io.Writer) (written int64, err error) {
	for r.current != nil {
		n, err := copyTo(w, r.current)
		written += n
		if err != nil {
			return written, err
		}
		if err := r.next(); err != nil && err != io.EOF {
			return written, err
		}
	}
	return written, nil
}

// copyBuffers are large enough for bytes to come and go at a few system calls.
var copyBuffers = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// copyTo lets r write, or copies what it reads.
func copyTo(w io.Writer, r io.Reader) (int64, error) {
	if from, ok := r.(io.WriterTo); ok {
		return from.WriteTo(w)
	}
	buffer := copyBuffers.Get().(*[128 << 10]byte)
	defer copyBuffers.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{w}, r, buffer[:]) // w would take smaller ones
}

func (r *objectReader) Close() error {
	if r.current == nil {
		return nil
	}
	current := r.current
	r.current = nil
	return current.Close()
}
