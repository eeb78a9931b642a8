package portable

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// Imported says what was imported, and what was not.
type Imported struct {
	Counted       // what is new
	Present int64 // objects and parts that were there already
	Markers int64 // delete markers, which are not imported
	LeftOut int64 // buckets, objects, uploads and parts
	Unnamed int64 // files that are no object's
	// Missing are the credentials of the export that are not among those of the server, or belong to other accounts there.
	Missing []Credential
}

// Import brings the export in a folder, or the tree of another implementation with its metadata, to a server, which has
// credentials and goes on serving. What the server has already stays. What cannot be imported is left out, and no error:
// the rest is worth having. An import that was cut short is gone on with by the next.
func Import(ctx context.Context, s Server, dir string, credentials []Credential, report Report) (imported Imported, err error) {
	tree, err := openTree(dir)
	if err != nil {
		return imported, err
	}
	defer func() { err = errors.Join(err, tree.close()) }()
	file, err := tree.open(metadataFile)
	if errors.Is(err, fs.ErrNotExist) {
		return imported, fmt.Errorf("%s is no export: it has no %s, which comes last; an export that was cut short has none either", dir, metadataFile)
	}
	if err != nil {
		return imported, err
	}
	defer file.Close()
	doc, err := readDocument(file.File, file.size)
	if err != nil {
		return imported, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	i := &importer{Server: s, tree: tree, doc: doc, tally: tally{report: report, total: doc.bytes}}
	i.skipped.paths = make(map[string]bool)
	for _, member := range doc.unknown {
		i.note(fmt.Sprintf("%q in %s is not imported: this program does not know it", member, metadataFile))
	}
	err = i.all(ctx, credentials)
	i.imported.LeftOut = i.leftOut
	if err != nil {
		err = fmt.Errorf("import from %s: %w; what was imported is complete, run the command again to go on", dir, err)
	}
	return i.imported, err
}

// importer imports an export.
type importer struct {
	Server
	tree     *tree
	doc      *document
	imported Imported
	skipped  skipped
	tally    // whose lock is that of imported, too
}

func (i *importer) all(ctx context.Context, credentials []Credential) error {
	if err := i.buckets(ctx); err != nil {
		return err
	}
	if err := i.uploads(ctx); err != nil {
		return err
	}
	if err := i.objects(ctx); err != nil {
		return err
	}
	if err := i.unnamed(ctx); err != nil {
		return err
	}
	for row, err := range rows[credentialRow](i.doc, credentialsMember) {
		if err != nil {
			return err
		}
		same := func(c Credential) bool { return c.AccessKey == row.AccessKeyID && c.ID == row.OwnerID }
		if credential, active := row.credential(); active && !slices.ContainsFunc(credentials, same) {
			i.imported.Missing = append(i.imported.Missing, credential)
		}
	}
	return nil
}

func (i *importer) buckets(ctx context.Context) error {
	for row, err := range rows[bucketRow](i.doc, bucketsMember) {
		if err != nil {
			return err
		}
		bucket, err := row.record()
		if err != nil {
			i.leaveOut(fmt.Errorf("bucket %q: %w", row.Name, err))
			continue
		}
		var made bool
		err = api.Patiently(ctx, func() (err error) {
			made, err = i.Service.ImportBucket(ctx, bucket)
			return err
		})
		if err := i.judge(ctx, fmt.Sprintf("bucket %q", row.Name), err); err != nil {
			return err
		}
		if err != nil {
			continue
		}
		now, err := i.Store.Bucket(ctx, bucket.Name)
		if err != nil && !errors.Is(err, projections.ErrNotFound) {
			return err
		}
		switch {
		case made:
			i.imported.Buckets++
			if err == nil && now.Region != bucket.Region {
				i.note(fmt.Sprintf("bucket %q was in region %q, and is in %q, that of this server", bucket.Name, bucket.Region, now.Region))
			}
		case err == nil && now.Owner.ID != bucket.Owner.ID:
			i.note(fmt.Sprintf("bucket %q is there already, and belongs to %q instead of %q: it stays as it is", bucket.Name, now.Owner.ID, bucket.Owner.ID))
		}
	}
	return nil
}

func (i *importer) objects(ctx context.Context) error {
	g, copying := errgroup.WithContext(ctx)
	g.SetLimit(copies)
	err := i.eachObject(copying, g)
	if failed := g.Wait(); failed != nil {
		return failed // which has ended the context of the others
	}
	return errors.Join(err, ctx.Err())
}

// eachObject begins to import each object.
func (i *importer) eachObject(ctx context.Context, g *errgroup.Group) error {
	bucket := &projections.Bucket{}
	for row, err := range rows[objectRow](i.doc, objectsMember) {
		if err != nil {
			return err
		}
		if row.DeleteMarker {
			i.imported.Markers++
			continue
		}
		if row.Bucket != bucket.Name {
			bucket, err = i.Store.Bucket(ctx, row.Bucket)
			if errors.Is(err, projections.ErrNotFound) {
				bucket = &projections.Bucket{Name: row.Bucket} // which ImportObject does not find, and says so
			} else if err != nil {
				return err
			}
		}
		owner := bucket.Owner
		g.Go(func() error { return i.object(ctx, row, owner) })
		if ctx.Err() != nil {
			return nil // of which objects knows the cause
		}
	}
	return nil
}

// object imports an object, which belongs to owner unless it says to whom.
func (i *importer) object(ctx context.Context, row *objectRow, owner eventlog.Owner) error {
	what := fmt.Sprintf("object %q in bucket %q", row.Key, row.Bucket)
	defer i.add(row.Size)
	plain, isPlain := plainPath(row.Bucket, row.Key)
	paths, err := row.files()
	object, invalid := row.record(owner)
	if err = errors.Join(err, invalid); err != nil {
		i.leaveOut(fmt.Errorf("%s: %w", what, err))
		i.skipped.add(append(paths, plain)...)
		return nil
	}
	in := api.ImportObjectInput{Bucket: row.Bucket, Key: row.Key, Object: object, Open: i.tree.opener(row.Size, paths...)}
	var made bool
	err = api.Patiently(ctx, func() (err error) {
		made, err = i.Service.ImportObject(ctx, in)
		return err
	})
	if err != nil || !isPlain {
		i.skipped.add(paths...)
	}
	if err := i.judge(ctx, what, err); err != nil {
		return err
	}
	i.count(made, err, &i.imported.Objects, row.Size)
	return nil
}

// count counts an object or a part.
func (i *importer) count(made bool, err error, kind *int64, bytes int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case err != nil:
	case made:
		*kind++
		i.imported.Bytes += bytes
	default:
		i.imported.Present++
	}
}

// judge returns an error that ends the import, and leaves out what another error is about.
func (i *importer) judge(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err = fmt.Errorf("%s: %w", what, err); !api.IsAboutImported(err) {
		return err
	}
	i.leaveOut(err)
	return nil
}
