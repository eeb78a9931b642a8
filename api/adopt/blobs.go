package adopt

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/minio/crc64nvme"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
)

const (
	// reads is how many blobs are read at once.
	reads = 32
	// readSize is how many bytes of each are in memory.
	readSize = 256 << 10
)

// LabeledBackend is a backend whose labels can be read.
type LabeledBackend interface {
	backends.Backend
	backends.Labeler
}

// Rebuilt says what became of the blobs of a backend.
type Rebuilt struct {
	Adopted
	Manifests int64 // which list blobs of objects, and are not needed for this
	Replaced  int64 // blobs of what is older than the object of their key
}

// Blobs makes objects of the blobs of a backend, as far as their labels tell which, in buckets that are made. Nothing else has
// written to the server, and nothing deletes blobs meanwhile. All bytes are read once. What cannot be made an object is left
// out, and no error. What was cut short is gone on with by the next call. Files that are needed meanwhile are in the folder dir.
//
// Of the blobs of a key that are no parts, the newest is one candidate for its object; another is the newest upload whose parts
// are all there, from the first, as far as can be told. The newer of both is the object.
func Blobs(ctx context.Context, s Server, from LabeledBackend, dir string, report Report) (Rebuilt, error) {
	r := &rebuilder{
		adopter: adopter{Server: s, buckets: make(map[string]eventlog.Owner), report: report},
		blobs:   from, reading: semaphore.NewWeighted(reads),
	}
	err := r.all(ctx, dir)
	r.rebuilt.Adopted = r.adopted
	if err != nil {
		err = fmt.Errorf("make objects of blobs: %w; what was made stays, run the command again to go on", err)
	}
	return r.rebuilt, err
}

// rebuilder makes objects of blobs.
type rebuilder struct {
	adopter
	blobs   LabeledBackend
	reading *semaphore.Weighted
	rebuilt Rebuilt
	total   int64 // bytes of all blobs but manifests
	done    int64 // of them, under the lock of the adopter
}

func (r *rebuilder) all(ctx context.Context, dir string) (err error) {
	index, err := openIndex(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.close()) }()
	if err := r.index(ctx, index); err != nil {
		return err
	}
	return together(ctx, func(ctx context.Context, g *errgroup.Group) error { return r.each(ctx, g, index) })
}

// index notes all blobs.
func (r *rebuilder) index(ctx context.Context, index *index) error {
	found := int64(0)
	for blob, err := range r.blobs.Labeled(ctx) {
		if err != nil {
			return err
		}
		found++
		r.progress(found, 0, "blobs")
		switch label := blob.Label; {
		case label.Manifest:
			r.rebuilt.Manifests++
			continue
		case label.Bucket == "" || label.Key == "" || (label.Upload == "") != (label.Part == 0) ||
			label.Part < 0 || label.Part > api.MaxPartNumber:
			r.leaveOut(fmt.Errorf("blob %s of %d bytes: nothing beside it says of which object it is", blob.ID, blob.Size))
			continue
		}
		if err := index.add(blob); err != nil {
			return err
		}
		r.total += blob.Size
	}
	return nil
}

// each begins to make the object of each key.
func (r *rebuilder) each(ctx context.Context, g *errgroup.Group, index *index) error {
	key := keyChoice{r: r}
	begin := func() error {
		chosen := key.end()
		if chosen == nil {
			return nil
		}
		owner, err := r.bucket(ctx, key.bucket)
		if err != nil && api.IsAboutImported(err) {
			r.leaveOut(fmt.Errorf("object %q in bucket %q: %w", key.key, key.bucket, err))
			return nil
		}
		if err != nil {
			return err
		}
		in := r.inPlace(ctx, key.bucket, key.key, owner, chosen)
		g.Go(func() error {
			defer r.finish(chosen.size)
			return r.object(ctx, in)
		})
		return ctx.Err()
	}
	for blob, err := range index.sorted() {
		if err != nil {
			return err
		}
		if !key.has(blob) {
			if err := begin(); err != nil {
				return err
			}
			key = keyChoice{r: r, bucket: blob.Label.Bucket, key: blob.Label.Key}
		}
		key.add(blob)
	}
	return begin()
}

// finish says that so many bytes need no more to be done about.
func (r *rebuilder) finish(bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += bytes
	r.report.Progress(r.done, r.total, "bytes")
}

// inPlace describes the object of the chosen blobs.
func (r *rebuilder) inPlace(ctx context.Context, bucket, key string, owner eventlog.Owner, chosen *candidate) api.InPlace {
	object := eventlog.Object{
		Owner: owner, Upload: chosen.upload, Size: chosen.size, Modified: chosen.newest.Time(),
		Attributes: eventlog.Attributes{ContentType: chosen.contentType},
	}
	if object.Attributes.ContentType == unknownType {
		object.Attributes.ContentType = ""
	}
	for _, blob := range chosen.blobs {
		object.Blobs = append(object.Blobs, eventlog.Blob{ID: string(blob.id), Size: blob.size})
	}
	return api.InPlace{Bucket: bucket, Key: key, Object: object, Complete: func(object *eventlog.Object) error {
		return r.complete(ctx, object)
	}}
}

// complete finds out the sums of an object's blobs, and its parts.
func (r *rebuilder) complete(ctx context.Context, object *eventlog.Object) error {
	etags := make([]string, len(object.Blobs))
	summing, within := errgroup.WithContext(ctx)
	summing.SetLimit(reads)
	for i := range object.Blobs {
		summing.Go(func() (err error) {
			etags[i], object.Blobs[i].CRC64NVME, err = r.sum(within, object.Blobs[i])
			return err
		})
	}
	if err := summing.Wait(); err != nil {
		return err
	}
	if object.Upload == "" {
		object.ETag = etags[0]
		return nil
	}
	for i, blob := range object.Blobs {
		object.Parts = append(object.Parts, eventlog.Part{
			Number: i + 1, Size: blob.Size, ETag: etags[i], Modified: backends.ID(blob.ID).Time(),
			Checksum: eventlog.Checksum{Algorithm: api.CRC64NVME, Value: blob.CRC64NVME},
		})
	}
	return nil
}

// sum reads a blob, and returns its MD5 in hexadecimal and its CRC64NVME in base64. A blob that is not what was stored is an
// *api.Error.
func (r *rebuilder) sum(ctx context.Context, blob eventlog.Blob) (etag, crc string, err error) {
	if err := r.reading.Acquire(ctx, 1); err != nil {
		return "", "", err
	}
	defer r.reading.Release(1)
	etagSum, crcSum := md5.New(), crc64nvme.New()
	from, err := r.blobs.Get(ctx, backends.ID(blob.ID), 0, blob.Size)
	if err == nil {
		_, err = io.CopyBuffer(io.MultiWriter(etagSum, crcSum), struct{ io.Reader }{from}, make([]byte, readSize))
		err = errors.Join(err, from.Close())
	}
	switch {
	case errors.Is(err, backends.ErrNotFound), errors.Is(err, backends.ErrChanged):
		return "", "", &api.Error{Code: api.InvalidRequest, Message: err.Error(), Cause: err}
	case err != nil:
		return "", "", err
	}
	return hex.EncodeToString(etagSum.Sum(nil)), base64.StdEncoding.EncodeToString(crcSum.Sum(nil)), nil
}
