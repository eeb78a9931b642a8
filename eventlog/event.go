// Package eventlog is the source of truth: an append-only log of events on NATS JetStream.
//
// Every accepted change is an event. Events are appended in commits, each of which is one JetStream message, made
// durable by one fsync before Append returns. See commit.go for the form of a commit and log.go for the log itself.
package eventlog

import "time"

// Event is a fact: one accepted change. It is self-contained; applying one never asks a clock, a random source or the
// network, because everything that was decided is in it.
type Event struct {
	Time    time.Time // when it was decided; UTC, whole milliseconds
	Actor   Actor     // who asked for it
	Request string    // id of the request that caused it, as in x-amz-request-id
	Data    Data      // what happened
}

// Actor is who caused an event.
type Actor struct {
	Account   string `json:"account,omitzero"`    // canonical id of the account
	AccessKey string `json:"access_key,omitzero"` // the key that signed the request
	Address   string `json:"address,omitzero"`    // the client's network address, without port
}

// Data is what happened; one of the types below. Each has a name and a version of its shape, which the log carries
// beside it. A shape that is in a log is never changed: a new shape is a new version, and codec.go lifts old ones.
type Data interface {
	// EventType is the event's name: entity.verb, in the past tense.
	EventType() string
	// EventVersion is the version of the shape that this program writes.
	EventVersion() int
}

// BucketCreated says that a bucket exists from now on.
type BucketCreated struct {
	Bucket    string    `json:"bucket"`
	Region    string    `json:"region"`
	Owner     Owner     `json:"owner"`
	Ownership Ownership `json:"ownership,omitzero"`
	Grants    []Grant   `json:"grants,omitzero"` // see Object.Grants
	// Created is when the bucket was made, where that was elsewhere and before the event; zero for when the event was.
	Created time.Time `json:"created,omitzero"`
}

// BucketDeleted says that a bucket, empty before, is gone.
type BucketDeleted struct {
	Bucket string `json:"bucket"`
}

// Via tells how an object came to be: by which kind of request, or from where.
type Via string

// The ways to create an object.
const (
	ViaPut       Via = "put"
	ViaCopy      Via = "copy"
	ViaMultipart Via = "multipart"
	ViaPost      Via = "post"
	ViaImport    Via = "import" // it was made elsewhere, which Object.Modified is about
)

// ObjectCreated says that an object is the current one under its key, in place of the one before, if any.
type ObjectCreated struct {
	Bucket string  `json:"bucket"`
	Key    string  `json:"key"`
	Via    Via     `json:"via"`
	Object Object  `json:"object"`          // Object.Upload is the upload that it completes, which ends with all its parts
	Source *Source `json:"source,omitzero"` // ViaCopy: the object whose blobs it now shares

	Displaced
}

// Displaced is what a new current object, or a delete marker, does to the versions that its key had.
type Displaced struct {
	// Kept is the object that was current until now, where it stays as a version.
	Kept *Object `json:"kept,omitzero"`
	// Dropped is the version that the new one replaces though it was not current: the null version.
	Dropped string     `json:"dropped,omitzero"`
	Freed   []FreeBlob `json:"freed,omitzero"` // blobs that what was replaced and unused parts no longer name
}

// Source names the object that was copied.
type Source struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Version string `json:"version"`
}

// MarkerCreated says that a key has no current object from now on, but a delete marker above its versions.
type MarkerCreated struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Marker Marker `json:"marker"`

	Displaced
}

// ObjectDeleted says that the current object under a key is gone.
type ObjectDeleted struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Version string `json:"version"`       // Object.Version of the object that was deleted
	Null    bool   `json:"null,omitzero"` // Object.Null of it; not told by events of versions before 4
	// Promoted is the version that is the current object from now on.
	Promoted *Object    `json:"promoted,omitzero"`
	Freed    []FreeBlob `json:"freed,omitzero"`
}

// VersionDeleted says that a version that was not current, or a delete marker, is gone.
type VersionDeleted struct {
	Bucket       string `json:"bucket"`
	Key          string `json:"key"`
	Version      string `json:"version"`
	Null         bool   `json:"null,omitzero"`          // what is gone is the null version; not told by events of versions before 3
	DeleteMarker bool   `json:"delete_marker,omitzero"` // what is gone is a delete marker
	// Promoted is the version that is the current object from now on, because the delete marker above it is gone.
	Promoted *Object    `json:"promoted,omitzero"`
	Freed    []FreeBlob `json:"freed,omitzero"`
}

// ObjectChanged is what events about an object that exists have in common.
type ObjectChanged struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	// Noncurrent tells that the object is a version that is not current.
	Noncurrent bool `json:"noncurrent,omitzero"`
	// Object is all of the object, as it is from now on.
	Object Object `json:"object"`
}

// The events about an object that exists say which part of it has changed.
type (
	// ObjectTagsSet says that an object has other tags.
	ObjectTagsSet struct{ ObjectChanged }
	// ObjectTagsDeleted says that an object has no tags any more.
	ObjectTagsDeleted struct{ ObjectChanged }
	// ObjectACLSet says that an object has other grants.
	ObjectACLSet struct{ ObjectChanged }
)

// UploadCreated says that a multipart upload was begun.
type UploadCreated struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Upload string `json:"upload"` // upload id; sorts by the time of its making, unless it was made elsewhere
	Owner  Owner  `json:"owner"`  // who began it: the initiator
	// Attributes are those of the object to be.
	Attributes Attributes `json:"attributes,omitzero"`
	// Grants are those of the object to be; see Object.Grants.
	Grants []Grant `json:"grants,omitzero"`
	// ObjectOwner is the owner of the object to be, where that is not the initiator.
	ObjectOwner Owner `json:"object_owner,omitzero"`
	// Checksum is what the parts and the object are to be checked with; without Value.
	Checksum Checksum `json:"checksum,omitzero"`
	// Initiated is when the upload was begun, where that was elsewhere and before the event; zero for when the event was.
	Initiated time.Time `json:"initiated,omitzero"`
}

// PartStored says that a part of an upload exists, in place of one with the same number, if any.
type PartStored struct {
	Bucket string     `json:"bucket"`
	Key    string     `json:"key"`
	Upload string     `json:"upload"`
	Part   Part       `json:"part"`
	Blob   Blob       `json:"blob"`
	Freed  []FreeBlob `json:"freed,omitzero"` // the blob of the part that it replaced
}

// UploadAborted says that an upload is gone, with all its parts. An upload that expired has an event without an Actor.
type UploadAborted struct {
	Bucket string     `json:"bucket"`
	Key    string     `json:"key"`
	Upload string     `json:"upload"`
	Freed  []FreeBlob `json:"freed,omitzero"`
}

// EventType implements Data.
func (*BucketCreated) EventType() string { return "bucket.created" }

// EventVersion implements Data.
func (*BucketCreated) EventVersion() int { return 3 }

// EventType implements Data.
func (*BucketDeleted) EventType() string { return "bucket.deleted" }

// EventVersion implements Data.
func (*BucketDeleted) EventVersion() int { return 1 }

// EventType implements Data.
func (*ObjectCreated) EventType() string { return "object.created" }

// EventVersion implements Data.
func (*ObjectCreated) EventVersion() int { return 3 }

// EventType implements Data.
func (*ObjectDeleted) EventType() string { return "object.deleted" }

// EventVersion implements Data.
func (*ObjectDeleted) EventVersion() int { return 4 }

// EventType implements Data.
func (*MarkerCreated) EventType() string { return "marker.created" }

// EventVersion implements Data.
func (*MarkerCreated) EventVersion() int { return 2 }

// EventType implements Data.
func (*VersionDeleted) EventType() string { return "version.deleted" }

// EventVersion implements Data.
func (*VersionDeleted) EventVersion() int { return 3 }

// EventType implements Data.
func (*ObjectTagsSet) EventType() string { return "object.tags.set" }

// EventVersion implements Data.
func (*ObjectTagsSet) EventVersion() int { return 2 }

// EventType implements Data.
func (*ObjectTagsDeleted) EventType() string { return "object.tags.deleted" }

// EventVersion implements Data.
func (*ObjectTagsDeleted) EventVersion() int { return 2 }

// EventType implements Data.
func (*ObjectACLSet) EventType() string { return "object.acl.set" }

// EventVersion implements Data.
func (*ObjectACLSet) EventVersion() int { return 2 }

// EventType implements Data.
func (*UploadCreated) EventType() string { return "upload.created" }

// EventVersion implements Data.
func (*UploadCreated) EventVersion() int { return 3 }

// EventType implements Data.
func (*PartStored) EventType() string { return "part.stored" }

// EventVersion implements Data.
func (*PartStored) EventVersion() int { return 1 }

// EventType implements Data.
func (*UploadAborted) EventType() string { return "upload.aborted" }

// EventVersion implements Data.
func (*UploadAborted) EventVersion() int { return 1 }
