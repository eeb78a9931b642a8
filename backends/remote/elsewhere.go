package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/bleepstore/bleepstore/backends"
)

// Opener opens a bucket of a service by its name.
type Opener func(ctx context.Context, bucket string) (Bucket, error)

// Elsewhere reads objects in any bucket of some services, by URLs such as s3://bucket/key. Nothing in these is escaped: all
// that is behind the slash is the key. It is safe for concurrent use.
type Elsewhere struct {
	openers map[string]Opener // by the schemes of URLs
	timeout time.Duration

	mu      sync.Mutex
	buckets map[string]Bucket // that are open, by the URL before their keys
}

// NewElsewhere makes one of what opens the buckets of each scheme. Timeout is as in Config.
func NewElsewhere(openers map[string]Opener, timeout time.Duration) *Elsewhere {
	return &Elsewhere{openers: openers, timeout: timeout, buckets: make(map[string]Bucket)}
}

// Bucket returns the bucket of a URL, which it keeps open until Close, and the key.
func (e *Elsewhere) Bucket(ctx context.Context, url string) (bucket Bucket, key string, err error) {
	base, key := backends.SplitPlace(url)
	scheme, name, _ := strings.Cut(base, "://")
	opener := e.openers[scheme]
	if opener == nil || name == "" {
		return nil, "", fmt.Errorf("%q is no URL of an object that can be read: want one such as s3://bucket/key", url)
	}
	if bucket = e.opened(base); bucket != nil {
		return bucket, key, nil
	}
	// Whoever opens it first wins: to look for credentials may take a while, for which nobody else should wait.
	if bucket, err = opener(ctx, name); err != nil {
		return nil, "", fmt.Errorf("open %s: %w", base, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if first := e.buckets[base]; first != nil {
		return first, key, bucket.Close()
	}
	e.buckets[base] = bucket
	return bucket, key, nil
}

func (e *Elsewhere) opened(base string) Bucket {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.buckets[base]
}

// Open returns the bytes [offset, offset+length) of the object at a URL, which must have the tag; the caller closes the reader.
// Errors are those of Bucket.Get.
func (e *Elsewhere) Open(ctx context.Context, url, tag string, offset, length int64) (io.ReadCloser, error) {
	bucket, key, err := e.Bucket(ctx, url)
	if err != nil {
		return nil, err
	}
	if length == 0 {
		return io.NopCloser(eof{}), nil
	}
	return Open(ctx, bucket, key, tag, offset, length, e.timeout, func(info Info) error {
		return backends.CheckRange(offset, length, info.Size)
	})
}

// Check tells whether the bucket of a URL is there and can be read.
func (e *Elsewhere) Check(ctx context.Context, url string) error {
	bucket, _, err := e.Bucket(ctx, url)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	return timedOut(ctx, bucket.Check(ctx))
}

// List yields the objects whose URLs begin with one, as Bucket.List does.
func (e *Elsewhere) List(ctx context.Context, url string) iter.Seq2[Info, error] {
	bucket, prefix, err := e.Bucket(ctx, url)
	if err != nil {
		return func(yield func(Info, error) bool) { yield(Info{}, err) }
	}
	return listAll(ctx, bucket, prefix, e.timeout)
}

// Head returns what is known of the object at a URL. Errors are those of Bucket.Head.
func (e *Elsewhere) Head(ctx context.Context, url string) (Info, error) {
	bucket, key, err := e.Bucket(ctx, url)
	if err != nil {
		return Info{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	info, err := bucket.Head(ctx, key)
	return info, timedOut(ctx, err)
}

// Close closes all buckets. No call is under way or follows.
func (e *Elsewhere) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, bucket := range e.buckets {
		errs = append(errs, bucket.Close())
	}
	return errors.Join(errs...)
}
