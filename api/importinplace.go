package api

import (
	"context"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// InPlace is an object whose bytes are stored already, and stay where they are: elsewhere, or as blobs that nothing names.
type InPlace struct {
	Bucket, Key string
	// Object is what is known of it at once: its blobs, its size, and its ETag, unless that is to be found out.
	Object eventlog.Object
	// Complete adds the rest, which takes asking, or reading the bytes. It is not called if the object is there already. A
	// multipart object that it leaves without an ETag gets that of its parts, and one without a checksum that of its blobs, if
	// these have some.
	Complete func(*eventlog.Object) error
}

// ImportInPlace makes an object of bytes that are stored already, and tells whether it was not there yet. It is there if the key
// has an object with the same blobs, or with the same ETag and size. Nothing is stored, and after an error nothing is
// deleted, but for a manifest. Errors: NoSuchBucket, PreconditionFailed if the key has another object, or if that which
// was imported has changed in its place, InvalidRequest and MetadataTooLarge for an object that cannot be, those of keys and of
// Complete.
func (s *Service) ImportInPlace(ctx context.Context, in InPlace) (bool, error) {
	if err := checkKey(in.Key); err != nil {
		return false, err
	}
	if _, err := s.importedTo(ctx, in.Bucket); err != nil {
		return false, err
	}
	if there, err := s.isInPlace(ctx, in); there || err != nil {
		return false, err
	}
	object := &in.Object
	if err := in.Complete(object); err != nil {
		return false, err
	}
	if err := completeOfParts(object); err != nil {
		return false, err
	}
	if err := checkAttributes(&object.Attributes); err != nil {
		return false, err
	}
	if err := (&ImportObjectInput{Bucket: in.Bucket, Key: in.Key, Object: *object}).check(); err != nil {
		return false, err
	}
	stored := *object // may get a manifest in place of its lists
	made, err := s.createImported(ctx, in.Bucket, in.Key, &stored, func() (bool, error) { return s.isInPlace(ctx, in) })
	if stored.Manifest != nil {
		s.settle(ctx, *stored.Manifest, err)
	}
	return made, err
}

// checkAttributes returns an error unless an object can have attributes.
func checkAttributes(a *eventlog.Attributes) error {
	if err := CheckAttributes(a); err != nil {
		return err
	}
	return CheckMetadataSize(a.Metadata)
}

// completeOfParts gives an object what can be told by its parts and blobs.
func completeOfParts(object *eventlog.Object) (err error) {
	if object.ETag == "" && len(object.Parts) > 0 {
		parts := make([]CompletedPart, len(object.Parts))
		for i, part := range object.Parts {
			parts[i].ETag = part.ETag
		}
		object.ETag, _ = compositeETag(parts) // check finds out if that is none
	}
	unknown := func(blob eventlog.Blob) bool { return blob.CRC64NVME == "" }
	if object.Checksum.Algorithm == "" && !slices.ContainsFunc(object.Blobs, unknown) {
		object.Checksum, err = combineBlobs(object.Blobs)
	}
	return err
}

// isInPlace tells whether the object is there. Another one in its place is an error.
func (s *Service) isInPlace(ctx context.Context, in InPlace) (bool, error) {
	current, err := s.current(ctx, in.Bucket, in.Key)
	if current == nil || err != nil {
		return false, err
	}
	m, err := s.Manifest(ctx, current)
	if err != nil {
		return false, err
	}
	switch {
	case slices.EqualFunc(m.Blobs, in.Object.Blobs, isSame):
		return true, nil
	case slices.EqualFunc(m.Blobs, in.Object.Blobs, hasChanged):
		return false, Errorf(PreconditionFailed, "It has changed at %s since it was imported, and cannot be read any more: "+
			"delete it here, and import it again.", in.Object.Blobs[0].Place)
	case current.ETag != in.Object.ETag || current.Size != in.Object.Size:
		return false, otherObject(current)
	}
	return true, nil
}

// isSame tells whether two blobs are one, wherever it is.
func isSame(a, b eventlog.Blob) bool {
	if a.Place == "" {
		return a.ID == b.ID
	}
	return a.Place == b.Place && a.Tag == b.Tag
}

// hasChanged tells whether two blobs are different contents of one place.
func hasChanged(a, b eventlog.Blob) bool {
	return a.Place != "" && a.Place == b.Place && a.Tag != b.Tag
}

func otherObject(current *projections.Object) error {
	return Errorf(PreconditionFailed, "The key has another object already, of %d bytes with the ETag %q.", current.Size, current.ETag)
}
