package api

import (
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// ACLRequest is the access control list that a request asks for: a canned one or grants, not both. The zero value asks
// for nothing, which is the private one.
type ACLRequest struct {
	Canned string           // such as "public-read"
	Grants []eventlog.Grant // in place of a canned one; nil for none
}

// grantsFor returns the ACL that a request asks for, of something in a bucket, or of the bucket itself, that belongs to
// owner; nil for the private one.
func (s *Service) grantsFor(acl ACLRequest, bucket *projections.Bucket, owner eventlog.Owner) ([]eventlog.Grant, error) {
	full := eventlog.Grant{Account: owner, Permission: eventlog.PermissionFullControl}
	switch acl.Canned {
	case "public-read":
		return []eventlog.Grant{full, {Group: eventlog.GroupAllUsers, Permission: eventlog.PermissionRead}}, nil
	}
	return acl.Grants, nil
}

// ownerFor returns the account to which an object belongs that the caller makes in a bucket under an ACL.
func ownerFor(by Caller, acl ACLRequest, bucket *projections.Bucket) eventlog.Owner {
	switch {
	case bucket.Ownership == eventlog.BucketOwnerEnforced,
		bucket.Ownership == eventlog.BucketOwnerPreferred && acl.Canned == "bucket-owner-full-control":
		return bucket.Owner
	}
	return by.owner()
}
