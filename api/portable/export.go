package portable

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/durable"
	"github.com/bleepstore/bleepstore/projections"
)

// Options say what is exported.
type Options struct {
	Source       string // who exports: name/version
	Credentials  []Credential
	MetadataOnly bool // no files
}

// Exported says what was exported, and what was not.
type Exported struct {
	Position eventlog.Position
	Counted
	Escaped  int64 // objects that are not in the place of their keys
	Versions int64 // that are not current, and are not in the export
	Markers  int64 // delete markers, which are not in the export
	LeftOut  int64 // objects and parts that are in the metadata and could not be read
}

// Counted counts what was exported or imported.
type Counted struct {
	Buckets, Objects, Uploads, Parts int64
	Bytes                            int64 // of objects and parts
}

// Export writes what a server holds to a folder, which is new or empty, as of one position and while the server goes on.
// The metadata comes last: without it, a folder is no export. Objects that cannot be read are left out, and no error: the
// rest is worth having.
func Export(ctx context.Context, s Server, dir string, o Options, report Report) (exported Exported, err error) {
	ctx = backends.Once(ctx)
	switch now, err := s.Store.Position(ctx); {
	case err != nil:
		return exported, err
	case now.IsZero(): // as where --data has a slip of the pen
		return exported, errors.New("there is nothing to export: the server holds nothing yet")
	}
	tree, err := makeTree(dir)
	if err != nil {
		return exported, err
	}
	defer func() { err = errors.Join(err, tree.close()) }()
	release := s.Service.KeepBlobs() // before the snapshot, which names them
	defer release()
	records, err := s.Store.Snapshot(ctx)
	if err != nil {
		return exported, err
	}
	defer records.Close()

	e := &exporter{service: s.Service, records: records, options: o, tree: tree, tally: tally{report: report}}
	if e.exported.Position, err = records.Position(ctx); err != nil {
		return exported, err
	}
	if err := e.count(ctx); err != nil {
		return exported, err
	}
	if err := e.write(ctx); err != nil {
		return exported, fmt.Errorf("export to %s: %w; what is there is of no use", dir, err)
	}
	e.exported.LeftOut = e.leftOut
	return e.exported, nil
}

// exporter writes an export.
type exporter struct {
	service  *api.Service
	records  projections.Records
	options  Options
	tree     *tree
	copying  *errgroup.Group
	exported Exported
	tally
}

// count finds out how much there is to do, and what is not exported.
func (e *exporter) count(ctx context.Context) error {
	for change, err := range projections.Each(ctx, e.records) {
		if err != nil {
			return err
		}
		switch c := change.(type) {
		case projections.PutObject:
			e.total += c.Object.Size
		case projections.PutPart:
			e.total += c.Part.Size
		case projections.PutVersion:
			if c.Version.DeleteMarker {
				e.exported.Markers++
			} else {
				e.exported.Versions++
			}
		}
	}
	return nil
}

// unfinishedFile is the metadata while it is written.
const unfinishedFile = "." + metadataFile + ".unfinished"

func (e *exporter) write(ctx context.Context) (err error) {
	file, err := e.tree.create(unfinishedFile)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := bufio.NewWriter(file)
	if err := e.document(ctx, newDocumentWriter(buffer, envelope{
		ExportedAt: moment(time.Now()), SchemaVersion: formVersion, Source: e.options.Source, Version: formVersion,
	})); err != nil {
		return err
	}
	if err := errors.Join(buffer.Flush(), file.Sync()); err != nil {
		return err
	}
	if err := durable.SyncTree(e.tree.dir); err != nil { // the names of files, which are synced themselves
		return err
	}
	if err := e.tree.root.Rename(unfinishedFile, metadataFile); err != nil {
		return err
	}
	return durable.Sync(e.tree.dir)
}

// document writes the metadata, and meanwhile the files that it is about.
func (e *exporter) document(ctx context.Context, d *documentWriter) error {
	var copying context.Context
	e.copying, copying = errgroup.WithContext(ctx)
	e.copying.SetLimit(copies)
	err := e.lists(copying, d)
	if failed := e.copying.Wait(); failed != nil {
		return failed // which has ended the context of the lists
	}
	if err != nil {
		return err
	}
	return d.end()
}

func (e *exporter) lists(ctx context.Context, d *documentWriter) error {
	for _, list := range []struct {
		name string
		each func(ctx context.Context, add func(any) error) error
	}{
		{bucketsMember, e.buckets},
		{credentialsMember, e.credentials},
		{partsMember, e.parts},
		{uploadsMember, e.uploads},
		{objectsMember, e.objects},
	} {
		if err := d.list(list.name, func(add func(any) error) error { return list.each(ctx, add) }); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) buckets(ctx context.Context, add func(any) error) error {
	return eachBucket(ctx, e.records, func(bucket *projections.Bucket) error {
		e.exported.Buckets++
		if err := add(newBucketRow(bucket)); err != nil || e.options.MetadataOnly || bucket.Name == metadataFile {
			return err
		}
		return e.tree.mkdir(bucket.Name) // others expect a folder also of one that is empty
	})
}

func (e *exporter) credentials(_ context.Context, add func(any) error) error {
	for _, c := range e.options.Credentials {
		if err := add(newCredentialRow(c)); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) parts(ctx context.Context, add func(any) error) error {
	return e.eachUpload(ctx, func(upload *projections.Upload) error {
		for after := 0; ; {
			page, err := e.records.Parts(ctx, upload.ID, after, pageSize)
			if err != nil {
				return fmt.Errorf("read parts of upload %s behind %d: %w", upload.ID, after, err)
			}
			for _, part := range page {
				after = part.Number
				e.exported.Parts++
				e.exported.Bytes += part.Size
				if err := add(newPartRow(part)); err != nil {
					return err
				}
				if err := e.part(ctx, part); err != nil {
					return err
				}
			}
			if len(page) < pageSize {
				return nil
			}
		}
	})
}

func (e *exporter) uploads(ctx context.Context, add func(any) error) error {
	return e.eachUpload(ctx, func(upload *projections.Upload) error {
		e.exported.Uploads++
		return add(newUploadRow(upload))
	})
}

func (e *exporter) objects(ctx context.Context, add func(any) error) error {
	return eachBucket(ctx, e.records, func(bucket *projections.Bucket) error {
		for object, err := range eachObject(ctx, e.records, bucket.Name) {
			if err != nil {
				return err
			}
			e.exported.Objects++
			e.exported.Bytes += object.Size
			m, err := e.service.Manifest(ctx, object)
			if err != nil && ctx.Err() != nil {
				return err
			}
			if err != nil {
				e.leaveOut(err)
				e.add(object.Size)
			}
			file := ""
			if err == nil {
				if file, err = e.object(ctx, object); err != nil {
					return err
				}
			}
			if err := add(newObjectRow(bucket, object, m.Parts, file)); err != nil {
				return err
			}
		}
		return nil
	})
}

// pageSize is how many records are read at once.
const pageSize = 1000

func eachBucket(ctx context.Context, records projections.Records, visit func(*projections.Bucket) error) error {
	for after := ""; ; {
		page, err := records.Buckets(ctx, after, pageSize)
		if err != nil {
			return fmt.Errorf("read buckets behind %q: %w", after, err)
		}
		for _, bucket := range page {
			after = bucket.Name
			if err := visit(bucket); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

func eachObject(ctx context.Context, records projections.Records, bucket string) iter.Seq2[*projections.Object, error] {
	return func(yield func(*projections.Object, error) bool) {
		for scan := (projections.Scan{Limit: pageSize}); ; {
			page, err := records.Objects(ctx, bucket, scan)
			if err != nil {
				yield(nil, fmt.Errorf("read objects of bucket %s from %q: %w", bucket, scan.Start, err))
				return
			}
			for _, object := range page {
				scan.Start = object.Key + "\x00" // the least key above
				if !yield(object, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// makeTree opens the folder of a tree that is to be written, which is made where it does not exist.
func makeTree(dir string) (*tree, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the export: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.Name() != "lost+found" { // which a new file system has
			return nil, fmt.Errorf("%s is not empty: it has %s; nothing is written there, choose another folder", dir, entry.Name())
		}
	}
	return openTree(dir)
}
