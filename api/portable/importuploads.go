package portable

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/projections"
)

// uploads imports uploads and their parts. Both lists come in the order of the uploads' ids, so that only some of the uploads
// are in memory at once.
func (i *importer) uploads(ctx context.Context) error {
	next, stop := iter.Pull2(rows[partRow](i.doc, partsMember))
	defer stop()
	parts := &partReader{next: next}
	parts.advance()
	window := make(map[string]*uploadRow)
	for row, err := range rows[uploadRow](i.doc, uploadsMember) {
		if err != nil {
			return err
		}
		if window[row.UploadID] = row; len(window) == uploadWindow {
			if err := i.window(ctx, window, parts, &row.UploadID); err != nil {
				return err
			}
			clear(window)
		}
	}
	return i.window(ctx, window, parts, nil)
}

// partReader reads the rows of parts.
type partReader struct {
	next func() (*partRow, error, bool)
	row  *partRow // nil at the end
	err  error
}

func (p *partReader) advance() {
	row, err, ok := p.next()
	if p.row, p.err = row, err; !ok {
		p.row = nil
	}
}

// window imports some uploads, and the parts up to those of the last one, nil for all.
func (i *importer) window(ctx context.Context, uploads map[string]*uploadRow, parts *partReader, last *string) error {
	taken, err := i.taken(ctx, uploads)
	if err != nil {
		return err
	}
	open := make(map[string]*uploadRow)
	for id, row := range uploads {
		if !taken[id] {
			if err := i.upload(ctx, row, open); err != nil {
				return err
			}
			continue
		}
		i.leaveOut(fmt.Errorf("upload %q of %q in bucket %q: an upload of another key has its id", id, row.Key, row.Bucket))
	}
	g, copying := errgroup.WithContext(ctx)
	g.SetLimit(copies)
	for ; parts.row != nil && (last == nil || parts.row.UploadID <= *last) && copying.Err() == nil; parts.advance() {
		row := parts.row
		upload := open[row.UploadID]
		if upload == nil {
			i.withoutUpload(row)
			continue
		}
		g.Go(func() error { return i.part(copying, upload, row) })
	}
	return errors.Join(g.Wait(), parts.err, ctx.Err())
}

// taken returns the ids that uploads of other keys have. New ones cannot come to have them, since the server makes ids that
// were not there before.
func (i *importer) taken(ctx context.Context, uploads map[string]*uploadRow) (map[string]bool, error) {
	taken := make(map[string]bool)
	err := scanUploads(ctx, i.Store, func(upload *projections.Upload) {
		if row := uploads[upload.ID]; row != nil && (row.Bucket != upload.Bucket || row.Key != upload.Key) {
			taken[upload.ID] = true
		}
	})
	return taken, err
}

// upload imports an upload, and adds it to open if it takes parts.
func (i *importer) upload(ctx context.Context, row *uploadRow, open map[string]*uploadRow) error {
	what := fmt.Sprintf("upload %q of %q in bucket %q", row.UploadID, row.Key, row.Bucket)
	upload, err := row.record()
	if err != nil {
		i.leaveOut(fmt.Errorf("%s: %w", what, err))
		return nil
	}
	var made bool
	err = api.Patiently(ctx, func() (err error) {
		made, err = i.Service.ImportUpload(ctx, upload)
		return err
	})
	if err := i.judge(ctx, what, err); err != nil {
		return err
	}
	if err != nil {
		return nil
	}
	if made {
		i.imported.Uploads++
	} else if _, err := i.Store.Upload(ctx, upload.Bucket, upload.Key, upload.ID); err != nil {
		if !errors.Is(err, projections.ErrNotFound) {
			return err
		}
		i.skipped.add(partsFolder + "/" + upload.ID) // which was completed since it was imported
		return nil
	}
	open[upload.ID] = row
	return nil
}

// withoutUpload leaves out a part whose upload was left out or completed, or is not there.
func (i *importer) withoutUpload(row *partRow) {
	i.add(row.Size)
	if i.skipped.has(partsFolder + "/" + row.UploadID) {
		i.count(false, nil, nil, 0)
		return
	}
	i.skipped.add(row.files()...)
	i.leaveOut(fmt.Errorf("part %d of upload %q: the upload is not there", row.PartNumber, row.UploadID))
}

func (i *importer) part(ctx context.Context, upload *uploadRow, row *partRow) error {
	what := fmt.Sprintf("part %d of upload %q", row.PartNumber, row.UploadID)
	defer i.add(row.Size)
	part, err := row.record()
	if err != nil {
		i.leaveOut(fmt.Errorf("%s: %w", what, err))
		i.skipped.add(row.files()...)
		return nil
	}
	in := api.ImportPartInput{
		Bucket: upload.Bucket, Key: upload.Key, Upload: upload.UploadID, Part: part, Open: i.tree.opener(row.Size, row.files()...),
	}
	var made bool
	err = api.Patiently(ctx, func() (err error) {
		made, err = i.Service.ImportPart(ctx, in)
		return err
	})
	if err != nil {
		i.skipped.add(row.files()...)
	}
	if err := i.judge(ctx, what, err); err != nil {
		return err
	}
	i.count(made, err, &i.imported.Parts, row.Size)
	return nil
}
