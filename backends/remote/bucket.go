// Package remote keeps blobs and named files in a bucket of a cloud: one object for each.
//
// Subpackages of backends implement Bucket, one for each service; package buckettest holds the suite that all of them pass.
// What is the same for all is here: names, labels, the way of a large blob in pieces, time limits, reads that go on after a
// cut connection.
//
// The objects are, below a prefix:
//
//	blobs/C/ID   a blob; C is the last but one character of ID, so that names spread over 32 ranges
//	files/NAME   a named file
package remote

import (
	"context"
	"io"
	"iter"
	"time"
)

// Bucket is a bucket of a cloud, or a container, in which objects have names. It is safe for concurrent use.
//
// Names are keys of S3: up to 1,024 bytes of UTF-8. Objects are strongly consistent: what was stored is read and listed.
// Requests that failed for a passing reason were tried again, within their contexts, before an error is returned. Errors,
// beside others, are backends.ErrNotFound for an object that is not there, but not for a bucket that is not;
// backends.ErrChanged where a tag is not that of the object; backends.ErrBusy from a service that asks for fewer
// requests; backends.ErrUnavailable from one that was not reached, did not answer in time, failed, or refused because of
// credentials, permissions, the region or the bucket. They say what was being done to which object, and what to do.
type Bucket interface {
	// Put stores an object in one request, which the service checks by a checksum.
	Put(ctx context.Context, name string, content *Content, options Options) error

	// Begin begins an object that comes in pieces. Its context is that of the whole upload.
	Begin(ctx context.Context, name string, options Options) (Upload, error)

	// Get returns length bytes, at least one, from offset, if the object has a tag, or any if tag is empty; the caller closes
	// the reader, which depends on ctx. A range that begins outside of the object is an error; one that ends outside may be a
	// shorter one, which Info.Size tells. A reader that is cut off gives an error, never io.EOF. One that finds by a checksum
	// that bytes which it has given are not the object's gives backends.ErrChanged instead of the last: no read goes on then.
	Get(ctx context.Context, name, tag string, offset, length int64) (io.ReadCloser, Info, error)

	// Head returns what is known of an object.
	Head(ctx context.Context, name string) (Info, error)

	// List returns the objects whose names begin with prefix and are greater than after, ascending by the bytes of the name, in
	// pages of up to pageSize that it asks for as they are needed. Their Headers and Metadata may be missing. An error is the
	// last thing that it yields.
	List(ctx context.Context, prefix, after string, pageSize int) iter.Seq2[Info, error]

	// Delete removes objects, in as few requests as the service allows. An object that is not there is no error.
	Delete(ctx context.Context, names []string) error

	// Check tells whether the bucket is there and can be read, with one cheap request.
	Check(ctx context.Context) error

	// Close releases what the Bucket holds.
	Close() error

	// String is the URL that people know the bucket by, such as s3://name, without a slash at its end.
	String() string
}

// Options are how an object is stored.
type Options struct {
	// Replace allows that there is an object of the name, which is replaced. Without it, where the service can tell, another
	// object of the name is an error; the same one is not, since the answer to a first attempt may have been lost.
	Replace     bool
	ContentType string            // empty for the service's default
	Metadata    map[string]string // names of lower-case letters, values of printable ASCII
}

// Upload is an object that comes in pieces. Nothing is seen of it before Complete.
type Upload interface {
	// Parallel is how many pieces may be sent at once; with 1, they come in their order.
	Parallel() int

	// Send sends piece n, from 1, which the service checks by a checksum. All but the last have at least minPiece bytes.
	Send(ctx context.Context, n int, piece *Content) error

	// Complete makes the object of all pieces, whose bytes are size in all, which is checked.
	Complete(ctx context.Context, size int64) error

	// Abort gives up, and leaves nothing where that can be done. No call is under way or follows.
	Abort(ctx context.Context) error
}

// Info is what is known of an object.
type Info struct {
	Name     string
	Size     int64     // bytes
	Modified time.Time // when it was stored
	// Tag is of this content of the name only: an ETag, or a generation.
	Tag string
	// ETag is what S3's clients know as one, without quotes: the MD5 in hexadecimal where the service has it.
	ETag     string
	Headers  Headers
	Metadata map[string]string // lower-case names
}

// Headers are those of an object's content; empty for what was not said.
type Headers struct {
	ContentType        string
	ContentEncoding    string
	ContentLanguage    string
	ContentDisposition string
	CacheControl       string
	Expires            string
	StorageClass       string // as the service calls it
}
