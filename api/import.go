package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// Imports bring what was made elsewhere, as it was made there. Nobody's permission is asked: they are for who runs the server.
// What is there already stays as it is; where it is the same, an import has nothing to do and says so. The errors that are
// an *Error, but SlowDown, InsufficientStorage and ServiceUnavailable, are about what was to be imported.

// ImportBucket makes a bucket with its configuration, and tells whether it was not there yet. Its region is the server's.
func (s *Service) ImportBucket(ctx context.Context, bucket *projections.Bucket) (bool, error) {
	if err := checkImportedBucket(bucket); err != nil {
		return false, err
	}
	leave, err := s.enter(maxCommands, bucketLock(bucket.Name, true))
	if err != nil {
		return false, err
	}
	defer leave()
	switch _, err := s.store().Bucket(ctx, bucket.Name); {
	case err == nil:
		return false, nil
	case !errors.Is(err, projections.ErrNotFound):
		return false, fmt.Errorf("read bucket %q: %w", bucket.Name, err)
	}
	decided := []eventlog.Data{&eventlog.BucketCreated{
		Bucket: bucket.Name, Region: s.region, Owner: bucket.Owner, Ownership: bucket.Ownership, Grants: bucket.Grants,
		Created: bucket.Created,
	}}
	if bucket.Versioning != "" {
		decided = append(decided, &eventlog.BucketVersioningSet{Bucket: bucket.Name, Status: bucket.Versioning})
	}
	if bucket.PublicAccessBlock != nil {
		decided = append(decided, &eventlog.BucketPublicAccessBlockSet{Bucket: bucket.Name, PublicAccessBlock: *bucket.PublicAccessBlock})
	}
	if len(bucket.CORS) > 0 {
		decided = append(decided, &eventlog.BucketCORSSet{Bucket: bucket.Name, Rules: bucket.CORS})
	}
	if len(bucket.Tags) > 0 {
		decided = append(decided, &eventlog.BucketTagsSet{Bucket: bucket.Name, Tags: bucket.Tags})
	}
	if len(bucket.Notification) > 0 {
		decided = append(decided, &eventlog.BucketNotificationSet{Bucket: bucket.Name, Rules: bucket.Notification})
	}
	return true, s.commit(ctx, Caller{}, now(), decided...)
}

func checkImportedBucket(bucket *projections.Bucket) error {
	if err := checkBucketName(bucket.Name); err != nil {
		return err
	}
	switch bucket.Versioning {
	case "", eventlog.VersioningEnabled, eventlog.VersioningSuspended:
	default:
		return Errorf(InvalidRequest, "There is no versioning %q.", bucket.Versioning)
	}
	switch bucket.Ownership {
	case "", eventlog.ObjectWriter, eventlog.BucketOwnerPreferred, eventlog.BucketOwnerEnforced:
	default:
		return Errorf(InvalidRequest, "There is no object ownership %q.", bucket.Ownership)
	}
	if len(bucket.CORS) > 0 {
		if err := checkCORS(bucket.CORS); err != nil {
			return err
		}
	}
	if err := BucketTags.Check(bucket.Tags); err != nil {
		return err
	}
	if err := checkNotification(bucket.Notification); err != nil {
		return err
	}
	if bucket.Ownership == eventlog.BucketOwnerEnforced && grantsOthers(bucket.Grants, bucket.Owner) {
		return NewError(ACLWithOwnership)
	}
	return checkImportedACL(bucket.Owner, bucket.Grants)
}

// checkImportedACL returns an error unless a thing may belong to owner and have the grants. Accounts that this server does not
// know are no mistake: their credentials may follow.
func checkImportedACL(owner eventlog.Owner, grants []eventlog.Grant) error {
	if owner.ID == "" {
		return Errorf(InvalidRequest, "It belongs to nobody: the id of its owner is empty.")
	}
	if err := checkImportedAccount(owner); err != nil {
		return err
	}
	if len(grants) > MaxGrants {
		return NewError(MalformedACL)
	}
	for _, g := range grants {
		if err := checkImportedAccount(g.Account); err != nil {
			return err
		}
		switch g.Permission {
		case eventlog.PermissionRead, eventlog.PermissionWrite, eventlog.PermissionReadACP, eventlog.PermissionWriteACP,
			eventlog.PermissionFullControl:
		default:
			return Errorf(InvalidRequest, "There is no permission %q.", g.Permission)
		}
		groups := []string{eventlog.GroupAllUsers, eventlog.GroupAuthenticatedUsers, eventlog.GroupLogDelivery}
		if g.Group != "" && !slices.Contains(groups, g.Group) {
			return Errorf(InvalidRequest, "There is no group %q.", g.Group)
		}
		if g.Group == "" && g.Account.ID == "" {
			return Errorf(InvalidRequest, "A permission is granted to nobody: the id of an account is empty.")
		}
	}
	return nil
}

// checkImportedAccount returns an error unless an account's id and name can be in documents: one that clients cannot parse would
// keep them from the list of the whole bucket.
func checkImportedAccount(account eventlog.Owner) error {
	for _, text := range []string{account.ID, account.Name} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return Errorf(InvalidRequest, "%q cannot be the id or the name of an account.", text)
		}
	}
	return nil
}

// ImportUpload begins a multipart upload again that was begun elsewhere, under its id, and tells whether it was neither under
// way nor completed here yet. No other upload has the id, which the caller has seen to. Errors: NoSuchBucket, those of
// keys and tags, and InvalidRequest for an id or an ACL that is none.
func (s *Service) ImportUpload(ctx context.Context, upload *projections.Upload) (bool, error) {
	if err := errors.Join(
		checkKey(upload.Key), checkImportedACL(upload.Owner, upload.Grants), checkImportedAccount(upload.ObjectOwner),
		ObjectTags.Check(upload.Attributes.Tags),
	); err != nil {
		return false, AsError(err)
	}
	if !ValidUploadID(upload.ID) {
		return false, Errorf(InvalidRequest, "The id of the upload, %q, is not one of letters, digits and any of \"._~-\".", upload.ID)
	}
	if c := upload.Checksum; c.Algorithm != "" {
		if kind, ok := checksumType(c.Algorithm, c.Type); newChecksum(c.Algorithm) == nil || !ok || kind != c.Type {
			return false, Errorf(InvalidRequest, "The checksum %q cannot be of the type %q.", c.Algorithm, c.Type)
		}
	}
	leave, err := s.enter(maxCommands, bucketLock(upload.Bucket, false), keyLock(upload.Bucket, upload.Key, true))
	if err != nil {
		return false, err
	}
	defer leave()
	if _, err := s.importedTo(ctx, upload.Bucket); err != nil {
		return false, err
	}
	switch _, err := s.store().Upload(ctx, upload.Bucket, upload.Key, upload.ID); {
	case err == nil:
		return false, nil
	case !errors.Is(err, projections.ErrNotFound):
		return false, fmt.Errorf("read upload %s of %q in bucket %q: %w", upload.ID, upload.Key, upload.Bucket, err)
	}
	current, err := s.current(ctx, upload.Bucket, upload.Key)
	if err != nil || current != nil && current.Upload == upload.ID {
		return false, err
	}
	return true, s.commit(ctx, Caller{}, now(), &eventlog.UploadCreated{
		Bucket: upload.Bucket, Key: upload.Key, Upload: upload.ID, Owner: upload.Owner, Attributes: upload.Attributes,
		Grants: upload.Grants, ObjectOwner: upload.ObjectOwner, Checksum: upload.Checksum, Initiated: upload.Initiated,
	})
}

// importedTo returns the bucket that something is imported to.
func (s *Service) importedTo(ctx context.Context, name string) (*projections.Bucket, error) {
	bucket, err := s.store().Bucket(ctx, name)
	if errors.Is(err, projections.ErrNotFound) {
		return nil, NewError(NoSuchBucket, Detail{"BucketName", name})
	}
	if err != nil {
		return nil, fmt.Errorf("read bucket %q: %w", name, err)
	}
	return bucket, nil
}
