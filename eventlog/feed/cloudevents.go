package feed

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bleepstore/bleepstore/eventlog"
)

// Attributes are the context attributes of the CloudEvent that an event is.
// See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes
type Attributes struct {
	ID              string `json:"id"`
	Source          string `json:"source"`
	SpecVersion     string `json:"specversion"`
	Type            string `json:"type"`
	Subject         string `json:"subject,omitzero"`
	Time            string `json:"time"`
	DataContentType string `json:"datacontenttype"`
	DataSchema      string `json:"dataschema"`
}

// Attributes are the event's as a CloudEvent. Source and ID together are unique: source is the log.
func (e *Event) Attributes() Attributes {
	name, version := e.Data.EventType(), strconv.Itoa(e.Data.EventVersion())
	return Attributes{
		ID:              e.ID().String(),
		Source:          "/bleepstore/" + e.Commit.Log,
		SpecVersion:     "1.0",
		Type:            "bleepstore." + name,
		Subject:         e.path(),
		Time:            e.Time.UTC().Format(time.RFC3339Nano),
		DataContentType: "application/json",
		DataSchema:      "urn:bleepstore:schema:" + name + ":" + version,
	}
}

// CloudEvent is an event as a CloudEvent in structured mode.
// See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
type CloudEvent struct {
	Attributes
	Data *eventlog.Event `json:"data"` // all of it, so that who caused it is told too
}

// CloudEvent is the event as a CloudEvent.
func (e *Event) CloudEvent() CloudEvent { return CloudEvent{e.Attributes(), e.Event} }

// path is the bucket and the key, as in the path of a URL.
func (e *Event) path() string {
	if e.Key == "" {
		return e.Bucket
	}
	return e.Bucket + "/" + strings.ReplaceAll(url.PathEscape(e.Key), "%2F", "/")
}

// subjectPrefix begins the subjects of all events.
const subjectPrefix = "bleepstore.v1."

// noBucket stands for the bucket of an event that is about none.
const noBucket = "_"

// MessageSubject is the NATS subject of an event: bleepstore.v1.BUCKET.ENTITY.VERB, with a dot in the name of a bucket as _, which
// no name of a bucket may have.
func (e *Event) MessageSubject() string {
	bucket := strings.ReplaceAll(e.Bucket, ".", "_")
	if bucket == "" {
		bucket = noBucket
	}
	return subjectPrefix + bucket + "." + e.Data.EventType()
}
