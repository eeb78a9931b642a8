package sqlite

import (
	"fmt"
	"strings"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

// table is a table of schema.sql, the rows of which are records.
type table[T any] struct {
	name    string
	columns func(columns, *T)
	insert  string // writes a row, in the place of the one with its primary key
	from    string // reads the columns, and goes on with WHERE
}

func newTable[T any](name string, columns func(columns, *T)) *table[T] {
	var list names
	columns(&list, new(T))
	joined := strings.Join(list, ", ")
	parameters := strings.Repeat(", ?", len(list))[2:]
	return &table[T]{
		name:    name,
		columns: columns,
		insert:  fmt.Sprintf("INSERT OR REPLACE INTO %s (%s) VALUES (%s)", name, joined, parameters),
		from:    fmt.Sprintf("SELECT %s FROM %s ", joined, name),
	}
}

var (
	buckets  = newTable("buckets", bucketColumns)
	objects  = newTable("objects", objectColumns)
	versions = newTable("versions", versionColumns)
	uploads  = newTable("uploads", uploadColumns)
	parts    = newTable("parts", partColumns)
	shared   = newTable("shared_blobs", sharedColumns)
	garbage  = newTable("garbage", garbageColumns)
)

func bucketColumns(c columns, b *projections.Bucket) {
	c.text("name", &b.Name)
	c.optional("region", &b.Region)
	c.time("created", &b.Created)
	c.optional("owner_id", &b.Owner.ID)
	c.optional("owner_name", &b.Owner.Name)
	c.optional("versioning", (*string)(&b.Versioning))
	c.optional("ownership", (*string)(&b.Ownership))
	c.json("grants", &b.Grants, b.Grants == nil)
	c.json("public_access_block", &b.PublicAccessBlock, b.PublicAccessBlock == nil)
	c.json("cors", &b.CORS, b.CORS == nil)
	c.json("tags", &b.Tags, b.Tags == nil)
	c.json("notification", &b.Notification, b.Notification == nil)
}

func objectColumns(c columns, o *projections.Object) {
	c.text("bucket", &o.Bucket)
	c.text("key", &o.Key)
	contentColumns(c, &o.Object)
}

func versionColumns(c columns, v *projections.Version) {
	c.text("bucket", &v.Bucket)
	c.text("key", &v.Key)
	c.flag("delete_marker", &v.DeleteMarker)
	contentColumns(c, &v.Object)
}

func contentColumns(c columns, o *eventlog.Object) {
	c.text("version", &o.Version)
	c.flag("is_null", &o.Null)
	c.optional("older_null", &o.OlderNull)
	c.time("modified", &o.Modified)
	c.optional("owner_id", &o.Owner.ID)
	c.optional("owner_name", &o.Owner.Name)
	c.json("grants", &o.Grants, o.Grants == nil)
	c.optional("upload_id", &o.Upload)
	c.integer("size", &o.Size)
	c.optional("etag", &o.ETag)
	checksumColumns(c, &o.Checksum)
	attributeColumns(c, &o.Attributes)
	c.json("blobs", &o.Blobs, o.Blobs == nil)
	c.json("parts", &o.Parts, o.Parts == nil)
	c.json("manifest", &o.Manifest, o.Manifest == nil)
}

func checksumColumns(c columns, s *eventlog.Checksum) {
	c.optional("checksum_algorithm", &s.Algorithm)
	c.optional("checksum_type", &s.Type)
	c.optional("checksum", &s.Value)
}

func attributeColumns(c columns, a *eventlog.Attributes) {
	c.optional("content_type", &a.ContentType)
	c.optional("content_encoding", &a.ContentEncoding)
	c.optional("content_language", &a.ContentLanguage)
	c.optional("content_disposition", &a.ContentDisposition)
	c.optional("cache_control", &a.CacheControl)
	c.optional("expires", &a.Expires)
	c.optional("website_redirect", &a.WebsiteRedirect)
	c.optional("storage_class", &a.StorageClass)
	c.json("metadata", &a.Metadata, a.Metadata == nil)
	c.json("tags", &a.Tags, a.Tags == nil)
}

func uploadColumns(c columns, u *projections.Upload) {
	c.text("bucket", &u.Bucket)
	c.text("key", &u.Key)
	c.text("upload_id", &u.ID)
	c.time("initiated", &u.Initiated)
	c.optional("initiator_id", &u.Owner.ID)
	c.optional("initiator_name", &u.Owner.Name)
	c.optional("owner_id", &u.ObjectOwner.ID)
	c.optional("owner_name", &u.ObjectOwner.Name)
	c.json("grants", &u.Grants, u.Grants == nil)
	checksumColumns(c, &u.Checksum)
	attributeColumns(c, &u.Attributes)
}

func partColumns(c columns, p *projections.Part) {
	c.text("upload_id", &p.Upload)
	c.number("number", &p.Number)
	c.integer("size", &p.Size)
	c.optional("etag", &p.ETag)
	c.time("modified", &p.Modified)
	checksumColumns(c, &p.Checksum)
	c.text("blob_id", &p.Blob.ID)
	c.integer("blob_size", &p.Blob.Size)
	c.optional("blob_crc64nvme", &p.Blob.CRC64NVME)
}

func sharedColumns(c columns, s *projections.SharedBlob) {
	c.text("blob_id", &s.Blob)
	c.integer("count", &s.Count)
}

func garbageColumns(c columns, g *projections.Garbage) {
	c.time("since", &g.Since)
	c.text("blob_id", &g.ID)
	c.flag("is_manifest", &g.Manifest)
	c.integer("size", &g.Size)
	c.optional("crc64nvme", &g.CRC64NVME)
}
