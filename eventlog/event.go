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
	Bucket string `json:"bucket"`
	Region string `json:"region"`
	Owner  Owner  `json:"owner"`
}

// BucketDeleted says that a bucket, empty before, is gone.
type BucketDeleted struct {
	Bucket string `json:"bucket"`
}

// Via tells by which kind of request an object came to be.
type Via string

// The ways to create an object.
const (
	ViaPut       Via = "put"
	ViaCopy      Via = "copy"
	ViaMultipart Via = "multipart"
)

// ObjectCreated says that an object is the current one under its key, in place of the one before, if any.
type ObjectCreated struct {
	Bucket string     `json:"bucket"`
	Key    string     `json:"key"`
	Via    Via        `json:"via"`
	Object Object     `json:"object"`
	Source *Source    `json:"source,omitzero"` // ViaCopy: the object whose blobs it now shares
	Upload string     `json:"upload,omitzero"` // ViaMultipart: the upload that it completes, which ends with all its parts
	Freed  []FreeBlob `json:"freed,omitzero"`  // blobs that the replaced object and unused parts no longer name
}

// Source names the object that was copied.
type Source struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Version string `json:"version"`
}

// ObjectDeleted says that the current object under a key is gone.
type ObjectDeleted struct {
	Bucket  string     `json:"bucket"`
	Key     string     `json:"key"`
	Version string     `json:"version"` // Object.Version of the object that was deleted
	Freed   []FreeBlob `json:"freed,omitzero"`
}

// UploadCreated says that a multipart upload was begun.
type UploadCreated struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Upload string `json:"upload"` // upload id; sorts by the time of its making
	Owner  Owner  `json:"owner"`
	// Attributes are those of the object to be.
	Attributes Attributes `json:"attributes,omitzero"`
	// Checksum is what the parts and the object are to be checked with; without Value.
	Checksum Checksum `json:"checksum,omitzero"`
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

// UploadAborted says that an upload is gone, with all its parts.
type UploadAborted struct {
	Bucket string     `json:"bucket"`
	Key    string     `json:"key"`
	Upload string     `json:"upload"`
	Freed  []FreeBlob `json:"freed,omitzero"`
}

// EventType implements Data.
func (*BucketCreated) EventType() string { return "bucket.created" }

// EventVersion implements Data.
func (*BucketCreated) EventVersion() int { return 1 }

// EventType implements Data.
func (*BucketDeleted) EventType() string { return "bucket.deleted" }

// EventVersion implements Data.
func (*BucketDeleted) EventVersion() int { return 1 }

// EventType implements Data.
func (*ObjectCreated) EventType() string { return "object.created" }

// EventVersion implements Data.
func (*ObjectCreated) EventVersion() int { return 1 }

// EventType implements Data.
func (*ObjectDeleted) EventType() string { return "object.deleted" }

// EventVersion implements Data.
func (*ObjectDeleted) EventVersion() int { return 1 }

// EventType implements Data.
func (*UploadCreated) EventType() string { return "upload.created" }

// EventVersion implements Data.
func (*UploadCreated) EventVersion() int { return 1 }

// EventType implements Data.
func (*PartStored) EventType() string { return "part.stored" }

// EventVersion implements Data.
func (*PartStored) EventVersion() int { return 1 }

// EventType implements Data.
func (*UploadAborted) EventType() string { return "upload.aborted" }

// EventVersion implements Data.
func (*UploadAborted) EventVersion() int { return 1 }
