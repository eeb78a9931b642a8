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
}

// Object is the current object under a key.
type Object struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Upload string `json:"upload,omitzero"` // id of the upload that became it; empty if none did
	eventlog.Object
}

// Version is an object, or a delete marker, that is not the current object under its key.
type Version struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	// DeleteMarker marks a version that hides the ones before it; of the Object, only Version, Null, Modified and Owner
	// are set.
	DeleteMarker bool `json:"delete_marker,omitzero"`
	eventlog.Object
}

// Upload is a multipart upload that is neither completed nor aborted.
type Upload struct {
	Bucket     string              `json:"bucket"`
	Key        string              `json:"key"`
	ID         string              `json:"id"`
	Initiated  time.Time           `json:"initiated"`
	Owner      eventlog.Owner      `json:"owner"`
	Attributes eventlog.Attributes `json:"attributes,omitzero"`
	Checksum   eventlog.Checksum   `json:"checksum,omitzero"`
}

// Part is a stored part of an upload.
type Part struct {
	Upload string `json:"upload"` // upload id
	eventlog.Part
	Blob eventlog.Blob `json:"blob"`
}

// Garbage is a blob that nothing names any more, to be deleted some time after Since.
type Garbage struct {
	eventlog.FreeBlob
	Since time.Time `json:"since"` // when the last thing that named it went
}
