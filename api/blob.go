package api

import (
	"bytes"
	"context"
	"fmt"
	"hash"
	"io"

	"github.com/minio/crc64nvme"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/tracing"
)

// Elsewhere reads objects of somebody else's, which have the bytes of blobs that have a place.
type Elsewhere interface {
	// Open returns the bytes [offset, offset+length) of the object at a place, which must have the tag; the caller closes the
	// reader. Fewer bytes than asked for are an error. Errors are those of backends.Backend.Get.
	Open(ctx context.Context, place, tag string, offset, length int64) (io.ReadCloser, error)
}

// atOnce is how many bytes a blob has at most that is read, and checked, before any of it is passed on.
const atOnce = 64 << 10

// OpenBlob returns the bytes of a blob. Whoever reads them to their end gets an error, instead of the last of them, if they
// are not those that were stored. Those of a blob elsewhere whose checksum is not known are not checked.
func (s *Service) OpenBlob(ctx context.Context, blob eventlog.Blob) (io.ReadCloser, error) {
	r, err := s.openRaw(ctx, blob, 0, blob.Size)
	if err != nil {
		return nil, err
	}
	return &checkedReader{ReadCloser: r, blob: blob, crc: crc64nvme.New()}, nil
}

// openRange returns the bytes [offset, offset+length) of a blob. All bytes of one are checked as by OpenBlob, those of a small one
// before it returns. If direct says so, not those that need not pass through this process.
func (s *Service) openRange(ctx context.Context, blob eventlog.Blob, offset, length int64, direct bool) (io.ReadCloser, error) {
	r, err := s.openRaw(ctx, blob, offset, length)
	if err != nil {
		return nil, err
	}
	_, unseen := r.(backends.Direct)
	if direct && unseen || offset > 0 || length < blob.Size || blob.CRC64NVME == "" {
		return r, nil
	}
	checked := &checkedReader{ReadCloser: r, blob: blob, crc: crc64nvme.New()}
	if length > atOnce {
		return checked, nil
	}
	return readAtOnce(checked, length)
}

// openRaw returns bytes of a blob as they are.
func (s *Service) openRaw(ctx context.Context, blob eventlog.Blob, offset, length int64) (_ io.ReadCloser, err error) {
	ctx, span := tracing.Start(ctx, "blob get") // which ends when the bytes begin to come
	defer func() { span.End(err) }()
	if blob.Place == "" {
		return s.blobs.Get(ctx, backends.ID(blob.ID), offset, length)
	}
	if s.elsewhere == nil {
		return nil, fmt.Errorf("read %s: nothing is read elsewhere here", blob.Place)
	}
	r, err := s.elsewhere.Open(ctx, blob.Place, blob.Tag, offset, length)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", blob.Place, err)
	}
	return r, nil
}

// readAtOnce reads all of r, which it closes.
func readAtOnce(r io.ReadCloser, length int64) (io.ReadCloser, error) {
	defer r.Close()
	data := make([]byte, length)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// checkedReader reads a whole blob.
//
// Invariant: its last byte is not passed on before all of them are known to be those that were stored, so that a client who
// has got as many as it was promised has got the right ones.
type checkedReader struct {
	io.ReadCloser
	blob  eventlog.Blob
	crc   hash.Hash
	size  int64
	wrong bool // what came was not what was stored
}

func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if wrong := r.check(p[:n], err == io.EOF); wrong != nil {
		return 0, wrong
	}
	return n, err
}

// WriteTo writes what is left to w.
func (r *checkedReader) WriteTo(w io.Writer) (int64, error) {
	n, err := copyTo(checkedWriter{r, w}, r.ReadCloser)
	if err == nil {
		err = r.check(nil, true)
	}
	return n, err
}

// checkedWriter takes the bytes of a checkedReader.
type checkedWriter struct {
	from *checkedReader
	to   io.Writer
}

func (w checkedWriter) Write(p []byte) (int, error) {
	if err := w.from.check(p, false); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}

// Close also tells who keeps copies of the bytes that they are wrong.
func (r *checkedReader) Close() error {
	err := r.ReadCloser.Close()
	if rejecter, ok := r.ReadCloser.(backends.Rejecter); ok && r.wrong {
		rejecter.Reject()
	}
	return err
}

// check looks at bytes before they are passed on, and at all of them when there are as many as there should be, or no more come.
func (r *checkedReader) check(p []byte, end bool) error {
	r.crc.Write(p)
	r.size += int64(len(p))
	if r.size < r.blob.Size && !end {
		return nil
	}
	unknown := r.blob.Place != "" && r.blob.CRC64NVME == ""
	if sum := encodeSum(r.crc); r.size != r.blob.Size || !unknown && sum != r.blob.CRC64NVME {
		r.wrong = true
		return fmt.Errorf("%w: blob %s has %d bytes with checksum %s, and was stored with %d and %s",
			backends.ErrChanged, r.blob.ID, r.size, sum, r.blob.Size, r.blob.CRC64NVME)
	}
	return nil
}
