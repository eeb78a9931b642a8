package api

import (
	"context"
	"fmt"
	"hash"
	"io"

	"github.com/minio/crc64nvme"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
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

// openRange returns the bytes [offset, offset+length) of a blob. All bytes of one, if they pass through this process, are
// checked as by OpenBlob, those of a small one before it returns.
func (s *Service) openRange(ctx context.Context, blob eventlog.Blob, offset, length int64) (io.ReadCloser, error) {
	r, err := s.openRaw(ctx, blob, offset, length)
	if err != nil {
		return nil, err
	}
	if _, direct := r.(io.WriterTo); direct || offset > 0 || length < blob.Size {
		return r, nil
	}
	checked := &checkedReader{ReadCloser: r, blob: blob, crc: crc64nvme.New()}
	if length > atOnce {
		return checked, nil
	}
	return readAtOnce(checked, length)
}

// openRaw returns bytes of a blob as they are.
func (s *Service) openRaw(ctx context.Context, blob eventlog.Blob, offset, length int64) (io.ReadCloser, error) {
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
	return &inMemory{data: data}, nil
}

// inMemory reads bytes that are in memory.
type inMemory struct{ data []byte }

func (m *inMemory) Read(p []byte) (int, error) {
	if len(m.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, m.data)
	m.data = m.data[n:]
	return n, nil
}

func (m *inMemory) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(m.data)
	m.data = m.data[n:]
	return int64(n), err
}

func (m *inMemory) Close() error { return nil }

// checkedReader reads a whole blob.
//
// Invariant: its last byte is not passed on before all of them are known to be those that were stored, so that a client who
// has got as many as it was promised has got the right ones.
type checkedReader struct {
	io.ReadCloser
	blob eventlog.Blob
	crc  hash.Hash
	size int64
}

func (r *checkedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.crc.Write(p[:n])
	r.size += int64(n)
	if r.size < r.blob.Size && err != io.EOF {
		return n, err
	}
	unknown := r.blob.Place != "" && r.blob.CRC64NVME == ""
	if sum := encodeSum(r.crc); r.size != r.blob.Size || !unknown && sum != r.blob.CRC64NVME {
		return 0, fmt.Errorf("%w: blob %s has %d bytes with checksum %s, and was stored with %d and %s",
			backends.ErrChanged, r.blob.ID, r.size, sum, r.blob.Size, r.blob.CRC64NVME)
	}
	return n, err
}
