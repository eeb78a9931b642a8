// Package adopt makes objects of bytes that are stored already and stay where they are: of the objects of somebody else's bucket
// in a cloud, and of the blobs of a log that is lost.
package adopt

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// adoptions is how many objects are made at once. They share commits of the log, and wait for clouds beside each other.
const adoptions = 32

// Server is where objects are made.
type Server struct {
	Service *api.Service
	Store   projections.MetadataStore
	// Owner is to whom buckets belong that are made, and Ownership whose the objects in them are.
	Owner     eventlog.Owner
	Ownership eventlog.Ownership
}

// Report is told how it goes on, by one goroutine at a time.
type Report interface {
	// LeftOut is told of each thing of which no object is made, and why.
	LeftOut(error)
	// Note is told what whoever has asked should know, and is no failure.
	Note(string)
	// Progress is told how much is done, of how much if that is known, else 0. Unit is what of, in the plural.
	Progress(done, total int64, unit string)
}

// Adopted says what was made, and what was not.
type Adopted struct {
	Buckets, Objects, Bytes int64 // that are new
	Present                 int64 // objects that were there already
	LeftOut                 int64 // objects that cannot be, or are in the way of others
}

// adopter makes objects.
type adopter struct {
	Server
	buckets map[string]eventlog.Owner // that are there, with whom objects in them belong to

	mu      sync.Mutex // of all below
	report  Report
	adopted Adopted
}

// bucket sees to it that there is a bucket, and returns whose it is.
func (a *adopter) bucket(ctx context.Context, name string) (eventlog.Owner, error) {
	if owner, known := a.buckets[name]; known {
		return owner, nil
	}
	var made bool
	err := api.Patiently(ctx, func() (err error) {
		made, err = a.Service.ImportBucket(ctx, &projections.Bucket{Name: name, Owner: a.Owner, Ownership: a.Ownership})
		return err
	})
	if err != nil {
		return eventlog.Owner{}, fmt.Errorf("make bucket %q: %w", name, err)
	}
	bucket, err := a.Store.Bucket(ctx, name)
	if err != nil {
		return eventlog.Owner{}, fmt.Errorf("read bucket %q: %w", name, err)
	}
	if made {
		a.mu.Lock()
		a.adopted.Buckets++
		a.mu.Unlock()
	}
	a.buckets[name] = bucket.Owner
	return bucket.Owner, nil
}

// object makes an object. What cannot be is left out, and no error.
func (a *adopter) object(ctx context.Context, in api.InPlace) error {
	var made bool
	err := api.Patiently(ctx, func() (err error) {
		made, err = a.Service.ImportInPlace(ctx, in)
		return err
	})
	switch {
	case err == nil:
		a.count(made, in.Object.Size)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if err = fmt.Errorf("object %q in bucket %q: %w", in.Key, in.Bucket, err); !api.IsAboutImported(err) {
		return err
	}
	a.leaveOut(err)
	return nil
}

func (a *adopter) count(made bool, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !made {
		a.adopted.Present++
		return
	}
	a.adopted.Objects++
	a.adopted.Bytes += bytes
}

func (a *adopter) leaveOut(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.adopted.LeftOut++
	a.report.LeftOut(err)
}

func (a *adopter) note(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.Note(fmt.Sprintf(format, args...))
}

func (a *adopter) progress(done, total int64, unit string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.Progress(done, total, unit)
}

// together lets begin begin many things beside each other, and returns when all have ended. An error of one ends the others.
func together(ctx context.Context, begin func(ctx context.Context, g *errgroup.Group) error) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(adoptions)
	err := begin(within, g)
	if failed := g.Wait(); failed != nil {
		return failed // which has ended the context of begin
	}
	return errors.Join(err, ctx.Err())
}
