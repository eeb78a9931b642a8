package feed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Form is a form in which events are written, one to a line.
type Form string

// The forms.
const (
	// JSON is the event as the log keeps it, in an object that says also where it is.
	JSON Form = "json"
	// CloudEvents is a CloudEvent 1.0 in structured mode, with the event as the log keeps it as its data.
	CloudEvents Form = "cloudevents"
	// S3 is the message of Amazon S3's event notifications, for events that S3Name knows.
	S3 Form = "s3"
	// EventBridge is the message that Amazon S3 sends to EventBridge, for events that S3Name knows.
	EventBridge Form = "eventbridge"
	// Text is for people to read.
	Text Form = "text"
)

var forms = []Form{JSON, CloudEvents, S3, EventBridge, Text}

// ParseForm returns the form of a name. The error lists the names.
func ParseForm(name string) (Form, error) {
	if !slices.Contains(forms, Form(name)) {
		names := make([]string, len(forms))
		for i, form := range forms {
			names[i] = string(form)
		}
		return "", fmt.Errorf("there is no form %q of events: it is one of %s", name, strings.Join(names, ", "))
	}
	return Form(name), nil
}

// has tells whether the form has a place for an event.
func (f Form) has(e *Event) bool {
	if f != S3 && f != EventBridge {
		return true
	}
	_, ok := S3Name(e)
	return ok
}

// Origin is what Amazon's forms tell and events do not.
type Origin struct {
	Region string // of the server
	// BucketOwner is the canonical id of the account that owns the bucket of the event; empty where it is not known, and left out.
	BucketOwner string
	// Configuration is the ID of the rule of a bucket's notification configuration that the event is sent for; empty without one.
	Configuration string
}

// Line writes an event, without an end of the line. It is nil where the form has no place for the event.
func (f Form) Line(e *Event, o Origin) ([]byte, error) {
	var value any
	switch f {
	case JSON:
		value = e
	case CloudEvents:
		value = e.CloudEvent()
	case S3:
		record, ok := S3Record(e, o)
		if !ok {
			return nil, nil
		}
		value = S3Message{Records: []Record{record}}
	case EventBridge:
		message, ok := EventBridgeMessage(e, o)
		if !ok {
			return nil, nil
		}
		value = message
	case Text:
		return []byte(e.Text()), nil
	default:
		return nil, fmt.Errorf("there is no form %q of events", f)
	}
	line, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write event %v as %s: %w", e.ID(), f, err)
	}
	return line, nil
}

// placed is the JSON form of an event: where it is, and then its members in the log.
type placed struct {
	ID    string         `json:"id"`
	Log   string         `json:"log"`
	Seq   uint64         `json:"seq"`
	Index int            `json:"index"`
	Hash  string         `json:"hash"` // of the commit
	Event jsontext.Value `json:",embed"`
}

// MarshalJSONTo writes the form JSON:
//
//	{"id":"17-0","log":"...","seq":17,"index":0,"hash":"...","type":"bucket.deleted","v":1,"time":"...","actor":{...},...}
func (e *Event) MarshalJSONTo(enc *jsontext.Encoder) error {
	event, err := json.Marshal(e.Event)
	if err != nil {
		return err
	}
	return json.MarshalEncode(enc, &placed{
		ID: e.ID().String(), Log: e.Commit.Log, Seq: e.Commit.Seq, Index: e.Index, Hash: e.Commit.Hash, Event: event,
	})
}
