package adopt

import (
	"fmt"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
)

// candidate is what may be the object of a key.
type candidate struct {
	blobs       []stored
	newest      backends.ID // of them
	size        int64       // of all
	upload      string      // empty for one blob that is no part
	contentType string
}

// stored is a blob.
type stored struct {
	id   backends.ID
	size int64
}

// keyChoice chooses which of the blobs of a key are its object. They come in the order of index.
type keyChoice struct {
	r           *rebuilder
	bucket, key string

	single, best *candidate // the newest single blob, and the newest complete upload, so far; nil if there is none
	instead      *candidate // what the object should be if best is an upload that was never completed; nil if there is nothing
	upload       *candidate // whose parts come; nil if none do
	gap          bool       // parts are missing before one that has come
	part         int        // the last that came
}

// has tells whether a blob is of the key.
func (k *keyChoice) has(blob backends.Labeled) bool {
	return k.bucket == blob.Label.Bucket && k.key == blob.Label.Key
}

func (k *keyChoice) add(blob backends.Labeled) {
	next := stored{blob.ID, blob.Size}
	if blob.Label.Upload == "" {
		k.drop(k.single) // which is older
		k.single = &candidate{blobs: []stored{next}, newest: blob.ID, size: blob.Size, contentType: blob.Label.ContentType}
		return
	}
	if k.upload == nil || k.upload.upload != blob.Label.Upload {
		k.endUpload()
		k.upload, k.part, k.gap = &candidate{upload: blob.Label.Upload}, 0, false
	}
	u := k.upload
	if number := blob.Label.Part; number == k.part { // it was uploaded again
		last := &u.blobs[len(u.blobs)-1]
		k.r.replaced(1, last.size)
		u.size -= last.size
		*last = next
	} else {
		k.gap = k.gap || number != k.part+1
		u.blobs = append(u.blobs, next)
		k.part = number
	}
	u.size += next.size
	if blob.Label.ContentType != "" {
		u.contentType = blob.Label.ContentType
	}
}

// endUpload decides about an upload whose parts have all come.
func (k *keyChoice) endUpload() {
	u := k.upload
	k.upload = nil
	if u == nil {
		return
	}
	for _, blob := range u.blobs {
		u.newest = max(u.newest, blob.id)
	}
	switch {
	case k.gap:
		k.r.refuse(u, fmt.Errorf("upload %s of %q in bucket %q: its parts, %d with %d bytes up to part %d, are not all there, "+
			"or it was completed with other numbers", u.upload, k.key, k.bucket, len(u.blobs), u.size, k.part))
	case !api.ValidUploadID(u.upload):
		k.r.refuse(u, fmt.Errorf("upload %q of %q in bucket %q: it has no id of an upload", u.upload, k.key, k.bucket))
	case k.best == nil:
		k.best = u
	case k.best.newest > u.newest:
		k.outdo(u)
	default:
		k.outdo(k.best)
		k.best = u
	}
}

// outdo drops a candidate that is older than an upload.
func (k *keyChoice) outdo(older *candidate) {
	k.drop(older)
	if k.instead == nil || k.instead.newest < older.newest {
		k.instead = older
	}
}

// drop counts a candidate that is not chosen.
func (k *keyChoice) drop(c *candidate) {
	if c != nil {
		k.r.replaced(len(c.blobs), c.size)
	}
}

// end returns what is chosen, nil if there is nothing.
func (k *keyChoice) end() *candidate {
	k.endUpload()
	single, upload := k.single, k.best
	switch {
	case upload == nil:
		return single
	case single == nil:
	case single.newest > upload.newest:
		k.drop(upload)
		return single
	default:
		k.outdo(single)
	}
	if other := k.instead; other != nil {
		what := "blob " + string(other.newest)
		if other.upload != "" {
			what = "upload " + other.upload
		}
		k.r.note("object %q in bucket %q is made of upload %s, whose last part is of %s; if that was never completed, it should be %s "+
			"of %d bytes instead, of %s", k.key, k.bucket, upload.upload, when(upload.newest), what, other.size, when(other.newest))
	}
	return upload
}

func when(id backends.ID) string { return id.Time().Format("2006-01-02T15:04:05Z") }

// replaced counts blobs of what is older than the object of their key.
func (r *rebuilder) replaced(blobs int, bytes int64) {
	r.rebuilt.Replaced += int64(blobs)
	r.finish(bytes)
}

// refuse leaves an upload out.
func (r *rebuilder) refuse(u *candidate, err error) {
	r.leaveOut(err)
	r.finish(u.size)
}
