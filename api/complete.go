package api

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
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
func (s *Service) CompleteUpload(ctx context.Context, by Caller, in CompleteUploadInput) (*projections.Object, error) {
	if len(in.Parts) == 0 || len(in.Parts) > MaxPartNumber {
		return nil, NewError(MalformedXML)
	}
	defer s.locks.acquire(bucketLock(in.Bucket, false), keyLock(in.Bucket, in.Key, true))()
	upload, err := s.upload(ctx, by, in.Bucket, in.Key, in.Upload)
	if err != nil {
		return nil, err
	}
	stored, err := s.parts(ctx, upload)
	if err != nil {
		return nil, err
	}
	current, err := s.replaceable(ctx, by, in.Bucket, in.Key, in.Conditions)
	if err != nil {
		return nil, err
	}
	object := newObject(by, current)
	object.Owner, object.Attributes = upload.Owner, upload.Attributes
	unused, err := assemble(&object, stored, in.Parts)
	if err != nil {
		return nil, err
	}
	if in.Size != nil && *in.Size != object.Size {
		return nil, Errorf(InvalidRequest, "The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d.",
			*in.Size, object.Size)
	}
	if object.Checksum, err = completedChecksum(upload, object.Parts, in.Checksum); err != nil {
		return nil, err
	}
	if err := s.storeManifest(ctx, &object); err != nil {
		return nil, err
	}
	return s.create(ctx, by, &eventlog.ObjectCreated{
		Bucket: in.Bucket, Key: in.Key, Via: eventlog.ViaMultipart, Object: object, Upload: in.Upload,
		Freed: append(freed(current), freedBlobs(unused)...),
	})
}

// assemble gives an object the parts of an upload that the client lists, and returns the blobs of the others.
func assemble(object *eventlog.Object, stored []*projections.Part, listed []CompletedPart) (unused []eventlog.Blob, err error) {
	etags := md5.New()
	for i, want := range listed {
		if i > 0 && want.Number <= listed[i-1].Number {
			return nil, NewError(InvalidPartOrder)
		}
		for len(stored) > 0 && stored[0].Number < want.Number {
			unused = append(unused, stored[0].Blob)
			stored = stored[1:]
		}
		if len(stored) == 0 || stored[0].Number != want.Number || !want.names(stored[0]) {
			return nil, NewError(InvalidPart, Detail{"PartNumber", strconv.Itoa(want.Number)}, Detail{"ETag", want.ETag})
		}
		part := stored[0]
		stored = stored[1:]
		if i < len(listed)-1 && part.Size < MinPartSize {
			return nil, NewError(EntityTooSmall, Detail{"ProposedSize", strconv.FormatInt(part.Size, 10)},
				Detail{"MinSizeAllowed", strconv.Itoa(MinPartSize)}, Detail{"PartNumber", strconv.Itoa(part.Number)}, Detail{"ETag", part.ETag})
		}
		sum, err := hex.DecodeString(part.ETag)
		if err != nil {
			return nil, fmt.Errorf("ETag of part %d: %w", part.Number, err)
		}
		etags.Write(sum)
		object.Size += part.Size
		object.Parts = append(object.Parts, part.Part)
		object.Blobs = append(object.Blobs, part.Blob)
	}
	for _, part := range stored {
		unused = append(unused, part.Blob)
	}
	object.ETag = hex.EncodeToString(etags.Sum(nil)) + "-" + strconv.Itoa(len(listed))
	return unused, nil
}

// names tells whether the client means a stored part.
func (p CompletedPart) names(stored *projections.Part) bool {
	return strings.Trim(p.ETag, `"`) == stored.ETag &&
		(p.Checksum.Value == "" || p.Checksum.Algorithm == stored.Checksum.Algorithm && p.Checksum.Value == stored.Checksum.Value)
}

// completedChecksum makes the checksum of an object of its parts', and checks it against the one that the client gives.
func completedChecksum(upload *projections.Upload, parts []eventlog.Part, given eventlog.Checksum) (eventlog.Checksum, error) {
	algorithm, kind := upload.Checksum.Algorithm, upload.Checksum.Type
	if algorithm == "" {
		algorithm, kind = CRC64NVME, FullObject
	}
	checksum, err := combineChecksums(algorithm, kind, parts)
	if err != nil {
		return checksum, err
	}
	switch {
	case given.Type != "" && given.Type != kind:
		return checksum, Errorf(InvalidRequest,
			"The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", kind)
	case given.Value == "":
		return checksum, nil
	case given.Algorithm != algorithm || given.Value != checksum.Value:
		return checksum, Errorf(BadDigest, "The %s you specified did not match the calculated checksum.", given.Algorithm)
	}
	return checksum, nil
}
