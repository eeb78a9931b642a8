package projections

import (
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Bucket is a bucket and its configuration.
type Bucket struct {
	Name    string         `json:"name"`
	Region  string         `json:"region"`
	Created time.Time      `json:"created"`
	Owner   eventlog.Owner `json:"owner"`

	Versioning eventlog.Versioning `json:"versioning,omitzero"`
	Ownership  eventlog.Ownership  `json:"ownership,omitzero"` // empty: no ownership controls
	// Grants are the bucket's ACL. Nil is the private one: the owner has FULL_CONTROL and nobody else has anything.
	Grants            []eventlog.Grant            `json:"grants,omitzero"`
	PublicAccessBlock *eventlog.PublicAccessBlock `json:"public_access_block,omitzero"` // nil: not configured
	CORS              []eventlog.CORSRule         `json:"cors,omitzero"`                // empty: not configured
	Tags              []eventlog.Tag              `json:"tags,omitzero"`                // empty: not configured
	Notification      []eventlog.NotificationRule `json:"notification,omitzero"`        // empty: nobody is told
}

// Object is the current object under a key.
type Object struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	eventlog.Object
}

// Version is an object, or a delete marker, that is not the current object under its key.
type Version struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	// DeleteMarker marks a version that hides the ones before it; of the Object, only Version, Null, OlderNull, Modified
	// and Owner are set.
	DeleteMarker bool `json:"delete_marker,omitzero"`
	eventlog.Object
}

// Upload is a multipart upload that is neither completed nor aborted.
type Upload struct {
	Bucket     string              `json:"bucket"`
	Key        string              `json:"key"`
	ID         string              `json:"id"`
	Initiated  time.Time           `json:"initiated"`
	Owner      eventlog.Owner      `json:"owner"` // who began it: the initiator
	Attributes eventlog.Attributes `json:"attributes,omitzero"`
	// Grants and ObjectOwner are those of the object to be; without an ObjectOwner it is the initiator.
	Grants      []eventlog.Grant  `json:"grants,omitzero"`
	ObjectOwner eventlog.Owner    `json:"object_owner,omitzero"`
	Checksum    eventlog.Checksum `json:"checksum,omitzero"`
}

// Part is a stored part of an upload.
type Part struct {
	Upload string `json:"upload"` // upload id
	eventlog.Part
	Blob eventlog.Blob `json:"blob"`
}

// SharedBlob says how many things name a blob: more than one.
type SharedBlob struct {
	Blob  string `json:"blob"`
	Count int64  `json:"count"`
}

// Garbage is a blob that nothing names any more, to be deleted some time after Since.
type Garbage struct {
	eventlog.FreeBlob
	Since time.Time `json:"since"` // when the last thing that named it went
}
