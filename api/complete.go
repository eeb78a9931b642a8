package api

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// CompletedPart is a part as the client lists it to complete an upload.
type CompletedPart struct {
	Number   int
	ETag     string            // quotes are optional
	Checksum eventlog.Checksum // to compare with the part's; zero if not given
}

// CompleteUploadInput says which parts become the object.
type CompleteUploadInput struct {
	Bucket, Key, Upload string
	Parts               []CompletedPart // ascending by number
	Conditions          WriteConditions
	Size                *int64            // x-amz-mp-object-size: what the parts must add up to; nil if not given
	Checksum            eventlog.Checksum // of the whole object, to be checked; zero if not given
}

// CompleteUpload makes an object of an upload's parts, and ends the upload; no bytes move. Errors: NoSuchUpload,
// InvalidPart, InvalidPartOrder, EntityTooSmall (a part but the last under 5 MiB), MalformedXML (no parts), BadDigest,
// InvalidRequest, PreconditionFailed, NoSuchBucket, AccessDenied.
func (s *Service) CompleteUpload(ctx context.Context, by Caller, in CompleteUploadInput) (*Created, error) {
	if len(in.Parts) == 0 || len(in.Parts) > MaxPartNumber {
		return nil, NewError(MalformedXML)
	}
	leave, err := s.enter(maxCommands, bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, true))
	if err != nil {
		return nil, err
	}
	defer leave()
	upload, err := s.upload(ctx, by, in.Bucket, in.Key, in.Upload)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == NoSuchUpload {
		return s.completed(ctx, by, in, e)
	}
	if err != nil {
		return nil, err
	}
	stored, err := s.parts(ctx, upload)
	if err != nil {
		return nil, err
	}
	next, err := s.replace(ctx, by, in.Bucket, in.Key, in.Conditions)
	if err != nil {
		return nil, err
	}
	object := &next.created.Object
	if err := next.ownAs(upload); err != nil {
		return nil, err
	}
	object.Attributes, object.Upload = upload.Attributes, upload.ID
	unused, err := assemble(object, upload, stored, in.Parts)
	if err != nil {
		return nil, err
	}
	if in.Size != nil && *in.Size != object.Size {
		return nil, Errorf(InvalidRequest, "The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d.",
			*in.Size, object.Size)
	}
	if object.Checksum, err = completedChecksum(upload, object, in.Checksum); err != nil {
		return nil, err
	}
	if err := s.storeManifest(ctx, in.Bucket, in.Key, object); err != nil {
		return nil, err
	}
	next.created.Via = eventlog.ViaMultipart
	next.created.Freed = append(next.created.Freed, freedBlobs(unused)...)
	created, err := s.create(ctx, by, next)
	if object.Manifest != nil {
		s.settle(ctx, *object.Manifest, err)
	}
	return created, err
}

// ownAs gives the object the owner and the ACL that its upload was begun with, as far as the bucket still lets it.
func (c *creation) ownAs(upload *projections.Upload) error {
	object := &c.created.Object
	object.Owner, object.Grants = cmp.Or(upload.ObjectOwner, upload.Owner), upload.Grants
	if c.bucket.Ownership == eventlog.BucketOwnerEnforced {
		object.Owner, object.Grants = c.bucket.Owner, nil
	}
	return checkPublic(c.bucket, object.Grants)
}

// completed returns the object that an upload, which is no more, has become, if the key still has it: a client that did
// not get the answer asks again, and S3 answers the same. Otherwise it returns missing.
func (s *Service) completed(ctx context.Context, by Caller, in CompleteUploadInput, missing error) (*Created, error) {
	bucket, err := s.bucket(ctx, by, in.Bucket)
	if err != nil {
		return nil, err
	}
	object, err := s.current(ctx, in.Bucket, in.Key)
	if err != nil {
		return nil, err
	}
	if object == nil || object.Upload != in.Upload {
		return nil, missing
	}
	if etag, ok := compositeETag(in.Parts); !ok || etag != object.ETag {
		return nil, missing
	}
	return &Created{Object: object, VersionID: versionID(bucket, &object.Object)}, nil
}

// compositeETag is the ETag of an object of parts: the MD5 of their MD5s, and their number. It reports false for ETags
// that are none of parts.
func compositeETag(parts []CompletedPart) (string, bool) {
	etags := md5.New()
	for _, part := range parts {
		sum, err := hex.DecodeString(strings.Trim(part.ETag, `"`))
		if err != nil {
			return "", false
		}
		etags.Write(sum)
	}
	return hex.EncodeToString(etags.Sum(nil)) + "-" + strconv.Itoa(len(parts)), true
}

// assemble gives an object the parts of an upload that the client lists, and returns the blobs of the others.
func assemble(object *eventlog.Object, upload *projections.Upload, stored []*projections.Part, listed []CompletedPart) (unused []eventlog.Blob, err error) {
	for i := range listed[1:] {
		if listed[i].Number >= listed[i+1].Number {
			return nil, NewError(InvalidPartOrder)
		}
	}
	for i, want := range listed {
		for len(stored) > 0 && stored[0].Number < want.Number {
			unused = append(unused, stored[0].Blob)
			stored = stored[1:]
		}
		if err := want.checkChecksum(upload.Checksum); err != nil {
			return nil, err
		}
		if len(stored) == 0 || stored[0].Number != want.Number || !want.names(stored[0]) {
			return nil, NewError(InvalidPart, Detail{"UploadId", upload.ID}, Detail{"PartNumber", strconv.Itoa(want.Number)},
				Detail{"ETag", strings.Trim(want.ETag, `"`)})
		}
		part := stored[0]
		stored = stored[1:]
		if i < len(listed)-1 && part.Size < MinPartSize {
			return nil, NewError(EntityTooSmall, Detail{"ProposedSize", strconv.FormatInt(part.Size, 10)},
				Detail{"MinSizeAllowed", strconv.Itoa(MinPartSize)}, Detail{"PartNumber", strconv.Itoa(part.Number)}, Detail{"ETag", part.ETag})
		}
		object.Size += part.Size
		object.Parts = append(object.Parts, part.Part)
		object.Blobs = append(object.Blobs, part.Blob)
	}
	for _, part := range stored {
		unused = append(unused, part.Blob)
	}
	object.ETag, _ = compositeETag(listed) // each of which is that of a part
	return unused, nil
}

// checkChecksum checks that the client lists the checksum of a part as the upload's choice demands it.
func (p CompletedPart) checkChecksum(chosen eventlog.Checksum) error {
	switch given := p.Checksum.Algorithm; {
	case given == "" && chosen.Type == Composite:
		return Errorf(InvalidRequest, "The upload was created using a %s checksum. The complete request must include the "+
			"checksum for each part. It was missing for part %d in the request.", strings.ToLower(chosen.Algorithm), p.Number)
	case given != "" && chosen.Algorithm != "" && given != chosen.Algorithm:
		return Errorf(BadDigest, "The %s you specified for part %d did not match what we received.", strings.ToLower(given), p.Number)
	}
	return nil
}

// names tells whether the client means a stored part.
func (p CompletedPart) names(stored *projections.Part) bool {
	return strings.Trim(p.ETag, `"`) == stored.ETag && (p.Checksum.Algorithm == "" || p.Checksum == stored.Checksum)
}

// completedChecksum makes the checksum of an object of its parts', and checks it against the one that the client gives,
// which may lack the number of parts behind a composite one. Where the upload chose none it is the default one, of the
// blobs: the parts may have come with any.
func completedChecksum(upload *projections.Upload, object *eventlog.Object, given eventlog.Checksum) (checksum eventlog.Checksum, err error) {
	if chosen := upload.Checksum; chosen.Algorithm == "" {
		checksum, err = combineBlobs(object.Blobs)
	} else {
		checksum, err = combineChecksums(chosen.Algorithm, chosen.Type, object.Parts)
	}
	if err != nil {
		return checksum, err
	}
	sum, _, _ := strings.Cut(checksum.Value, "-")
	switch {
	case given.Type != "" && given.Type != checksum.Type:
		return checksum, Errorf(InvalidRequest,
			"The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", checksum.Type)
	case given.Value == "":
		return checksum, nil
	case given.Algorithm != checksum.Algorithm || given.Value != checksum.Value && given.Value != sum:
		return checksum, Errorf(BadDigest, "The %s you specified did not match the calculated checksum.", strings.ToLower(given.Algorithm))
	}
	return checksum, nil
}
