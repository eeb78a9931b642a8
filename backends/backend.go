// Package backends keeps blobs: immutable bytes under ids that are never reused. Beside them it keeps named files.
//
// Subpackages implement Backend, one per technology; package backendtest holds the suite that all of them pass.
package backends

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/bleepstore/bleepstore/internal/files"
)

var (
	// ErrNotFound says that a backend has no blob under an id.
	ErrNotFound = errors.New("blob not found")
	// ErrNoSpace says that a backend has no room for a blob or a file.
	ErrNoSpace = errors.New("no space left in the blob backend")
	// ErrBusy says that a backend has as many blobs on their way as it can bear, because its disk is slow, for one.
	ErrBusy = errors.New("too many blobs are on their way to the blob backend")
	// ErrUnavailable says that a backend cannot be reached now, or refuses what it was asked: it is a cloud, for one, whose
	// credentials have expired.
	ErrUnavailable = errors.New("the blob backend is unavailable")
	// ErrChanged says that what is stored under an id, or at a place, is not what was stored there.
	ErrChanged = errors.New("blob was changed behind our back")
)

// DamagedError says that a backend cannot be opened, because its files are not what was written to them.
type DamagedError struct {
	Dir   string // the folder that is damaged
	Found error  // what is wrong with it
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the blobs in %s are damaged: %v; stop the server and restore that folder from a backup or, to go on "+
		"without what it holds, move it away; then \"bleepstore scrub\" tells which objects are missing", e.Dir, e.Found)
}

// Unwrap gives what is wrong.
func (e *DamagedError) Unwrap() error { return e.Found }

// Label says what a blob is for. A backend whose blobs can be seen by people keeps it beside them, so that they find their
// way, and so that objects can be found again whose log is lost. It decides nothing.
type Label struct {
	Bucket, Key string
	ContentType string // of the object; empty for the default one
	Upload      string // of a part: the upload id
	Part        int    // of a part: its number
	Manifest    bool   // it is no content, but a list of blobs
}

// Backend keeps blobs. It is safe for concurrent use.
//
// A blob is written once and never changed, so a reader sees all of it or nothing, also while it is being deleted: a
// Get that has returned reads to the end. Memory in use does not grow with the size of a blob.
type Backend interface {
	// Put stores what r yields, up to io.EOF, under an id from NewID, and returns the number of bytes. The blob is
	// durable when Put returns. On any error, one of r's or an ended ctx included, nothing is stored; errors of r are
	// wrapped. A full backend gives ErrNoSpace, and one that falls behind ErrBusy rather than let blobs wait whose memory
	// has no bound; one that is not reached gives ErrUnavailable, and may have stored the blob nevertheless.
	Put(ctx context.Context, id ID, r io.Reader, label Label) (int64, error)

	// Get returns the bytes [offset, offset+length) of a blob, which must lie within it; the caller closes the reader.
	// Where the backend can hand bytes to a socket without copying them, the reader is Direct.
	// A missing blob is ErrNotFound; a range outside of it, or fewer bytes than asked for, is an error, from Get or from
	// Read, never a short read that looks complete. Other errors are those of ErrBusy, ErrUnavailable and ErrChanged.
	Get(ctx context.Context, id ID, offset, length int64) (io.ReadCloser, error)

	// Size returns the number of bytes of a blob. Errors are those of Get.
	Size(ctx context.Context, id ID) (int64, error)

	// Delete removes blobs for good. An id that is not there is no error.
	Delete(ctx context.Context, ids []ID) error

	// List returns up to limit ids of stored blobs that are greater than after, in ascending order; none only if there are
	// none. That is the order in which their Puts began, not ended: a new blob may appear before others that were listed
	// already. See ID.Time for what the age of an id does not tell.
	List(ctx context.Context, after ID, limit int) ([]ID, error)

	// Files keeps named files beside the blobs, which List does not show. A full backend gives ErrNoSpace. They are not to be
	// used when the backend is closed.
	Files() files.Files

	// Check tells whether the backend works, cheaply enough to be asked every second. A full backend, which still serves
	// reads and deletes, gives ErrNoSpace.
	Check(ctx context.Context) error

	// Close releases what the backend holds. No call is under way or follows.
	Close() error
}

// Direct is a reader whose WriteTo can hand bytes of a file to a socket, so that they do not pass through the process.
type Direct interface {
	io.ReadCloser
	io.WriterTo
	// Direct does nothing.
	Direct()
}

// Rejecter is a reader of a backend that keeps copies of what it reads.
type Rejecter interface {
	io.ReadCloser
	// Reject says, when the reader is closed, that what it gave was not what was stored: the copies of the blob are of no use.
	Reject()
}

// Labeler is a Backend that can tell the labels of its blobs.
type Labeler interface {
	// Labeled yields all blobs, in no order. An error is the last thing that it yields.
	Labeled(ctx context.Context) iter.Seq2[Labeled, error]
}

// Labeled is a blob with its label, which is zero if there is none that can be read.
type Labeled struct {
	ID    ID
	Size  int64 // bytes
	Label Label
}

// CheckRange tells whether the bytes [offset, offset+length) lie within a blob of size bytes. It is for implementations
// of Backend.Get.
func CheckRange(offset, length, size int64) error {
	if offset < 0 || length < 0 || offset > size || length > size-offset {
		return fmt.Errorf("%d bytes at %d lie outside of a blob of %d bytes", length, offset, size)
	}
	return nil
}
