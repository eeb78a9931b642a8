package adopt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/eventlog"
)

// Upstream is the buckets of clouds. URLs are as of remote.Elsewhere, which is one.
type Upstream interface {
	// Check tells whether the bucket of a URL is there and can be read.
	Check(ctx context.Context, url string) error
	// List yields the objects whose URLs begin with one. Their Headers and Metadata may be missing.
	List(ctx context.Context, url string) iter.Seq2[remote.Info, error]
	// Head returns what is known of the object at a URL; backends.ErrNotFound if there is none.
	Head(ctx context.Context, url string) (remote.Info, error)
}

// Elsewhere makes objects in a bucket, which is made if it is not there, of all objects whose URLs begin with from, under the
// same keys. They name the bytes where they are. What cannot be an object here is left out, and no error. What was cut
// short is gone on with by the next call.
func Elsewhere(ctx context.Context, s Server, upstream Upstream, from, bucket string, report Report) (Adopted, error) {
	if err := upstream.Check(ctx, from); err != nil {
		return Adopted{}, fmt.Errorf("look into %s: %w", from, err)
	}
	e := &elsewhere{
		adopter: adopter{Server: s, buckets: make(map[string]eventlog.Owner), report: report}, upstream: upstream, bucketName: bucket,
	}
	owner, err := e.bucket(ctx, bucket)
	if err != nil {
		return Adopted{}, err
	}
	err = together(ctx, func(ctx context.Context, g *errgroup.Group) error { return e.each(ctx, g, from, owner) })
	if err != nil {
		err = fmt.Errorf("import from %s: %w; what was imported stays, run the command again to go on", from, err)
	}
	return e.adopted, err
}

// elsewhere makes objects of those in another bucket.
type elsewhere struct {
	adopter
	upstream   Upstream
	bucketName string
}

// each begins to make each object.
func (e *elsewhere) each(ctx context.Context, g *errgroup.Group, from string, owner eventlog.Owner) error {
	base, _ := backends.SplitPlace(from)
	done := int64(0)
	for info, err := range e.upstream.List(ctx, from) {
		if err != nil {
			return err
		}
		g.Go(func() error { return e.one(ctx, base+"/"+info.Name, info, owner) })
		done++
		e.progress(done, 0, "objects")
	}
	return nil
}

// errGone says that an object was deleted since it was listed.
var errGone = errors.New("it is not there any more")

// one makes the object of the one at a place.
func (e *elsewhere) one(ctx context.Context, place string, listed remote.Info, owner eventlog.Owner) error {
	in := api.InPlace{Bucket: e.bucketName, Key: listed.Name, Object: eventlog.Object{Owner: owner}}
	describe(&in.Object, place, listed)
	in.Complete = func(object *eventlog.Object) error {
		info := listed
		if info.Metadata == nil {
			var err error
			if info, err = e.head(ctx, place); err != nil {
				return err
			}
			if info.Tag == listed.Tag {
				info.Modified = listed.Modified // which may be told to the millisecond
			}
			info.Headers.StorageClass = cmp.Or(info.Headers.StorageClass, listed.Headers.StorageClass)
		}
		if slices.Contains(archived, info.Headers.StorageClass) {
			return api.Errorf(api.InvalidRequest, "It is in %s, where it cannot be read: restore it to another class.", info.Headers.StorageClass)
		}
		describe(object, place, info)
		return nil
	}
	if err := e.object(ctx, in); !errors.Is(err, errGone) {
		return err
	}
	return nil
}

// head asks about an object. One that cannot be asked about, in a bucket that can, is left out.
func (e *elsewhere) head(ctx context.Context, place string) (remote.Info, error) {
	info, err := e.upstream.Head(ctx, place)
	switch {
	case err == nil:
		return info, nil
	case errors.Is(err, backends.ErrNotFound):
		return info, errGone
	case errors.Is(err, backends.ErrBusy) || e.upstream.Check(ctx, place) != nil:
		return info, err
	}
	return info, &api.Error{Code: api.InvalidRequest, Message: err.Error(), Cause: err}
}

// archived are the storage classes, as the services call them, from which nothing can be read at once.
var archived = []string{"GLACIER", "DEEP_ARCHIVE", "Archive"}

// describe sets what is told of an object elsewhere.
func describe(object *eventlog.Object, place string, info remote.Info) {
	object.Size, object.ETag = info.Size, info.ETag
	object.Modified = info.Modified.UTC().Truncate(time.Millisecond)
	blob := eventlog.Blob{Size: info.Size, Place: place, Tag: info.Tag}
	if len(object.Blobs) > 0 {
		blob.ID = object.Blobs[0].ID
	} else {
		blob.ID = string(backends.NewID())
	}
	object.Blobs = []eventlog.Blob{blob}
	object.Attributes = eventlog.Attributes{
		ContentType: info.Headers.ContentType, ContentEncoding: info.Headers.ContentEncoding,
		ContentLanguage: info.Headers.ContentLanguage, ContentDisposition: info.Headers.ContentDisposition,
		CacheControl: info.Headers.CacheControl, Expires: info.Headers.Expires,
	}
	if object.Attributes.ContentType == unknownType {
		object.Attributes.ContentType = ""
	}
	if api.IsStorageClass(info.Headers.StorageClass) {
		object.Attributes.StorageClass = info.Headers.StorageClass
	}
	if len(info.Metadata) > 0 {
		object.Attributes.Metadata = info.Metadata
	}
}

// unknownType is the type that S3 tells of an object for which it was told none, as do we.
const unknownType = "binary/octet-stream"
