package api

import (
	"context"
	"fmt"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// NamedBlob is a blob, and what names it.
type NamedBlob struct {
	Bucket, Key string
	Version     string // internal id of the object or version; empty for a part
	Upload      string // of a part
	Part        int
	Label       backends.Label // what a backend is told of the blob
	eventlog.Blob
}

func (b NamedBlob) String() string {
	what := fmt.Sprintf("version %s of object %q in bucket %q", b.Version, b.Key, b.Bucket)
	if b.Upload != "" {
		what = fmt.Sprintf("part %d of upload %s", b.Part, b.Upload)
	}
	return fmt.Sprintf("blob %s, which %s names", b.ID, what)
}

// NamedBlobs returns the blobs whose bytes a record, as the change that writes it, needs: those of an object, a version or
// a part. The manifest of an object comes first, before what it lists; if it cannot be read, it comes alone, with the error.
func (s *Service) NamedBlobs(ctx context.Context, record projections.Change) ([]NamedBlob, error) {
	switch r := record.(type) {
	case projections.PutObject:
		return s.namedByObject(ctx, r.Object.Bucket, r.Object.Key, &r.Object.Object)
	case projections.PutVersion:
		return s.namedByObject(ctx, r.Version.Bucket, r.Version.Key, &r.Version.Object)
	case projections.PutPart:
		label := backends.Label{Upload: r.Part.Upload, Part: r.Part.Number}
		return []NamedBlob{{Upload: r.Part.Upload, Part: r.Part.Number, Label: label, Blob: r.Part.Blob}}, nil
	}
	return nil, nil
}

func (s *Service) namedByObject(ctx context.Context, bucket, key string, object *eventlog.Object) (named []NamedBlob, err error) {
	add := func(blob eventlog.Blob, label backends.Label) {
		named = append(named, NamedBlob{Bucket: bucket, Key: key, Version: object.Version, Label: label, Blob: blob})
	}
	m := eventlog.Manifest{Blobs: object.Blobs, Parts: object.Parts}
	if object.Manifest != nil {
		add(*object.Manifest, backends.Label{Bucket: bucket, Key: key, Manifest: true})
		if m, err = s.readManifest(ctx, object.Manifest); err != nil {
			return named, err
		}
	}
	label := labelOf(bucket, key, object.Attributes)
	for i, blob := range m.Blobs {
		if i < len(m.Parts) {
			label.Upload, label.Part = object.Upload, m.Parts[i].Number
		}
		add(blob, label)
	}
	return named, nil
}

// FreedBlobs returns the blobs that are garbage with a record: the one that it names and, if that is a manifest, those that it
// lists.
func (s *Service) FreedBlobs(ctx context.Context, garbage projections.Garbage) ([]backends.ID, error) {
	listed, err := s.listedBy(ctx, garbage.FreeBlob)
	return append(blobIDs(listed), backends.ID(garbage.ID)), err
}

// Settled returns the records as of now, which the caller closes, and a boundary: of every blob below it, it was decided before
// whether something names it, so that the records show it; and what nothing names then, nothing ever will.
func (s *Service) Settled(ctx context.Context) (records projections.Snapshot, boundary backends.ID, err error) {
	boundary = s.incoming.oldest()
	records, err = s.snapshot(ctx)
	return records, boundary, err
}

// Undecided returns the blobs that were begun, with their labels, and of which it is not decided whether something names them.
// Those whose Put has returned before, and which are not among them, are in records that are read from now on, if anywhere.
func (s *Service) Undecided() map[backends.ID]backends.Label { return s.incoming.all() }

// KeepBlobs sees to it that no blob is deleted that something names now, until release is called.
func (s *Service) KeepBlobs() (release func()) {
	s.reaping.Lock()
	return s.reaping.Unlock
}
