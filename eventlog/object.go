package eventlog

import "time"

// Object is everything about one object but its bucket and key. Blobs hold its bytes.
type Object struct {
	// Version identifies this object among all that the key has had, and orders them: a newer one compares greater.
	Version string `json:"version"`
	// Null marks an object that was written while the bucket kept no versions; S3 calls its version "null", and a key has
	// one of it at most.
	Null bool `json:"null,omitzero"`
	// OlderNull is the null version among the older ones of the key, as of when this one was made. It may be gone since;
	// but if the key has one that is older than this, it is that.
	OlderNull string    `json:"older_null,omitzero"`
	Modified  time.Time `json:"modified"` // UTC, whole milliseconds
	Owner     Owner     `json:"owner"`
	// Grants are the object's ACL. Nil is the private one: the owner has FULL_CONTROL and nobody else has anything.
	Grants []Grant `json:"grants,omitzero"`
	Upload string  `json:"upload,omitzero"` // id of the multipart upload that became it; empty if none did

	Size     int64    `json:"size"` // bytes
	ETag     string   `json:"etag"` // without quotes: hex MD5, or "hex-N" for N parts
	Checksum Checksum `json:"checksum,omitzero"`

	Attributes Attributes `json:"attributes,omitzero"`

	// Blobs are the object's bytes, in order.
	Blobs []Blob `json:"blobs,omitzero"`
	// Parts say how the bytes of a multipart object divide; other objects have none. Part i is Blobs[i].
	Parts []Part `json:"parts,omitzero"`
	// Manifest names a blob that holds Blobs and Parts, as JSON of a Manifest, where they are too long for an event.
	Manifest *Blob `json:"manifest,omitzero"`
}

// Marker is a delete marker: a version that is no object, and hides those before it.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
type Marker struct {
	Version   string    `json:"version"`
	Null      bool      `json:"null,omitzero"`
	OlderNull string    `json:"older_null,omitzero"`
	Modified  time.Time `json:"modified"` // UTC, whole milliseconds
	Owner     Owner     `json:"owner"`
}

// Manifest is the content of an Object's manifest blob.
type Manifest struct {
	Blobs []Blob `json:"blobs"`
	Parts []Part `json:"parts"`
}

// Owner is the account to which something belongs.
type Owner struct {
	ID   string `json:"id"`            // canonical user id
	Name string `json:"name,omitzero"` // display name
}

// Attributes are what the client says about an object, stored and returned as it was said.
type Attributes struct {
	ContentType        string `json:"content_type,omitzero"`
	ContentEncoding    string `json:"content_encoding,omitzero"`
	ContentLanguage    string `json:"content_language,omitzero"`
	ContentDisposition string `json:"content_disposition,omitzero"`
	CacheControl       string `json:"cache_control,omitzero"`
	Expires            string `json:"expires,omitzero"`
	WebsiteRedirect    string `json:"website_redirect,omitzero"`
	StorageClass       string `json:"storage_class,omitzero"` // empty is STANDARD

	// Metadata is the user's: lower-case names without the x-amz-meta- prefix.
	Metadata map[string]string `json:"metadata,omitzero"`
	Tags     []Tag             `json:"tags,omitzero"`
}

// Tag is one tag of an object or a bucket.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Checksum is S3's additional checksum of an object or a part.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
type Checksum struct {
	Algorithm string `json:"algorithm"`      // CRC32, CRC32C, CRC64NVME, SHA1, SHA256
	Type      string `json:"type,omitzero"`  // FULL_OBJECT or COMPOSITE
	Value     string `json:"value,omitzero"` // base64 of the checksum, with "-N" behind a composite one
}

// Part is one part of an upload or of a multipart object.
type Part struct {
	Number   int       `json:"number"` // 1 to 10,000
	Size     int64     `json:"size"`   // bytes
	ETag     string    `json:"etag"`   // hex MD5, without quotes
	Modified time.Time `json:"modified,omitzero"`
	Checksum Checksum  `json:"checksum,omitzero"`
}

// Blob names immutable bytes: in the blob backend or, if it has a Place, elsewhere.
type Blob struct {
	ID   string `json:"id"`
	Size int64  `json:"size"` // bytes
	// CRC64NVME is base64 of the checksum of its bytes, so that a scrub can check them; empty where it is not known, which can
	// be so elsewhere only.
	CRC64NVME string `json:"crc64nvme"`
	// Place is the URL of an object of somebody else's that has the bytes, such as s3://bucket/key, as it is: nothing in it
	// is escaped. It is read only. Tag is what the service there says of this content of it.
	Place string `json:"place,omitzero"`
	Tag   string `json:"tag,omitzero"`
}

// FreeBlob is a blob that something stopped naming. When nothing names it, it is garbage.
type FreeBlob struct {
	ID string `json:"id"`
	// Manifest marks a manifest blob: the blobs that it lists are freed with it.
	Manifest bool `json:"manifest,omitzero"`
	// Size is how many bytes it has. 0 also where that is not told, as by earlier events, or where they are elsewhere.
	Size int64 `json:"size,omitzero"`
	// CRC64NVME is that of a manifest, as in Blob, for who reads it to find what it lists.
	CRC64NVME string `json:"crc64nvme,omitzero"`
}
