package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/internal/tracing"
	"github.com/bleepstore/bleepstore/projections"
)

// subject is whose owner, or whose ACL, decides about an operation.
type subject int

const (
	ofNothing subject = iota // any account may
	ofBucket
	ofObject
	ofLabels // tags and the like: the owner of the object, or of the bucket
	ofUpload // the initiator, or the owner of the bucket
	ofNobody // anybody may, also without credentials
)

// rule says who may perform an operation: the owner of its subject, and those to whom the subject's ACL grants a
// permission. Without a permission it is the owner alone.
type rule struct {
	subject    subject
	permission eventlog.Permission
}

// deleteVersion is the part of DeleteObject and DeleteObjects that removes a version for good.
const deleteVersion = "DeleteObjectVersion"

// rules are, by the name of the operation in S3's API reference, all that anybody may do. What has no rule nobody may.
// WRITE on a bucket lets its grantees overwrite and delete the objects of others too, as in Amazon's older documentation;
// the newer one speaks of the owners of bucket and object alone.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions
var rules = map[string]rule{
	"ListBuckets":  {ofNothing, ""},
	"CreateBucket": {ofNothing, ""},

	// A preflight, named as its page is. All that it tells is what the bucket's rules about other origins say.
	"OptionsObject": {ofNobody, ""},

	"HeadBucket":           {ofBucket, eventlog.PermissionRead},
	"ListObjects":          {ofBucket, eventlog.PermissionRead},
	"ListObjectsV2":        {ofBucket, eventlog.PermissionRead},
	"ListObjectVersions":   {ofBucket, eventlog.PermissionRead},
	"ListMultipartUploads": {ofBucket, eventlog.PermissionRead},

	"GetBucketAcl": {ofBucket, eventlog.PermissionReadACP},
	"PutBucketAcl": {ofBucket, eventlog.PermissionWriteACP},

	"DeleteBucket":                                {ofBucket, ""},
	"DeleteBucketAnalyticsConfiguration":          {ofBucket, ""},
	"DeleteBucketCors":                            {ofBucket, ""},
	"DeleteBucketEncryption":                      {ofBucket, ""},
	"DeleteBucketIntelligentTieringConfiguration": {ofBucket, ""},
	"DeleteBucketInventoryConfiguration":          {ofBucket, ""},
	"DeleteBucketLifecycle":                       {ofBucket, ""},
	"DeleteBucketMetricsConfiguration":            {ofBucket, ""},
	"DeleteBucketOwnershipControls":               {ofBucket, ""},
	"DeleteBucketPolicy":                          {ofBucket, ""},
	"DeleteBucketReplication":                     {ofBucket, ""},
	"DeleteBucketTagging":                         {ofBucket, ""},
	"DeleteBucketWebsite":                         {ofBucket, ""},
	"DeletePublicAccessBlock":                     {ofBucket, ""},
	"GetBucketAbac":                               {ofBucket, ""},
	"GetBucketAccelerateConfiguration":            {ofBucket, ""},
	"GetBucketAnalyticsConfiguration":             {ofBucket, ""},
	"GetBucketCors":                               {ofBucket, ""},
	"GetBucketEncryption":                         {ofBucket, ""},
	"GetBucketIntelligentTieringConfiguration":    {ofBucket, ""},
	"GetBucketInventoryConfiguration":             {ofBucket, ""},
	"GetBucketLifecycleConfiguration":             {ofBucket, ""},
	"GetBucketLocation":                           {ofBucket, ""},
	"GetBucketLogging":                            {ofBucket, ""},
	"GetBucketMetricsConfiguration":               {ofBucket, ""},
	"GetBucketNotificationConfiguration":          {ofBucket, ""},
	"GetBucketOwnershipControls":                  {ofBucket, ""},
	"GetBucketPolicy":                             {ofBucket, ""},
	"GetBucketPolicyStatus":                       {ofBucket, ""},
	"GetBucketReplication":                        {ofBucket, ""},
	"GetBucketRequestPayment":                     {ofBucket, ""},
	"GetBucketTagging":                            {ofBucket, ""},
	"GetBucketVersioning":                         {ofBucket, ""},
	"GetBucketWebsite":                            {ofBucket, ""},
	"GetObjectLockConfiguration":                  {ofBucket, ""},
	"GetPublicAccessBlock":                        {ofBucket, ""},
	"ListBucketAnalyticsConfigurations":           {ofBucket, ""},
	"ListBucketIntelligentTieringConfigurations":  {ofBucket, ""},
	"ListBucketInventoryConfigurations":           {ofBucket, ""},
	"ListBucketMetricsConfigurations":             {ofBucket, ""},
	"PutBucketCors":                               {ofBucket, ""},
	"PutBucketNotificationConfiguration":          {ofBucket, ""},
	"PutBucketOwnershipControls":                  {ofBucket, ""},
	"PutBucketTagging":                            {ofBucket, ""},
	"PutBucketVersioning":                         {ofBucket, ""},
	"PutPublicAccessBlock":                        {ofBucket, ""},

	"PutObject":               {ofBucket, eventlog.PermissionWrite},
	"PostObject":              {ofBucket, eventlog.PermissionWrite},
	"CopyObject":              {ofBucket, eventlog.PermissionWrite},
	"DeleteObject":            {ofBucket, eventlog.PermissionWrite},
	"DeleteObjects":           {ofBucket, eventlog.PermissionWrite},
	deleteVersion:             {ofBucket, ""},
	"CreateMultipartUpload":   {ofBucket, eventlog.PermissionWrite},
	"UploadPart":              {ofUpload, eventlog.PermissionWrite},
	"UploadPartCopy":          {ofUpload, eventlog.PermissionWrite},
	"CompleteMultipartUpload": {ofUpload, eventlog.PermissionWrite},
	"ListParts":               {ofUpload, ""},
	"AbortMultipartUpload":    {ofUpload, ""},

	"GetObject":           {ofObject, eventlog.PermissionRead},
	"HeadObject":          {ofObject, eventlog.PermissionRead},
	"GetObjectAcl":        {ofObject, eventlog.PermissionReadACP},
	"PutObjectAcl":        {ofObject, eventlog.PermissionWriteACP},
	"GetObjectAttributes": {ofObject, ""}, // for which READ is not enough
	"GetObjectLegalHold":  {ofObject, ""},
	"GetObjectRetention":  {ofObject, ""},
	"GetObjectTagging":    {ofLabels, ""},
	"PutObjectTagging":    {ofLabels, ""},
	"DeleteObjectTagging": {ofLabels, ""},
}

// HasRule tells whether there is a rule of who may perform an operation, which is named as in S3's API reference.
func HasRule(operation string) bool {
	_, ok := rules[operation]
	return ok
}

// permit returns AccessDenied if the caller may not perform the operation as far as it depends on a subject, which
// belongs to owner and has an ACL; that of an upload is its bucket's. It decides for every operation; bucket is where the
// subject is, if anywhere.
func permit(by Caller, of subject, bucket *projections.Bucket, owner eventlog.Owner, grants []eventlog.Grant) error {
	rule, ok := rules[by.Operation]
	switch {
	case !ok:
		return NewError(AccessDenied)
	case rule.subject != of:
		return nil // another subject's owner decides
	case of == ofNothing:
		if by.anonymous() {
			return NewError(AccessDenied)
		}
		return nil
	}
	if bucket.Ownership == eventlog.BucketOwnerEnforced {
		grants = nil
		if of == ofObject || of == ofLabels {
			owner = bucket.Owner
		}
	}
	switch isOwner := by.is(owner); {
	case of == ofUpload && !by.is(bucket.Owner):
		// Who has begun an upload can end it. To write they must still be allowed what they were then.
		if !isOwner || rule.permission == "" {
			return deniedUnless(isOwner)
		}
	case isOwner, (of == ofUpload || of == ofLabels) && by.is(bucket.Owner):
		return nil
	}
	ignorePublic := bucket.PublicAccessBlock != nil && bucket.PublicAccessBlock.IgnorePublicACLs
	for _, grant := range grants {
		if grant.Group != "" && ignorePublic || rule.permission == "" {
			continue
		}
		if by.isIn(grant) && (grant.Permission == rule.permission || grant.Permission == eventlog.PermissionFullControl) {
			return nil
		}
	}
	return NewError(AccessDenied)
}

func deniedUnless(ok bool) error {
	if ok {
		return nil
	}
	return NewError(AccessDenied)
}

// Permit returns an error if the caller may not perform the operation, as far as that can be said without the object.
// Operations check that themselves; it is for those who want to know before they read what a request brings.
// Errors: NoSuchBucket, AccessDenied.
func (s *Service) Permit(ctx context.Context, by Caller, bucket string) error {
	rule := rules[by.Operation]
	if rule.subject == ofNothing {
		return permit(by, ofNothing, nil, eventlog.Owner{}, nil)
	}
	_, err := s.bucket(ctx, by, bucket)
	ofObjects := rule.subject == ofObject || rule.subject == ofLabels
	if err == nil && ofObjects && rule.permission == "" && by.anonymous() {
		return NewError(AccessDenied) // who is nobody owns no object
	}
	return err
}

// isIn tells whether a grant is one to the caller.
func (c Caller) isIn(grant eventlog.Grant) bool {
	switch grant.Group {
	case "":
		return c.is(grant.Account)
	case eventlog.GroupAllUsers:
		return true
	case eventlog.GroupAuthenticatedUsers:
		return !c.anonymous()
	}
	return false
}

// bucket returns a bucket if the caller may work with it, as far as that depends on the bucket.
// Errors: NoSuchBucket, AccessDenied.
func (s *Service) bucket(ctx context.Context, by Caller, name string) (*projections.Bucket, error) {
	reading, span := tracing.Start(ctx, "metadata read bucket")
	bucket, err := s.store().Bucket(reading, name)
	span.End(unlessNotFound(err))
	if errors.Is(err, projections.ErrNotFound) {
		return nil, NewError(NoSuchBucket, Detail{"BucketName", name})
	}
	if err != nil {
		return nil, fmt.Errorf("read bucket %q: %w", name, err)
	}
	if by.BucketOwner != nil {
		*by.BucketOwner = bucket.Owner.ID
	}
	if by.ExpectedOwner != "" && by.ExpectedOwner != bucket.Owner.ID {
		return nil, NewError(AccessDenied)
	}
	return bucket, permit(by, ofBucket, bucket, bucket.Owner, bucket.Grants)
}
