package api

import (
	"context"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// ownerFor returns the account to which an object belongs that the caller makes in a bucket under an ACL.
func ownerFor(by Caller, acl ACLRequest, bucket *projections.Bucket) eventlog.Owner {
	switch {
	case bucket.Ownership == eventlog.BucketOwnerEnforced,
		bucket.Ownership == eventlog.BucketOwnerPreferred && acl.Canned == "bucket-owner-full-control":
		return bucket.Owner
	}
	return by.owner()
}

// PutBucketOwnership says to whom the objects in a bucket belong from now on. ACLs can only be switched off where that of
// the bucket grants nothing to others than its owner. Errors: NoSuchBucket, AccessDenied,
// InvalidBucketAclWithObjectOwnership.
func (s *Service) PutBucketOwnership(ctx context.Context, by Caller, name string, ownership eventlog.Ownership) error {
	return s.configure(ctx, by, name, func(bucket *projections.Bucket) (eventlog.Data, error) {
		if ownership == eventlog.BucketOwnerEnforced && grantsOthers(bucket.Grants, bucket.Owner) {
			return nil, NewError(ACLWithOwnership)
		}
		return &eventlog.BucketOwnershipSet{Bucket: name, Ownership: ownership}, nil
	})
}

// DeleteBucketOwnership removes the ownership controls of a bucket. Errors: NoSuchBucket, AccessDenied.
func (s *Service) DeleteBucketOwnership(ctx context.Context, by Caller, name string) error {
	return s.configure(ctx, by, name, func(bucket *projections.Bucket) (eventlog.Data, error) {
		if bucket.Ownership == "" {
			return nil, nil
		}
		return &eventlog.BucketOwnershipDeleted{Bucket: name}, nil
	})
}

// grantsOthers tells whether an ACL gives anything to others than the owner.
func grantsOthers(grants []eventlog.Grant, owner eventlog.Owner) bool {
	for _, g := range grants {
		if g.Group != "" || g.Account.ID != owner.ID {
			return true
		}
	}
	return false
}
