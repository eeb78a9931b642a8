package eventlog

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// UnknownEventError says that an event is of a type or version that this program does not know. It was most likely
// written by a newer one. Events are never skipped: what follows may depend on them.
type UnknownEventError struct {
	Type    string
	Version int
}

func (e *UnknownEventError) Error() string {
	return fmt.Sprintf("event %q version %d is unknown to this program: use the version that wrote it, or a newer one", e.Type, e.Version)
}

// shape is what the log says about the data of an event.
type shape struct {
	name    string
	version int
}

// shapes makes empty data for every shape that may be in a log.
var shapes = shapesOf(
	func() Data { return new(BucketCreated) },
	func() Data { return new(BucketDeleted) },
	func() Data { return new(BucketVersioningSet) },
	func() Data { return new(BucketACLSet) },
	func() Data { return new(BucketOwnershipSet) },
	func() Data { return new(BucketOwnershipDeleted) },
	func() Data { return new(BucketPublicAccessBlockSet) },
	func() Data { return new(BucketPublicAccessBlockDeleted) },
	func() Data { return new(BucketCORSSet) },
	func() Data { return new(BucketCORSDeleted) },
	func() Data { return new(BucketTagsSet) },
	func() Data { return new(BucketTagsDeleted) },
	func() Data { return new(BucketNotificationSet) },
	func() Data { return new(ObjectCreated) },
	func() Data { return new(MarkerCreated) },
	func() Data { return new(ObjectDeleted) },
	func() Data { return new(VersionDeleted) },
	func() Data { return new(ObjectTagsSet) },
	func() Data { return new(ObjectTagsDeleted) },
	func() Data { return new(ObjectACLSet) },
	func() Data { return new(UploadCreated) },
	func() Data { return new(PartStored) },
	func() Data { return new(UploadAborted) },
	func() Data { return new(BlobsReaped) },
	func() Data { return new(LogRestored) },
	func() Data { return new(StorageRebased) },

	func() Data { return new(bucketCreatedV1) },
	func() Data { return new(bucketCreatedV2) },
	func() Data { return new(objectCreatedV1) },
	func() Data { return new(objectDeletedV1) },
	func() Data { return new(uploadCreatedV1) },
	func() Data { return new(uploadCreatedV2) },
	func() Data { return new(objectCreatedV2) },
	func() Data { return new(objectDeletedV2) },
	func() Data { return new(markerCreatedV1) },
	func() Data { return new(versionDeletedV1) },
	func() Data { return new(objectTagsSetV1) },
	func() Data { return new(objectTagsDeletedV1) },
	func() Data { return new(objectACLSetV1) },
	func() Data { return new(objectDeletedV3) },
	func() Data { return new(versionDeletedV2) },
)

func shapesOf(makers ...func() Data) map[shape]func() Data {
	m := make(map[shape]func() Data, len(makers))
	for _, newData := range makers {
		data := newData()
		m[shape{data.EventType(), data.EventVersion()}] = newData
	}
	return m
}

// envelope is the JSON of an event. Its members are written in this order; type and v must be read before data.
type envelope struct {
	Type    string    `json:"type"`
	Version int       `json:"v"`
	Time    time.Time `json:"time"`
	Actor   Actor     `json:"actor"`
	Request string    `json:"request"`
	Data    payload   `json:"data"`
}

// payload is the data of the event in its envelope. The back reference lets it be decoded in the same pass.
type payload struct {
	data     Data
	envelope *envelope
}

var (
	encodeOptions = json.Deterministic(true) // maps too: equal events are equal bytes
	decodeOptions = json.RejectUnknownMembers(true)
)

// MarshalJSONTo writes the event in the form that the log keeps:
//
//	{"type":"bucket.deleted","v":1,"time":"2026-01-02T03:04:05.678Z","actor":{...},"request":"...","data":{...}}
func (e *Event) MarshalJSONTo(enc *jsontext.Encoder) error {
	if e.Data == nil {
		return errors.New("event without data")
	}
	return json.MarshalEncode(enc, &envelope{
		Type:    e.Data.EventType(),
		Version: e.Data.EventVersion(),
		Time:    e.Time,
		Actor:   e.Actor,
		Request: e.Request,
		Data:    payload{data: e.Data},
	}, encodeOptions)
}

// UnmarshalJSONFrom reads what MarshalJSONTo writes, and lifts old shapes to the newest. An unknown type or version is an *UnknownEventError; a member that
// the shape does not have is an error too, because to drop it would be to drop a part of what happened.
func (e *Event) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var env envelope
	env.Data.envelope = &env
	if err := json.UnmarshalDecode(dec, &env, decodeOptions); err != nil {
		return err
	}
	if env.Data.data == nil {
		return errors.New("event without data")
	}
	if old, ok := env.Data.data.(oldShape); ok {
		env.Data.data = old.lift()
	}
	*e = Event{Time: env.Time, Actor: env.Actor, Request: env.Request, Data: env.Data.data}
	return nil
}

// MarshalJSONTo writes the data alone.
func (p *payload) MarshalJSONTo(enc *jsontext.Encoder) error { return json.MarshalEncode(enc, p.data) }

// UnmarshalJSONFrom reads data of the shape that the envelope has named by now.
func (p *payload) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	newData, ok := shapes[shape{p.envelope.Type, p.envelope.Version}]
	if !ok {
		return &UnknownEventError{Type: p.envelope.Type, Version: p.envelope.Version}
	}
	if dec.PeekKind() != jsontext.KindBeginObject {
		return errors.New("the data of an event must be an object")
	}
	p.data = newData()
	return json.UnmarshalDecode(dec, p.data)
}
