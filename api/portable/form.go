package portable

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bleepstore/bleepstore/eventlog"
)

// formVersion is the version of the form that is written, and the newest one that is read.
const formVersion = 1

// metadataFile is the file with the metadata, at the root of the tree.
const metadataFile = "metadata.json"

// redacted stands where a secret key is not told.
const redacted = "REDACTED"

// The members of the document beside its envelope. Each is a list of rows.
const (
	envelopeMember    = "bleepstore_export"
	bucketsMember     = "buckets"
	credentialsMember = "credentials"
	partsMember       = "multipart_parts"
	uploadsMember     = "multipart_uploads"
	objectsMember     = "objects"
)

// envelope says what a document is.
type envelope struct {
	ExportedAt    moment `json:"exported_at"`
	SchemaVersion int    `json:"schema_version"` // of the tables of other implementations, whose columns the rows have
	Source        string `json:"source"`         // who wrote it: name/version
	Version       int    `json:"version"`
}

// The rows. What others have no member for is in x_bleepstore, which is only there where there is such a thing: who reads
// rows by the names of their members does not see it.

type bucketRow struct {
	Name         string       `json:"name"`
	Region       string       `json:"region"`
	OwnerID      string       `json:"owner_id"`
	OwnerDisplay string       `json:"owner_display"`
	ACL          acl          `json:"acl"`
	CreatedAt    moment       `json:"created_at"`
	More         *bucketExtra `json:"x_bleepstore,omitzero"`
}

type bucketExtra struct {
	Versioning        eventlog.Versioning         `json:"versioning,omitzero"`
	Ownership         eventlog.Ownership          `json:"ownership,omitzero"`
	PublicAccessBlock *eventlog.PublicAccessBlock `json:"public_access_block,omitzero"`
	CORS              []eventlog.CORSRule         `json:"cors,omitzero"`
	Tags              []eventlog.Tag              `json:"tags,omitzero"`
	Notification      []eventlog.NotificationRule `json:"notification,omitzero"`
}

// content is what objects and uploads have in common.
type content struct {
	Bucket             string            `json:"bucket"`
	Key                string            `json:"key"`
	ContentType        *string           `json:"content_type"`
	ContentEncoding    *string           `json:"content_encoding"`
	ContentLanguage    *string           `json:"content_language"`
	ContentDisposition *string           `json:"content_disposition"`
	CacheControl       *string           `json:"cache_control"`
	Expires            *string           `json:"expires"`
	StorageClass       *string           `json:"storage_class"`
	ACL                acl               `json:"acl"`
	UserMetadata       map[string]string `json:"user_metadata"` // names have metadataPrefix
}

type objectRow struct {
	content
	Size         int64        `json:"size"`
	ETag         string       `json:"etag"` // in quotes
	LastModified moment       `json:"last_modified"`
	DeleteMarker bool         `json:"delete_marker"`
	More         *objectExtra `json:"x_bleepstore,omitzero"`
}

type objectExtra struct {
	// File is where the bytes are if they are not at the place of the key: see escapedPath.
	File string `json:"file,omitzero"`
	// Version is the version id, if the bucket has been keeping versions.
	Version  string             `json:"version_id,omitzero"`
	Checksum *eventlog.Checksum `json:"checksum,omitzero"` // where it is not CRC64NVME of the full object
	Parts    []eventlog.Part    `json:"parts,omitzero"`    // of an object that was uploaded in parts
	labels
}

type uploadRow struct {
	content
	UploadID     string       `json:"upload_id"`
	OwnerID      string       `json:"owner_id"` // the initiator; the owner of the object to be is in the ACL
	OwnerDisplay string       `json:"owner_display"`
	InitiatedAt  moment       `json:"initiated_at"`
	More         *uploadExtra `json:"x_bleepstore,omitzero"`
}

type uploadExtra struct {
	Checksum *eventlog.Checksum `json:"checksum,omitzero"` // without a value: what the parts are to be checked with
	labels
}

// labels are what an object has beside its content, and others do not know.
type labels struct {
	Tags            []eventlog.Tag `json:"tags,omitzero"`
	WebsiteRedirect string         `json:"website_redirect,omitzero"`
}

type partRow struct {
	UploadID     string     `json:"upload_id"`
	PartNumber   int        `json:"part_number"`
	Size         int64      `json:"size"`
	ETag         string     `json:"etag"` // in quotes
	LastModified moment     `json:"last_modified"`
	More         *partExtra `json:"x_bleepstore,omitzero"`
}

type partExtra struct {
	Checksum *eventlog.Checksum `json:"checksum,omitzero"` // where it is not CRC64NVME
}

type credentialRow struct {
	AccessKeyID string `json:"access_key_id"`
	SecretKey   string `json:"secret_key"`
	OwnerID     string `json:"owner_id"`
	DisplayName string `json:"display_name"`
	Active      bool   `json:"active"`
	CreatedAt   moment `json:"created_at"`
}

// moment is a time as the form has it: UTC, with milliseconds.
type moment time.Time

const momentForm = "2006-01-02T15:04:05.000Z"

// MarshalText implements encoding.TextMarshaler.
func (m moment) MarshalText() ([]byte, error) {
	return time.Time(m).UTC().AppendFormat(nil, momentForm), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. It reads any time of RFC 3339.
func (m *moment) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return err
	}
	if t = t.UTC().Truncate(time.Millisecond); t.Year() < 1 || t.Year() > 9999 {
		return fmt.Errorf("%s is of no year from 1 to 9999", text)
	}
	*m = moment(t)
	return nil
}

// encodeRow returns the JSON of a row, with sorted names.
func encodeRow(row any) (jsontext.Value, error) {
	text, err := json.Marshal(row)
	if err != nil {
		return nil, err
	}
	value := jsontext.Value(text)
	return value, value.Format(jsontext.ReorderRawObjects(true))
}
