package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bleepstore/bleepstore/backends"
)

// maxCuts is how often in a row, without a byte between them, a read goes on after its connection was cut.
const maxCuts = 3

// Open reads a range of an object, of at least one byte, that has a tag, or any if tag is empty. It goes on where it was when
// a connection is cut, with the object that it began with. What takes longer than timeout, to begin or to go on, is
// backends.ErrUnavailable. The object must pass check. The caller closes the reader.
func Open(
	ctx context.Context, bucket Bucket, name, tag string, offset, length int64, timeout time.Duration, check func(Info) error,
) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	r := &reader{ctx: ctx, cancel: cancel, bucket: bucket, name: name, tag: tag, offset: offset, left: length, watch: newWatch(timeout, cancel)}
	info, err := r.open()
	if err == nil {
		r.tag = info.Tag
		if err = check(info); err != nil {
			err = errors.Join(err, r.Close())
		}
	}
	if err != nil {
		r.stop()
		return nil, err
	}
	return r, nil
}

// reader reads a range of an object to its end.
type reader struct {
	ctx     context.Context // of all requests
	cancel  context.CancelCauseFunc
	bucket  Bucket
	name    string
	tag     string // of the object, once it is known
	offset  int64  // of the next byte
	left    int64  // bytes that are to be read
	cuts    int    // since the last byte
	watch   *watch
	current io.ReadCloser // nil after an error
}

// limited does something that must end in time.
func (r *reader) limited(do func() error) error {
	r.watch.begin()
	err := do()
	r.watch.end()
	if err != nil && context.Cause(r.ctx) == errSlow {
		return fmt.Errorf("%w: %w", errSlow, err)
	}
	return err
}

func (r *reader) open() (info Info, err error) {
	err = r.limited(func() error {
		r.current, info, err = r.bucket.Get(r.ctx, r.name, r.tag, r.offset, r.left)
		return err
	})
	return info, err
}

func (r *reader) Read(p []byte) (int, error) {
	for {
		if r.left == 0 {
			return 0, io.EOF
		}
		n, err := r.read(p)
		if n > 0 || err == nil {
			return n, nil // the error comes again
		}
		if r.cuts++; r.cuts > maxCuts || r.ctx.Err() != nil || errors.Is(err, backends.ErrChanged) {
			r.stop() // for good
			return 0, fmt.Errorf("read object %s: %w", r.name, err)
		}
		if _, failed := r.open(); failed != nil {
			return 0, fmt.Errorf("read object %s: %w; to go on: %w", r.name, err, failed)
		}
	}
}

// read reads from the current connection. An end that comes too early is an error.
func (r *reader) read(p []byte) (n int, err error) {
	if r.current == nil {
		return 0, io.ErrUnexpectedEOF
	}
	err = r.limited(func() error {
		n, err = r.current.Read(p[:min(int64(len(p)), r.left)])
		return err
	})
	r.offset, r.left = r.offset+int64(n), r.left-int64(n)
	if n > 0 {
		r.cuts = 0
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		_ = r.current.Close() // it has failed
		r.current = nil
	}
	return n, err
}

// stop ends all requests.
func (r *reader) stop() {
	r.watch.stop()
	r.cancel(nil)
}

// Close ends the reading, wherever it is.
func (r *reader) Close() error {
	r.stop()
	if r.current == nil {
		return nil
	}
	err := r.current.Close()
	r.current = nil
	return err
}
