package portable

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// The records that rows describe. An error says what in the row cannot be.

func (row *bucketRow) record() (*projections.Bucket, error) {
	b := &projections.Bucket{
		Name: row.Name, Region: row.Region, Created: time.Time(row.CreatedAt), Owner: eventlog.Owner{ID: row.OwnerID, Name: row.OwnerDisplay},
	}
	if row.CreatedAt == (moment{}) {
		return nil, missing("created_at")
	}
	if more := row.More; more != nil {
		b.Versioning, b.Ownership, b.PublicAccessBlock = more.Versioning, more.Ownership, more.PublicAccessBlock
		b.CORS, b.Tags, b.Notification = more.CORS, more.Tags, more.Notification
	}
	_, grants, err := row.ACL.read(b.Owner)
	b.Grants = grants
	return b, err
}

// record returns the object, which belongs to other unless the row says to whom.
func (row *objectRow) record(other eventlog.Owner) (o eventlog.Object, err error) {
	o.Size, o.ETag, o.Modified = row.Size, unquote(row.ETag), time.Time(row.LastModified)
	if row.LastModified == (moment{}) {
		return o, missing("last_modified")
	}
	var more labels
	if row.More != nil {
		more = row.More.labels
		o.Version, o.Parts = row.More.Version, row.More.Parts
		if row.More.Checksum != nil {
			o.Checksum = *row.More.Checksum
		}
	}
	if o.Owner, o.Grants, err = row.ACL.read(other); err != nil {
		return o, err
	}
	o.Attributes, err = row.attributes(more)
	return o, err
}

func (row *uploadRow) record() (*projections.Upload, error) {
	u := &projections.Upload{
		Bucket: row.Bucket, Key: row.Key, ID: row.UploadID, Initiated: time.Time(row.InitiatedAt),
		Owner: eventlog.Owner{ID: row.OwnerID, Name: row.OwnerDisplay},
	}
	if row.InitiatedAt == (moment{}) {
		return nil, missing("initiated_at")
	}
	var more labels
	if row.More != nil {
		more = row.More.labels
		if row.More.Checksum != nil {
			u.Checksum = *row.More.Checksum
		}
	}
	owner, grants, err := row.ACL.read(u.Owner)
	if err != nil {
		return nil, err
	}
	if u.Grants = grants; owner != u.Owner {
		u.ObjectOwner = owner
	}
	u.Attributes, err = row.attributes(more)
	return u, err
}

func (row *partRow) record() (p eventlog.Part, err error) {
	p = eventlog.Part{Number: row.PartNumber, Size: row.Size, ETag: unquote(row.ETag), Modified: time.Time(row.LastModified)}
	if row.More != nil && row.More.Checksum != nil {
		p.Checksum = *row.More.Checksum
	}
	if row.LastModified == (moment{}) {
		err = missing("last_modified")
	}
	return p, err
}

func missing(member string) error { return fmt.Errorf("it has no %s", member) }

var storageClass = regexp.MustCompile(`^[A-Z_]{1,64}$`)

func (c *content) attributes(more labels) (eventlog.Attributes, error) {
	a := eventlog.Attributes{
		ContentType: valueOf(c.ContentType), ContentEncoding: valueOf(c.ContentEncoding), ContentLanguage: valueOf(c.ContentLanguage),
		ContentDisposition: valueOf(c.ContentDisposition), CacheControl: valueOf(c.CacheControl), Expires: valueOf(c.Expires),
		StorageClass: valueOf(c.StorageClass), Tags: more.Tags, WebsiteRedirect: more.WebsiteRedirect,
	}
	if a.ContentType == unknownType {
		a.ContentType = ""
	}
	if a.StorageClass == standardClass {
		a.StorageClass = ""
	}
	if a.StorageClass != "" && !storageClass.MatchString(a.StorageClass) {
		return a, fmt.Errorf("%q cannot be a storage_class", a.StorageClass)
	}
	for name, value := range c.UserMetadata {
		bare := strings.TrimPrefix(strings.ToLower(name), metadataPrefix)
		if _, twice := a.Metadata[bare]; twice {
			return a, fmt.Errorf("user_metadata has %q twice", bare)
		}
		if a.Metadata == nil {
			a.Metadata = make(map[string]string, len(c.UserMetadata))
		}
		a.Metadata[bare] = value
	}
	return a, api.CheckAttributes(&a)
}

func valueOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// credential returns what the row says, without the secret key. It reports false for one that is not in use.
func (row *credentialRow) credential() (Credential, bool) {
	return Credential{AccessKey: row.AccessKeyID, ID: row.OwnerID, Name: row.DisplayName}, row.Active
}

// files returns where the bytes of the object may be.
func (row *objectRow) files() ([]string, error) {
	if row.More != nil && row.More.File != "" {
		if escaped := escapedPath(row.Bucket, row.Key); row.More.File != escaped {
			return nil, api.Errorf(api.InvalidRequest, "its file is said to be %q: it can only be %s", row.More.File, escaped)
		}
		return []string{row.More.File}, nil
	}
	if plain, ok := plainPath(row.Bucket, row.Key); ok {
		return []string{plain}, nil
	}
	if normal := normalPath(row.Bucket, row.Key); normal != "" {
		return []string{normal}, nil
	}
	return nil, api.Errorf(api.InvalidRequest, "its key is not the path of a file in the folder of its bucket")
}

// files returns where the bytes of the part may be: implementations have had several places.
func (row *partRow) files() []string {
	return []string{
		partPath(row.UploadID, row.PartNumber),
		fmt.Sprintf("%s/%s/%05d", partsFolder, row.UploadID, row.PartNumber),
		fmt.Sprintf("%s/%s/%d", oldPartsFolder, row.UploadID, row.PartNumber),
	}
}
