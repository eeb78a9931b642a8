package api

import (
	"context"
	"slices"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// MaxGrants is how many grants an ACL can have.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
const MaxGrants = 100

// ACLRequest is the access control list that a request asks for: a canned one or grants, not both. The zero value asks
// for nothing, which is the private one.
type ACLRequest struct {
	Canned string // such as "public-read"
	// Grants are in place of a canned ACL; nil for none. Of an account they have the id alone.
	Grants []eventlog.Grant
	// Owner is the id of the account to which the request says that the thing belongs; empty if it does not say.
	Owner string
}

// nothing tells whether the request asks for no ACL.
func (a *ACLRequest) nothing() bool { return a.Canned == "" && a.Grants == nil }

// ACL is who has which permission on a bucket or an object.
type ACL struct {
	Owner  eventlog.Owner
	Grants []eventlog.Grant
}

// aclOf returns an ACL as it is told. Without ACLs, the owner of the bucket has everything.
func aclOf(bucket *projections.Bucket, owner eventlog.Owner, grants []eventlog.Grant) ACL {
	if bucket.Ownership == eventlog.BucketOwnerEnforced {
		owner, grants = bucket.Owner, nil
	}
	if grants == nil {
		grants = []eventlog.Grant{fullControl(owner)}
	}
	return ACL{Owner: owner, Grants: grants}
}

func fullControl(owner eventlog.Owner) eventlog.Grant {
	return eventlog.Grant{Account: owner, Permission: eventlog.PermissionFullControl}
}

// BucketACL returns the ACL of a bucket. Errors: NoSuchBucket, AccessDenied.
func (s *Service) BucketACL(ctx context.Context, by Caller, name string) (ACL, error) {
	bucket, err := s.bucket(ctx, by, name)
	if err != nil {
		return ACL{}, err
	}
	return aclOf(bucket, bucket.Owner, bucket.Grants), nil
}

// PutBucketACL replaces the ACL of a bucket. Errors: NoSuchBucket, AccessDenied, and those of ACLs: InvalidArgument for an
// account or a canned ACL that does not exist, AccessControlListNotSupported.
func (s *Service) PutBucketACL(ctx context.Context, by Caller, name string, acl ACLRequest) error {
	return s.configure(ctx, by, name, func(bucket *projections.Bucket) (eventlog.Data, error) {
		if bucket.Ownership == eventlog.BucketOwnerEnforced {
			return nil, NewError(ACLNotSupported)
		}
		grants, err := s.bucketGrants(acl, bucket)
		if err != nil {
			return nil, err
		}
		return &eventlog.BucketACLSet{Bucket: name, Grants: grants}, nil
	})
}

// ObjectACL returns the ACL of an object, and its version id. Errors: those of HeadObject.
func (s *Service) ObjectACL(ctx context.Context, by Caller, in ObjectName) (ACL, string, error) {
	found, err := s.find(ctx, by, in)
	if err != nil {
		return ACL{}, "", err
	}
	return aclOf(found.bucket, found.object.Owner, found.object.Grants), found.versionID(), nil
}

// PutObjectACL replaces the ACL of an object, and returns its version id. Errors: those of HeadObject and PutBucketACL.
func (s *Service) PutObjectACL(ctx context.Context, by Caller, in ObjectName, acl ACLRequest) (string, error) {
	return s.change(ctx, by, in,
		func(bucket *projections.Bucket, object *eventlog.Object) (err error) {
			object.Grants, err = s.objectGrants(acl, bucket, object.Owner)
			return err
		},
		func(c eventlog.ObjectChanged) eventlog.Data { return &eventlog.ObjectACLSet{ObjectChanged: c} })
}

// bucketGrants returns the ACL that a request asks for of a bucket; nil for the private one.
func (s *Service) bucketGrants(acl ACLRequest, bucket *projections.Bucket) ([]eventlog.Grant, error) {
	if acl.Canned == "log-delivery-write" {
		return []eventlog.Grant{
			fullControl(bucket.Owner),
			{Group: eventlog.GroupLogDelivery, Permission: eventlog.PermissionWrite},
			{Group: eventlog.GroupLogDelivery, Permission: eventlog.PermissionReadACP},
		}, nil
	}
	return s.grants(acl, bucket, bucket.Owner)
}

// objectGrants returns the ACL that a request asks for of an object in a bucket that belongs to owner; nil for the private
// one.
func (s *Service) objectGrants(acl ACLRequest, bucket *projections.Bucket, owner eventlog.Owner) ([]eventlog.Grant, error) {
	if bucket.Ownership != eventlog.BucketOwnerEnforced || acl.nothing() {
		return s.grants(acl, bucket, owner)
	}
	givesAll := func(g eventlog.Grant) bool {
		return g.Group == "" && g.Account.ID == bucket.Owner.ID && g.Permission == eventlog.PermissionFullControl
	}
	if acl.Canned != "bucket-owner-full-control" && (len(acl.Grants) != 1 || !givesAll(acl.Grants[0])) {
		return nil, NewError(ACLNotSupported)
	}
	return nil, nil
}

func (s *Service) grants(acl ACLRequest, bucket *projections.Bucket, owner eventlog.Owner) ([]eventlog.Grant, error) {
	if acl.Owner != "" && acl.Owner != owner.ID {
		return nil, NewError(AccessDenied) // nobody can give things away
	}
	grants := acl.Grants
	var err error
	if grants != nil {
		grants, err = s.known(grants, bucket, owner)
	} else {
		grants, err = canned(acl.Canned, bucket, owner)
	}
	if err != nil {
		return nil, err
	}
	return grants, checkPublic(bucket, grants)
}

// checkPublic returns AccessDenied for grants to everybody where the bucket blocks them.
func checkPublic(bucket *projections.Bucket, grants []eventlog.Grant) error {
	block := bucket.PublicAccessBlock
	return deniedUnless(block == nil || !block.BlockPublicACLs || !slices.ContainsFunc(grants, isPublic))
}

// isPublic tells whether a grant is to everybody, or to every account.
func isPublic(g eventlog.Grant) bool {
	return g.Group == eventlog.GroupAllUsers || g.Group == eventlog.GroupAuthenticatedUsers
}

// canned returns the grants that a canned ACL stands for; nil for the private one.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
func canned(name string, bucket *projections.Bucket, owner eventlog.Owner) ([]eventlog.Grant, error) {
	toGroup := func(group string, permissions ...eventlog.Permission) []eventlog.Grant {
		grants := []eventlog.Grant{fullControl(owner)}
		for _, p := range permissions {
			grants = append(grants, eventlog.Grant{Group: group, Permission: p})
		}
		return grants
	}
	toBucketOwner := func(p eventlog.Permission) []eventlog.Grant {
		if bucket.Owner.ID == owner.ID {
			return nil
		}
		return []eventlog.Grant{fullControl(owner), {Account: bucket.Owner, Permission: p}}
	}
	switch name {
	case "", "private":
		return nil, nil
	case "public-read":
		return toGroup(eventlog.GroupAllUsers, eventlog.PermissionRead), nil
	case "public-read-write":
		return toGroup(eventlog.GroupAllUsers, eventlog.PermissionRead, eventlog.PermissionWrite), nil
	case "authenticated-read":
		return toGroup(eventlog.GroupAuthenticatedUsers, eventlog.PermissionRead), nil
	case "bucket-owner-read":
		return toBucketOwner(eventlog.PermissionRead), nil
	case "bucket-owner-full-control":
		return toBucketOwner(eventlog.PermissionFullControl), nil
	case "aws-exec-read": // a grant to Amazon EC2, which is not here
		return nil, Errorf(NotImplemented, "The canned ACL %q is not implemented.", name)
	}
	return nil, InvalidArgumentf("x-amz-acl", name, "")
}

// known returns grants with the names of their accounts, all of which must exist.
func (s *Service) known(grants []eventlog.Grant, bucket *projections.Bucket, owner eventlog.Owner) ([]eventlog.Grant, error) {
	known := make([]eventlog.Grant, len(grants))
	for i, grant := range grants {
		id := grant.Account.ID
		if grant.Group != "" {
			known[i] = grant
			continue
		}
		switch account, ok := s.account(id); {
		case ok:
			grant.Account = account
		case id == owner.ID:
			grant.Account = owner // who had credentials once
		case id == bucket.Owner.ID:
			grant.Account = bucket.Owner
		default:
			return nil, InvalidArgumentf("CanonicalUser/ID", id, "Invalid id")
		}
		known[i] = grant
	}
	return known, nil
}
