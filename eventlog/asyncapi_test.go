package eventlog_test

import (
	"fmt"
	"reflect"

	"github.com/bleepstore/bleepstore/eventlog"
)

// object is a JSON object.
type object = map[string]any

// cloudEventID is the URI of the schema of events as CloudEvents.
const cloudEventID = "urn:bleepstore:schema:cloudevent"

// cloudEventSchema describes an event as a CloudEvent in JSON.
// See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
func cloudEventSchema() object {
	var types []any
	for _, data := range samples {
		types = append(types, object{"properties": object{
			"type":       object{"const": cloudEventType(data)},
			"dataschema": object{"const": schemaID(data)},
			"data":       object{"$ref": schemaID(data)},
		}})
	}
	properties := contextAttributes("")
	properties["type"] = object{"type": "string", "description": "bleepstore and the type of the event."}
	properties["dataschema"] = object{"type": "string", "description": "URI of the schema of the data."}
	properties["datacontenttype"] = object{"const": "application/json"}
	properties["data"] = object{"type": "object", "description": "The event as the log has it."}
	return object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"$id":                  cloudEventID,
		"title":                "An event of BleepStore as a CloudEvent in JSON",
		"type":                 "object",
		"properties":           properties,
		"required":             []string{"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "data"},
		"additionalProperties": false,
		"oneOf":                types,
	}
}

// contextAttributes are those that all events have alike, with a prefix to their names.
// See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes
func contextAttributes(prefix string) object {
	return object{
		prefix + "specversion": object{"const": "1.0"},
		prefix + "id": object{
			"type": "string", "pattern": "^[0-9]+-[0-9]+$",
			"description": "Sequence of the commit in the log, and index of the event in the commit: unique within the source.",
		},
		prefix + "source": object{"type": "string", "pattern": "^/bleepstore/.+$", "description": "Names the log."},
		prefix + "time":   object{"type": "string", "format": "date-time"},
		prefix + "subject": object{
			"type": "string", "description": "The bucket, or bucket/key as in the path of a URL. Events about no bucket have none.",
		},
	}
}

// asyncAPI describes the public stream.
// See https://www.asyncapi.com/docs/reference/specification/v3.0.0
func asyncAPI(r *schemaReflector) object {
	channels, operations, messages := make(object), make(object), make(object)
	for _, data := range samples {
		name := data.EventType()
		channel := object{
			"address":  "bleepstore.v1._." + name,
			"messages": object{"event": object{"$ref": "#/components/messages/" + name}},
		}
		if _, ofBucket := reflect.TypeOf(data).Elem().FieldByName("Bucket"); ofBucket {
			channel["address"] = "bleepstore.v1.{bucket}." + name
			channel["parameters"] = object{"bucket": object{"$ref": "#/components/parameters/bucket"}}
		}
		channels[name] = channel
		operations[name] = object{"action": "send", "channel": object{"$ref": "#/channels/" + name}}
		messages[name] = asyncMessage(r, data)
	}
	return object{
		"asyncapi": "3.0.0",
		"info": object{
			"title":   "BleepStore Events",
			"version": "v1",
			"license": object{"name": "Apache-2.0"},
			"description": "Every accepted change of an object store, in order, at least once. The stream is called BLEEPSTORE_EVENTS. " +
				"A message that comes twice has the same ce-id.",
		},
		"defaultContentType": "application/json",
		"servers": object{"events": object{
			"host": "{address}", "protocol": "nats",
			"description": "The address that `events.listen` of the configuration sets.",
			"variables":   object{"address": object{"default": "127.0.0.1:4222"}},
			"security":    []any{object{"$ref": "#/components/securitySchemes/s3"}},
		}},
		"channels":   channels,
		"operations": operations,
		"components": object{
			"messages": messages,
			"parameters": object{"bucket": object{
				"description": "The bucket's name, with _ for each dot in it, since dots divide subjects.",
			}},
			"securitySchemes": object{"s3": object{
				"type": "userPassword", "description": "An S3 access key, and its secret key as the password.",
			}},
		},
	}
}

// asyncMessage describes the message of an event: a CloudEvent in binary mode, whose headers are the context attributes.
// See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/nats-protocol-binding.md
func asyncMessage(r *schemaReflector, data eventlog.Data) object {
	headers := contextAttributes("ce-")
	headers["ce-type"] = object{"const": cloudEventType(data)}
	headers["ce-dataschema"] = object{"const": schemaID(data)}
	headers["ce-commithash"] = object{
		"type": "string", "pattern": "^[0-9a-f]{64}$",
		"description": "SHA-256 of the commit in the log that the event is in: a chain.",
	}
	headers["content-type"] = object{"const": "application/json"}
	return object{
		"name":        cloudEventType(data),
		"title":       fmt.Sprintf("%s, version %d", data.EventType(), data.EventVersion()),
		"summary":     r.comment(reflect.TypeOf(data).Elem().Name()),
		"contentType": "application/json",
		"headers": object{
			"type":       "object",
			"properties": headers,
			"required":   []string{"ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-dataschema", "ce-commithash", "content-type"},
		},
		"payload": object{
			"schemaFormat": "application/schema+json;version=draft-2020-12",
			"schema":       object{"$ref": "./" + schemaFile(data)},
		},
	}
}
