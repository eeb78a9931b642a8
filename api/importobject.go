package api

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"

	"github.com/bleepstore/bleepstore/backends"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/sortid"
	"github.com/bleepstore/bleepstore/projections"
)

// ImportObjectInput is an object that was made elsewhere.
type ImportObjectInput struct {
	Bucket, Key string
	// Object is what is known of it. Version is its version id, NullVersion included, and empty for a new one; without a
	// checksum it gets the default one. Of its parts, which it need not have, all is known but their blobs.
	Object eventlog.Object
	// Open returns its bytes. It is not called if the object is there already.
	Open func() (io.ReadCloser, error)
}

// ImportObject stores an object, and tells whether it was not there yet. Its bytes must be those that its ETag is of, as far as
// that can be told, and those of its checksums. Errors: NoSuchBucket, BadDigest, IncompleteBody, PreconditionFailed if the
// key has another object, InvalidRequest for an object that cannot be, those of keys, of tags and of Open.
func (s *Service) ImportObject(ctx context.Context, in ImportObjectInput) (bool, error) {
	if _, err := s.importedTo(ctx, in.Bucket); err != nil { // which is also why the object may have no owner
		return false, err
	}
	if err := in.check(); err != nil {
		return false, err
	}
	if imported, err := s.imported(ctx, in); imported || err != nil { // before its bytes are read
		return false, err
	}
	object := in.Object
	object.Null = object.Version == NullVersion
	if err := s.receiveImported(ctx, &object, in); err != nil {
		return false, err
	}
	named := object.Blobs
	made, err := s.createImported(ctx, in.Bucket, in.Key, &object, func() (bool, error) { return s.imported(ctx, in) })
	if object.Manifest != nil {
		named = append(named, *object.Manifest)
	}
	for _, blob := range named {
		if made {
			s.settle(ctx, blob, err)
		} else {
			s.discard(ctx, blob)
		}
	}
	return made, err
}

// imported tells whether the object is there. Another one in its place is an error.
func (s *Service) imported(ctx context.Context, in ImportObjectInput) (bool, error) {
	current, err := s.current(ctx, in.Bucket, in.Key)
	if current == nil || err != nil {
		return false, err
	}
	if current.ETag != in.Object.ETag || current.Size != in.Object.Size {
		return false, otherObject(current)
	}
	return true, nil
}

// createImported commits the object, whose bytes are stored, unless imported tells that it is there by now. It tells whether it
// came to that.
func (s *Service) createImported(
	ctx context.Context, bucketName, key string, object *eventlog.Object, imported func() (bool, error),
) (bool, error) {
	leave, err := s.enter(maxCommands, bucketLock(bucketName, false), keyLock(bucketName, key, true))
	if err != nil {
		return false, err
	}
	defer leave()
	bucket, err := s.importedTo(ctx, bucketName)
	if err != nil {
		return false, err
	}
	if there, err := imported(); there || err != nil {
		return false, err
	}
	history, err := s.history(ctx, bucket, key)
	if err != nil {
		return false, err
	}
	latest, err := history.latest(ctx)
	if err != nil {
		return false, err
	}
	place, err := history.succeed(ctx)
	if err != nil {
		return false, err
	}
	// The id is kept that it had, if that does not put it before what the key has had.
	if latest != nil || bucket.Versioning == "" || object.Version == "" {
		object.Version, object.Null, object.OlderNull = place.version, place.null, place.olderNull
	} else if object.Null {
		object.Version = place.version
	}
	if err := s.storeManifest(ctx, bucketName, key, object); err != nil {
		return false, err
	}
	changed := totalsOf(&projections.Object{Object: *object}).Minus(totalsOf(history.current))
	return true, s.commitObjects(ctx, Caller{}, now(), changed, &eventlog.ObjectCreated{
		Bucket: bucketName, Key: key, Via: eventlog.ViaImport, Object: *object, Displaced: place.displaced,
	})
}

var (
	plainETag = regexp.MustCompile(`^[0-9a-f]{32}$`)
	anyETag   = regexp.MustCompile(`^[!#-~]{1,128}$`) // what can be in quotes
)

// check returns an error unless there can be such an object.
func (in *ImportObjectInput) check() error {
	o := &in.Object
	if err := checkKey(in.Key); err != nil {
		return err
	}
	if err := checkImportedACL(o.Owner, o.Grants); err != nil {
		return err
	}
	if err := ObjectTags.Check(o.Attributes.Tags); err != nil {
		return err
	}
	if !anyETag.MatchString(o.ETag) {
		return Errorf(InvalidRequest, "%q cannot be an ETag.", o.ETag)
	}
	if o.Size < 0 || o.Modified.IsZero() {
		return Errorf(InvalidRequest, "It has no size, or no time of its last change.")
	}
	if o.Version != "" && o.Version != NullVersion && (sortid.Check(o.Version) != nil || sortid.Time(o.Version).After(now())) {
		return Errorf(InvalidRequest, "%q cannot be the version id of an object.", o.Version)
	}
	return checkImportedParts(o)
}

func checkImportedParts(o *eventlog.Object) error {
	if len(o.Parts) > MaxPartNumber {
		return Errorf(InvalidRequest, "It has %d parts, more than %d.", len(o.Parts), MaxPartNumber)
	}
	size, before := int64(0), 0
	for _, part := range o.Parts {
		if part.Number <= before || part.Number > MaxPartNumber || part.Size < 0 || part.Size > MaxPutSize {
			return Errorf(InvalidRequest, "Part %d with %d bytes cannot follow part %d.", part.Number, part.Size, before)
		}
		if err := checkImportedPart(part); err != nil {
			return err
		}
		if o.Checksum.Algorithm != "" && part.Checksum.Algorithm != o.Checksum.Algorithm {
			return Errorf(InvalidRequest, "Part %d has a checksum of %q, and the object one of %q.",
				part.Number, part.Checksum.Algorithm, o.Checksum.Algorithm)
		}
		size, before = size+part.Size, part.Number
	}
	if len(o.Parts) > 0 && size != o.Size {
		return Errorf(InvalidRequest, "It has %d bytes, and its parts have %d.", o.Size, size)
	}
	return nil
}

func checkImportedPart(part eventlog.Part) error {
	switch {
	case !plainETag.MatchString(part.ETag):
		return Errorf(InvalidRequest, "The ETag of part %d is %q, and not the MD5 of its bytes.", part.Number, part.ETag)
	case part.Checksum.Algorithm != "" && newChecksum(part.Checksum.Algorithm) == nil:
		return Errorf(InvalidRequest, "Part %d has a checksum of %q, which there is not.", part.Number, part.Checksum.Algorithm)
	}
	return nil
}

// receiveImported stores the bytes of an object as blobs, one for each part, and checks them. After an error there is none.
func (s *Service) receiveImported(ctx context.Context, object *eventlog.Object, in ImportObjectInput) (err error) {
	file, err := in.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	defer func() {
		if err != nil {
			for _, blob := range object.Blobs {
				s.discard(ctx, blob)
			}
		}
	}()
	label := labelOf(in.Bucket, in.Key, object.Attributes)
	sum := md5.New()
	source := &hashedReader{file, sum}
	if len(object.Parts) > 0 {
		err = s.receiveParts(ctx, object, file, label)
	} else {
		err = s.receivePieces(ctx, object, source, label)
	}
	if err != nil {
		return err
	}
	if n, err := io.ReadFull(file, make([]byte, 1)); n > 0 || err != io.EOF {
		if err == nil {
			err = Errorf(IncompleteBody, "There are more bytes than the %d of the object.", object.Size)
		}
		return err
	}
	if len(object.Parts) == 0 && plainETag.MatchString(object.ETag) && hex.EncodeToString(sum.Sum(nil)) != object.ETag {
		return otherBytes(hex.EncodeToString(sum.Sum(nil)), object.ETag)
	}
	return nil
}

func otherBytes(found, want string) error {
	return Errorf(BadDigest, "Its bytes are not those that were stored: their MD5 is %s, and the ETag is %s.", found, want)
}

// receivePieces stores the bytes of an object that has no parts. Only where it is too large for that they are several blobs.
func (s *Service) receivePieces(ctx context.Context, object *eventlog.Object, file io.Reader, label backends.Label) error {
	given := object.Checksum
	for left := object.Size; left > 0 || len(object.Blobs) == 0; {
		body := Body{Length: min(left, MaxPutSize)}
		body.Reader = io.LimitReader(file, body.Length)
		if object.Size <= MaxPutSize && given.Type != Composite {
			body.Algorithm = given.Algorithm
		}
		c, err := s.receive(ctx, body, label)
		if err != nil {
			return err
		}
		object.Blobs = append(object.Blobs, c.blob)
		left -= c.blob.Size
		if object.Checksum = c.checksum; body.Algorithm == "" {
			if object.Checksum, err = combineBlobs(object.Blobs); err != nil {
				return err
			}
		}
	}
	object.Checksum.Type = FullObject
	return checkImportedSum(object, given)
}

// receiveParts stores the bytes of an object part by part.
func (s *Service) receiveParts(ctx context.Context, object *eventlog.Object, file io.Reader, label backends.Label) (err error) {
	for _, part := range object.Parts {
		label.Upload, label.Part = object.Upload, part.Number
		blob, err := s.receiveImportedPart(ctx, part, io.LimitReader(file, part.Size), label)
		if err != nil {
			return err
		}
		object.Blobs = append(object.Blobs, blob)
	}
	given := object.Checksum
	if given.Algorithm == "" {
		object.Checksum, err = combineBlobs(object.Blobs)
		return err
	}
	if kind, ok := checksumType(given.Algorithm, given.Type); !ok || kind != given.Type {
		return Errorf(InvalidRequest, "The checksum %q cannot be of the type %q.", given.Algorithm, given.Type)
	}
	if object.Checksum, err = combineChecksums(given.Algorithm, given.Type, object.Parts); err != nil {
		return err
	}
	return checkImportedSum(object, given)
}

// receiveImportedPart stores the bytes of a part, and checks them.
func (s *Service) receiveImportedPart(ctx context.Context, part eventlog.Part, file io.Reader, label backends.Label) (eventlog.Blob, error) {
	c, err := s.receive(ctx, Body{Reader: file, Length: part.Size, Algorithm: part.Checksum.Algorithm}, label)
	if err != nil {
		return eventlog.Blob{}, fmt.Errorf("part %d: %w", part.Number, err)
	}
	if found := hex.EncodeToString(c.md5); found != part.ETag {
		err = fmt.Errorf("part %d: %w", part.Number, otherBytes(found, part.ETag))
	}
	if part.Checksum.Algorithm != "" && c.checksum.Value != part.Checksum.Value {
		err = Errorf(BadDigest, "The %s of part %d is %q, and was %q.", c.checksum.Algorithm, part.Number, c.checksum.Value, part.Checksum.Value)
	}
	if err != nil {
		s.discard(ctx, c.blob)
		return eventlog.Blob{}, err
	}
	return c.blob, nil
}

// checkImportedSum compares the checksum of the bytes with that which the object had, if it is known.
func checkImportedSum(object *eventlog.Object, given eventlog.Checksum) error {
	if given.Algorithm != "" && object.Checksum != given {
		return Errorf(BadDigest, "The %s of the object is %q, and was %q.", object.Checksum.Algorithm, object.Checksum.Value, given.Value)
	}
	return nil
}

// hashedReader hashes what is read.
type hashedReader struct {
	io.Reader
	hash hash.Hash
}

func (r *hashedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.hash.Write(p[:n])
	return n, err
}

// ImportPartInput is a part of an upload that was imported.
type ImportPartInput struct {
	Bucket, Key, Upload string
	Part                eventlog.Part
	Open                func() (io.ReadCloser, error) // see ImportObjectInput
}

// ImportPart stores a part, and tells whether it was not there yet. Errors: NoSuchUpload, PreconditionFailed if there is
// another part with the number, and those of ImportObject.
func (s *Service) ImportPart(ctx context.Context, in ImportPartInput) (bool, error) {
	part := in.Part
	if part.Number < 1 || part.Number > MaxPartNumber || part.Size < 0 || part.Size > MaxPutSize {
		return false, Errorf(InvalidRequest, "There cannot be a part %d with %d bytes.", part.Number, part.Size)
	}
	if err := checkImportedPart(part); err != nil {
		return false, err
	}
	if imported, err := s.importedPart(ctx, in); imported || err != nil {
		return false, err
	}
	file, err := in.Open()
	if err != nil {
		return false, err
	}
	defer file.Close()
	label := backends.Label{Bucket: in.Bucket, Key: in.Key, Upload: in.Upload, Part: part.Number}
	blob, err := s.receiveImportedPart(ctx, part, file, label)
	if err != nil {
		return false, err
	}
	if part.Checksum.Algorithm == "" {
		part.Checksum = eventlog.Checksum{Algorithm: CRC64NVME, Value: blob.CRC64NVME}
	}
	made, err := s.storeImportedPart(ctx, in, part, blob)
	if made {
		s.settle(ctx, blob, err)
	} else {
		s.discard(ctx, blob)
	}
	return made, err
}

// storeImportedPart commits the part, whose bytes are stored, unless there is one by now. It tells whether it came to that.
func (s *Service) storeImportedPart(ctx context.Context, in ImportPartInput, part eventlog.Part, blob eventlog.Blob) (bool, error) {
	leave, err := s.enter(maxCommands, bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, false), partLock(in.Upload, part.Number))
	if err != nil {
		return false, err
	}
	defer leave()
	if imported, err := s.importedPart(ctx, in); imported || err != nil {
		return false, err
	}
	return true, s.commit(ctx, Caller{}, now(), &eventlog.PartStored{
		Bucket: in.Bucket, Key: in.Key, Upload: in.Upload, Part: part, Blob: blob,
	})
}

// importedPart tells whether the part is there. Another one in its place is an error, as is an upload that is not there.
func (s *Service) importedPart(ctx context.Context, in ImportPartInput) (bool, error) {
	upload, err := s.store().Upload(ctx, in.Bucket, in.Key, in.Upload)
	if errors.Is(err, projections.ErrNotFound) {
		return false, NewError(NoSuchUpload, Detail{"UploadId", in.Upload})
	}
	if err != nil {
		return false, fmt.Errorf("read upload %s of %q in bucket %q: %w", in.Upload, in.Key, in.Bucket, err)
	}
	algorithm := cmp.Or(in.Part.Checksum.Algorithm, CRC64NVME)
	if chosen := upload.Checksum.Algorithm; chosen != "" && chosen != algorithm {
		return false, Errorf(InvalidRequest, "The upload is checked with %s, and part %d with %s.", chosen, in.Part.Number, algorithm)
	}
	switch stored, err := s.store().Part(ctx, in.Upload, in.Part.Number); {
	case errors.Is(err, projections.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read part %d of upload %s: %w", in.Part.Number, in.Upload, err)
	case stored.ETag != in.Part.ETag || stored.Size != in.Part.Size:
		return false, Errorf(PreconditionFailed, "There is another part %d already, of %d bytes with the ETag %q.",
			in.Part.Number, stored.Size, stored.ETag)
	}
	return true, nil
}
