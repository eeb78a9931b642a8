package portable

import (
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

const (
	// metadataPrefix begins the names of the user's metadata.
	metadataPrefix = "x-amz-meta-"
	// standardClass is the storage class that goes without saying elsewhere.
	standardClass = "STANDARD"
	// unknownType is the content type of an object whose type nobody told.
	unknownType = "binary/octet-stream"
)

func newBucketRow(b *projections.Bucket) *bucketRow {
	more := &bucketExtra{
		Versioning: b.Versioning, Ownership: b.Ownership, PublicAccessBlock: b.PublicAccessBlock, CORS: b.CORS, Tags: b.Tags,
		Notification: b.Notification,
	}
	if more.Versioning == "" && more.Ownership == "" && more.PublicAccessBlock == nil && len(more.CORS) == 0 && len(more.Tags) == 0 &&
		len(more.Notification) == 0 {
		more = nil
	}
	return &bucketRow{
		Name: b.Name, Region: b.Region, OwnerID: b.Owner.ID, OwnerDisplay: b.Owner.Name, ACL: newACL(b.Owner, b.Grants),
		CreatedAt: moment(b.Created), More: more,
	}
}

// newObjectRow describes the current object of a key: parts are those that it was uploaded in, and file is where its bytes
// are, if that is not the place of the key.
func newObjectRow(bucket *projections.Bucket, o *projections.Object, parts []eventlog.Part, file string) *objectRow {
	more := &objectExtra{File: file, Parts: parts, labels: labelsOf(&o.Attributes)}
	if bucket.Versioning != "" {
		if more.Version = o.Version; o.Null {
			more.Version = api.NullVersion
		}
	}
	if o.Checksum.Algorithm != api.CRC64NVME || o.Checksum.Type != api.FullObject {
		more.Checksum = &o.Checksum
	}
	if more.File == "" && more.Version == "" && more.Checksum == nil && len(more.Parts) == 0 && more.empty() {
		more = nil
	}
	return &objectRow{
		content: newContent(o.Bucket, o.Key, &o.Attributes, newACL(o.Owner, o.Grants)),
		Size:    o.Size, ETag: quote(o.ETag), LastModified: moment(o.Modified), More: more,
	}
}

func newUploadRow(u *projections.Upload) *uploadRow {
	more := &uploadExtra{labels: labelsOf(&u.Attributes)}
	if u.Checksum.Algorithm != "" {
		more.Checksum = &u.Checksum
	}
	if more.Checksum == nil && more.empty() {
		more = nil
	}
	owner := u.ObjectOwner
	if owner.ID == "" {
		owner = u.Owner
	}
	return &uploadRow{
		content:  newContent(u.Bucket, u.Key, &u.Attributes, newACL(owner, u.Grants)),
		UploadID: u.ID, OwnerID: u.Owner.ID, OwnerDisplay: u.Owner.Name, InitiatedAt: moment(u.Initiated), More: more,
	}
}

func newPartRow(p *projections.Part) *partRow {
	row := &partRow{
		UploadID: p.Upload, PartNumber: p.Number, Size: p.Size, ETag: quote(p.ETag), LastModified: moment(p.Modified),
	}
	if p.Checksum.Algorithm != api.CRC64NVME {
		row.More = &partExtra{&p.Checksum}
	}
	return row
}

// newCredentialRow describes a credential, of which it is not known when it was made: others want some time there.
func newCredentialRow(c Credential) *credentialRow {
	row := &credentialRow{
		AccessKeyID: c.AccessKey, SecretKey: c.SecretKey, OwnerID: c.ID, DisplayName: c.Name, Active: true,
		CreatedAt: moment(time.Unix(0, 0)),
	}
	if row.SecretKey == "" {
		row.SecretKey = redacted
	}
	return row
}

func newContent(bucket, key string, a *eventlog.Attributes, acl acl) content {
	metadata := make(map[string]string, len(a.Metadata))
	for name, value := range a.Metadata {
		metadata[metadataPrefix+name] = value
	}
	return content{
		Bucket: bucket, Key: key, ACL: acl, UserMetadata: metadata,
		ContentType: textOr(a.ContentType, unknownType), StorageClass: textOr(a.StorageClass, standardClass),
		ContentEncoding: text(a.ContentEncoding), ContentLanguage: text(a.ContentLanguage),
		ContentDisposition: text(a.ContentDisposition), CacheControl: text(a.CacheControl), Expires: text(a.Expires),
	}
}

func labelsOf(a *eventlog.Attributes) labels {
	return labels{Tags: a.Tags, WebsiteRedirect: a.WebsiteRedirect}
}

func (l labels) empty() bool { return len(l.Tags) == 0 && l.WebsiteRedirect == "" }

// text is a text that may be null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// textOr is a text that may not be null.
func textOr(s, empty string) *string {
	if s == "" {
		return &empty
	}
	return &s
}

func quote(etag string) string { return `"` + etag + `"` }

func unquote(etag string) string { return strings.Trim(etag, `"`) }
