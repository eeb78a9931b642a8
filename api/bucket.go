package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// scanLimit is how many records a query takes from the store at a time.
const scanLimit = 1000

// BucketListing says which of the caller's buckets are wanted.
type BucketListing struct {
	Prefix string // names that begin with it
	After  string // names greater than it
	Limit  int    // at most so many; 0 for all
}

// ListBuckets returns the buckets that belong to the caller, ascending by name, and whether there are more than the limit.
// Errors: AccessDenied.
func (s *Service) ListBuckets(ctx context.Context, by Caller, l BucketListing) (own []*projections.Bucket, more bool, err error) {
	if err := permit(by, ofNothing, nil, eventlog.Owner{}, nil); err != nil {
		return nil, false, err
	}
	for after := l.After; ; {
		page, err := s.store().Buckets(ctx, after, scanLimit)
		if err != nil {
			return nil, false, fmt.Errorf("list buckets behind %q: %w", after, err)
		}
		for _, bucket := range page {
			switch {
			case bucket.Owner.ID != by.Account.ID || !strings.HasPrefix(bucket.Name, l.Prefix):
			case l.Limit > 0 && len(own) == l.Limit:
				return own, true, nil
			default:
				own = append(own, bucket)
			}
		}
		if len(page) < scanLimit {
			return own, false, nil
		}
		after = page[len(page)-1].Name
	}
}

// CreateBucketInput describes a new bucket.
type CreateBucketInput struct {
	Bucket    string
	Location  string             // the request's LocationConstraint; empty for the server's region
	Ownership eventlog.Ownership // empty for the server's default
	ACL       ACLRequest
	Tags      []eventlog.Tag // which were checked
}

// CreateBucket makes a bucket that belongs to the caller. Re-creating one's own bucket succeeds in us-east-1, where it
// resets the ACL and changes nothing else, and is BucketAlreadyOwnedByYou elsewhere, as on S3; a bucket of somebody else
// is BucketAlreadyExists. Further errors: InvalidBucketName, IllegalLocationConstraint, InvalidLocationConstraint,
// InvalidBucketAclWithObjectOwnership, and those of PutBucketACL.
func (s *Service) CreateBucket(ctx context.Context, by Caller, in CreateBucketInput) error {
	if err := permit(by, ofNothing, nil, eventlog.Owner{}, nil); err != nil {
		return err
	}
	name := in.Bucket
	if err := checkBucketName(name); err != nil {
		return err
	}
	if in.Location != "" && in.Location != s.region {
		if !regionName.MatchString(in.Location) {
			return NewError(InvalidLocationConstraint, Detail{"LocationConstraint", in.Location})
		}
		return Errorf(IllegalLocationConstraint,
			"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", in.Location)
	}
	// Programs like to make sure of a bucket that they use: they need not hold up everybody in it.
	if existing, err := s.existingBucket(ctx, by, name); err != nil || existing != nil && keepsACL(existing, in.ACL) {
		return err
	}
	leave, err := s.enter(maxCommands, bucketLock(name, true))
	if err != nil {
		return err
	}
	defer leave()
	existing, err := s.existingBucket(ctx, by, name)
	if err != nil {
		return err
	}
	if existing != nil {
		return s.resetACL(ctx, by, existing, in.ACL)
	}
	bucket := &projections.Bucket{Name: name, Owner: by.Account, Ownership: cmp.Or(in.Ownership, s.ownership)}
	grants, err := s.bucketGrants(in.ACL, bucket)
	if err != nil {
		return err
	}
	if bucket.Ownership == eventlog.BucketOwnerEnforced && grantsOthers(grants, bucket.Owner) {
		return NewError(ACLWithOwnership)
	}
	decided := []eventlog.Data{&eventlog.BucketCreated{
		Bucket: name, Region: s.region, Owner: bucket.Owner, Ownership: bucket.Ownership, Grants: grants,
	}}
	if len(in.Tags) > 0 {
		decided = append(decided, &eventlog.BucketTagsSet{Bucket: name, Tags: in.Tags})
	}
	return s.commit(ctx, by, now(), decided...)
}

// existingBucket returns the bucket that there is, nil for none, or the error with which CreateBucket ends because of it.
func (s *Service) existingBucket(ctx context.Context, by Caller, name string) (*projections.Bucket, error) {
	switch bucket, err := s.store().Bucket(ctx, name); {
	case errors.Is(err, projections.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read bucket %q: %w", name, err)
	case bucket.Owner.ID != by.Account.ID:
		return nil, NewError(BucketAlreadyExists, Detail{"BucketName", name})
	case s.region == "us-east-1":
		return bucket, nil
	default:
		return nil, NewError(BucketAlreadyOwnedByYou, Detail{"BucketName", name})
	}
}

// resetACL gives a bucket that is created again, which the caller has locked, the ACL that it would have been created
// with.
func (s *Service) resetACL(ctx context.Context, by Caller, bucket *projections.Bucket, acl ACLRequest) error {
	grants, err := s.bucketGrants(acl, bucket)
	if err != nil || keepsACL(bucket, acl) {
		return err
	}
	return s.commit(ctx, by, now(), &eventlog.BucketACLSet{Bucket: bucket.Name, Grants: grants})
}

// keepsACL tells whether to create a bucket again would not change its ACL.
func keepsACL(bucket *projections.Bucket, acl ACLRequest) bool {
	return bucket.Ownership == eventlog.BucketOwnerEnforced || bucket.Grants == nil && acl.nothing()
}

// Bucket returns a bucket, for the operations that only read its configuration. Errors: NoSuchBucket, AccessDenied.
func (s *Service) Bucket(ctx context.Context, by Caller, name string) (*projections.Bucket, error) {
	return s.bucket(ctx, by, name)
}

// DeleteBucket removes a bucket without objects; one that has any is BucketNotEmpty. Uploads that were neither completed
// nor aborted do not keep a bucket, as on S3: they are aborted.
func (s *Service) DeleteBucket(ctx context.Context, by Caller, name string) error {
	leave, err := s.enter(maxFreeing, bucketLock(name, true))
	if err != nil {
		return err
	}
	defer leave()
	if _, err := s.bucket(ctx, by, name); err != nil {
		return err
	}
	objects, err := s.store().Objects(ctx, name, projections.Scan{Limit: 1})
	if err != nil {
		return fmt.Errorf("look for objects in bucket %q: %w", name, err)
	}
	versions, err := s.store().Versions(ctx, name, projections.Scan{Limit: 1})
	if err != nil {
		return fmt.Errorf("look for versions in bucket %q: %w", name, err)
	}
	if len(objects)+len(versions) > 0 {
		return NewError(BucketNotEmpty, Detail{"BucketName", name})
	}
	if err := s.abortAll(ctx, by, name); err != nil {
		return err
	}
	return s.commit(ctx, by, now(), &eventlog.BucketDeleted{Bucket: name})
}

// abortAll aborts the uploads of a bucket that the caller has locked exclusively.
func (s *Service) abortAll(ctx context.Context, by Caller, bucket string) error {
	for {
		uploads, err := s.store().Uploads(ctx, bucket, projections.Scan{Limit: scanLimit})
		if err != nil {
			return fmt.Errorf("look for uploads in bucket %q: %w", bucket, err)
		}
		for _, upload := range uploads {
			if err := s.abort(ctx, by, upload); err != nil {
				return err
			}
		}
		if len(uploads) < scanLimit {
			return nil
		}
	}
}
