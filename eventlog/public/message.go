package public

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/eventlog/feed"
)

// eventSubjects are the subjects of all events; see feed.Event.MessageSubject.
const eventSubjects = "bleepstore.v1.>"

// The headers that a position is read from. That of the hash is an extension of CloudEvents.
const (
	idHeader     = "ce-id"
	sourceHeader = "ce-source"
	hashHeader   = "ce-commithash"
)

// sourcePrefix is what feed.Attributes.Source has before the id of the log.
const sourcePrefix = "/bleepstore/"

// message is an event as a message: a CloudEvent in binary mode.
// See https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
func message(e *feed.Event) (*nats.Msg, error) {
	data, err := json.Marshal(e.Event)
	if err != nil {
		return nil, fmt.Errorf("write event %v: %w", e.ID(), err)
	}
	a := e.Attributes()
	header := nats.Header{
		jetstream.MsgIDHeader: {e.Commit.Log + "/" + a.ID},
		"content-type":        {a.DataContentType},
		idHeader:              {a.ID},
		sourceHeader:          {a.Source},
		"ce-specversion":      {a.SpecVersion},
		"ce-type":             {a.Type},
		"ce-time":             {a.Time},
		"ce-dataschema":       {a.DataSchema},
		hashHeader:            {e.Commit.Hash},
	}
	if a.Subject != "" {
		header["ce-subject"] = []string{a.Subject}
	}
	return &nats.Msg{Subject: e.MessageSubject(), Header: header, Data: data}, nil
}

// published is an event that is in a stream.
type published struct {
	feed.ID
	commit eventlog.Position
}

// publishedOf tells which event a message is.
func publishedOf(header nats.Header) (published, error) {
	id, err := feed.ParseID(header.Get(idHeader))
	if err != nil {
		return published{}, err
	}
	log := strings.TrimPrefix(header.Get(sourceHeader), sourcePrefix)
	return published{id, eventlog.Position{Log: log, Seq: id.Seq, Hash: header.Get(hashHeader)}}, nil
}
