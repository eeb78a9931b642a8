package admin

import (
	"maps"
	"strings"

	"github.com/bleepstore/bleepstore/api/openapi"
	"github.com/bleepstore/bleepstore/eventlog/feed"
)

// The tags of the document.
const (
	tagHealth         = "Health"
	tagAdministration = "Administration"
	tagDocumentation  = "Documentation"
	tagProfiles       = "Profiles"
)

// documentPath is where the document of this package is. It tells nothing of this server, so it is for everybody, as the
// program is, and so for the page /docs too, which has no key to sign with.
const documentPath = "/_/v1/openapi.json"

// secret is the security scheme of requests that have an access key and its secret.
const secret = "basic"

// descriptions say what each page and each route is for, by the patterns of http.ServeMux.
//
// Invariant: they describe all of Config.pages, Config.administration and profiles, and nothing else. A test checks it. The
// files of the page /docs, which are below it, are no pages of their own.
var descriptions = map[string]openapi.Operation{
	"GET /healthz": {
		ID: "GetLiveness", Tags: []string{tagHealth}, Summary: "Whether the process is up",
		Responses: map[string]*openapi.Response{"200": {Description: "It is."}},
	},
	"GET /readyz": {
		ID: "GetReadiness", Tags: []string{tagHealth}, Summary: "Whether S3 requests are served",
		Responses: map[string]*openapi.Response{
			"200": {Description: "They are."},
			"503": {Description: "They are not. `/health` says why."},
		},
	},
	"GET /health": {
		ID: "GetHealth", Tags: []string{tagHealth}, Summary: "How each part of the server is",
		Responses: map[string]*openapi.Response{
			"200": inJSON("All parts are well.", openapi.Ref("Health")),
			"503": inJSON("A part is not well.", openapi.Ref("Health")),
		},
	},
	"GET /metrics": {
		ID: "GetMetrics", Tags: []string{tagHealth}, Summary: "What the server counts, for Prometheus",
		Responses: map[string]*openapi.Response{"200": {
			Description: "The metrics, in the form that was asked for.",
			Content:     openapi.Content{"text/plain": {Schema: openapi.String()}},
		}},
	},
	"GET /openapi.json": {
		ID: "GetS3Document", Tags: []string{tagDocumentation}, Summary: "The OpenAPI document of the S3 requests",
		Responses: map[string]*openapi.Response{"200": inJSON("The document.", &openapi.Schema{Type: "object"})},
	},
	"GET " + documentPath: {
		ID: "GetAdministrationDocument", Tags: []string{tagDocumentation}, Summary: "This document",
		Responses: map[string]*openapi.Response{"200": inJSON("The document.", &openapi.Schema{Type: "object"})},
	},
	"GET /docs": {
		ID: "GetDocumentation", Tags: []string{tagDocumentation}, Summary: "A page that shows the OpenAPI documents",
		Responses: map[string]*openapi.Response{"200": {
			Description: "The page.", Content: openapi.Content{"text/html; charset=utf-8": {Schema: openapi.String()}},
		}},
	},

	"GET /_/v1/projections": {
		ID: "ListProjections", Tags: []string{tagAdministration}, Summary: "How the engines of the metadata are",
		Responses: map[string]*openapi.Response{"200": inJSON("The engines.", openapi.Ref("Projections"))},
	},
	"POST /_/v1/projections/{engine}/serve": {
		ID: "ServeProjection", Tags: []string{tagAdministration}, Summary: "Have another engine of the metadata serve",
		Description: "Until the next start, which goes by `metadata.engine` of the configuration.",
		Parameters: []openapi.Parameter{{
			Name: "engine", In: "path", Required: true, Description: "The engine's name.", Schema: openapi.String(),
		}},
		Responses: map[string]*openapi.Response{
			"200": inJSON("It serves. The engines.", openapi.Ref("Projections")),
			"404": inJSON("The server keeps no such engine up to date.", openapi.Ref("Error")),
			"409": inJSON("It cannot serve now; the message says why.", openapi.Ref("Error")),
		},
	},
	"GET /_/v1/notifications": {
		ID: "ListTargets", Tags: []string{tagAdministration}, Summary: "How the targets of notifications are",
		Responses: map[string]*openapi.Response{"200": inJSON("The targets.", openapi.Ref("Targets"))},
	},
	"GET /_/v1/notifications/{target}/dead": {
		ID: "ListDeadLetters", Tags: []string{tagAdministration}, Summary: "What a target was not told, and will not be by itself",
		Parameters: []openapi.Parameter{
			targetParameter,
			parameter("query", "after", openapi.String(), "Only those behind the one with this id."),
			parameter("query", "limit", openapi.Integer().From(1), "How many there are at most; 100 by default, up to 1,000."),
		},
		Responses: map[string]*openapi.Response{
			"200": inJSON("The dead letters, in the order of events.", openapi.Ref("DeadLetters")),
			"400": inJSON("The limit is wrong.", openapi.Ref("Error")),
			"404": inJSON("There is no such target.", openapi.Ref("Error")),
		},
	},
	"POST /_/v1/notifications/{target}/dead/replay": {
		ID: "ReplayDeadLetters", Tags: []string{tagAdministration}, Summary: "Send dead letters again: one, or the first 1,000",
		Parameters: []openapi.Parameter{targetParameter, parameter("query", "id", openapi.String(), "Of one dead letter.")},
		Responses: map[string]*openapi.Response{
			"200": inJSON("How many.", openapi.Object(openapi.Always("replayed", openapi.Integer().From(0)))),
			"404": inJSON("There is no such target.", openapi.Ref("Error")),
			"409": inJSON("Too many messages wait already.", openapi.Ref("Error")),
		},
	},
	"DELETE /_/v1/notifications/{target}/dead": {
		ID: "DiscardDeadLetters", Tags: []string{tagAdministration}, Summary: "Forget dead letters: one, or all",
		Parameters: []openapi.Parameter{targetParameter, parameter("query", "id", openapi.String(), "Of one dead letter.")},
		Responses: map[string]*openapi.Response{
			"200": inJSON("How many.", openapi.Object(openapi.Always("discarded", openapi.Integer().From(0)))),
			"404": inJSON("There is no such target.", openapi.Ref("Error")),
		},
	},
	"GET /_/v1/events": {
		ID: "StreamEvents", Tags: []string{tagAdministration}, Summary: "What happens to buckets and objects, as server-sent events",
		Description: "Without `from`, the stream begins with what happens from now on. Each message has the id of its event, and " +
			"its type as `event`. A bound is the id of an event, the number of a commit, a time, or a duration before now.",
		Parameters: []openapi.Parameter{
			parameter("query", feed.ParamBucket, openapi.String(), "Only events about this bucket."),
			parameter("query", feed.ParamPrefix, openapi.String(), "Only events about keys that begin with it."),
			parameter("query", feed.ParamKey, openapi.String(), "Only events about this key."),
			parameter("query", feed.ParamType, openapi.String(), "Only events of these types, separated by commas."),
			parameter("query", feed.ParamActor, openapi.String(), "Only what this account or access key did."),
			parameter("query", feed.ParamFrom, openapi.String(), "The bound to begin at."),
			parameter("query", feed.ParamTo, openapi.String(), "The bound to end at."),
			parameter("query", feed.ParamLimit, openapi.Integer().From(0), "How many events to send at most."),
			parameter("query", feed.ParamFollow, openapi.Boolean(), "Whether to wait for what has not happened yet; true by default."),
			parameter("query", feed.ParamFormat, openapi.String(), "The form of the data; cloudevents by default."),
			parameter("header", "Last-Event-ID", openapi.String(), "Go on behind this event."),
		},
		Responses: map[string]*openapi.Response{
			"200": {Description: "The events.", Content: openapi.Content{"text/event-stream": {Schema: openapi.String()}}},
			"400": inJSON("A parameter is wrong; the message says what to write.", openapi.Ref("Error")),
			"404": inJSON("The log has not come to the event yet.", openapi.Ref("Error")),
			"410": inJSON("The log does not reach back to the event any more.", openapi.Ref("Error")),
			"503": inJSON("There is no log now, or there are too many streams.", openapi.Ref("Error")),
		},
	},

	"GET /_/debug/pprof/":        profile("ListProfiles", "The profiles that there are, each of which is below, by its name"),
	"GET /_/debug/pprof/cmdline": profile("GetCommandLine", "The command that the server was started with"),
	"GET /_/debug/pprof/profile": profile("GetCPUProfile", "Where time is spent", seconds),
	"GET /_/debug/pprof/trace":   profile("GetTrace", "What the program does, as a trace", seconds),
	"GET /_/debug/pprof/symbol":  profile("GetSymbols", "The names of the program counters in the query"),
	"POST /_/debug/pprof/symbol": profile("PostSymbols", "The names of the program counters in the body"),
}

var targetParameter = openapi.Parameter{
	Name: "target", In: "path", Required: true, Description: "The target's name.", Schema: openapi.String(),
}

var seconds = parameter("query", "seconds", openapi.Integer().From(1), "How long to look.")

// profile describes one of profiles.
func profile(id, summary string, parameters ...openapi.Parameter) openapi.Operation {
	return openapi.Operation{
		ID: id, Tags: []string{tagProfiles}, Summary: summary, Parameters: parameters,
		Responses: map[string]*openapi.Response{"200": {
			Description: "What was asked for.", Content: openapi.Content{"*/*": {}},
		}},
	}
}

func parameter(place, name string, s *openapi.Schema, description string) openapi.Parameter {
	return openapi.Parameter{Name: name, In: place, Description: description, Schema: s}
}

// schemas are the forms of what descriptions tell.
var schemas = map[string]*openapi.Schema{
	"Health": openapi.Object(
		openapi.Always("status", status),
		openapi.Always("checks", openapi.Object(
			openapi.Always("metadata", openapi.Ref("Check")),
			openapi.Always("storage", openapi.Ref("Check")),
			openapi.Always("log", openapi.Ref("Check")),
			openapi.Always("archive", openapi.Ref("Check")),
		)),
		openapi.Always("projections", openapi.Array(openapi.Ref("Projection"))),
	),
	"Check": openapi.Object(
		openapi.Always("status", status),
		openapi.Always("latency_ms", openapi.Number().As("How long the check took, in milliseconds.")),
		openapi.Maybe("error", openapi.String().As("What is wrong.")),
	),
	"Projections": openapi.Object(openapi.Always("projections", openapi.Array(openapi.Ref("Projection")))),
	"Projection": openapi.Object(
		openapi.Always("engine", openapi.String()),
		openapi.Maybe("place", openapi.String().As("Where it keeps the metadata; only for administrators.")),
		openapi.Always("status", status),
		openapi.Always("serving", openapi.Boolean().As("It answers requests.")),
		openapi.Always("position", openapi.Integer().From(0).As("Sequence of the last commit of the log that it has applied.")),
		openapi.Always("behind", openapi.Integer().From(0).As("How many commits of the log it has not applied.")),
		openapi.Always("caught_up", openapi.Boolean().As("It has applied what the log held when it was opened.")),
		openapi.Maybe("error", openapi.String().As("What is wrong with it.")),
	),
	"Targets": openapi.Object(openapi.Always("targets", openapi.Array(openapi.Object(
		openapi.Always("name", openapi.String()),
		openapi.Always("type", openapi.String()),
		openapi.Always("arn", openapi.String()),
		openapi.Always("position", openapi.Integer().From(0).As("Sequence of the last commit of the log that was read for it.")),
		openapi.Always("behind", openapi.Integer().From(0).As("How many commits were not.")),
		openapi.Always("waiting", openapi.Integer().From(0).As("Messages that it has not taken yet.")),
		openapi.Always("delivered", openapi.Integer().From(0).As("Messages that it has taken since the server began.")),
		openapi.Always("dead_letters", openapi.Integer().From(0)),
		openapi.Maybe("failing_since", openapi.String()),
		openapi.Maybe("error", openapi.String().As("What is wrong.")),
	)))),
	"DeadLetters": openapi.Object(
		openapi.Always("dead_letters", openapi.Array(openapi.Object(
			openapi.Always("id", openapi.String()),
			openapi.Always("bucket", openapi.String()),
			openapi.Always("key", openapi.String()),
			openapi.Always("event", openapi.String()),
			openapi.Always("time", openapi.String()),
			openapi.Maybe("since", openapi.String()),
			openapi.Maybe("tries", openapi.Integer().From(0)),
			openapi.Maybe("error", openapi.String()),
			openapi.Maybe("died", openapi.String()),
			openapi.Always("body", &openapi.Schema{Type: "object"}),
		))),
		openapi.Maybe("next", openapi.String().As("Behind which the next page begins.")),
	),
	"Error": openapi.Object(openapi.Always("error", openapi.Object(
		openapi.Always("code", openapi.String()),
		openapi.Always("message", openapi.String()),
	))),
}

var status = openapi.OneOf(statusOK, statusError)

func inJSON(description string, s *openapi.Schema) *openapi.Response {
	return &openapi.Response{Description: description, Content: openapi.Content{"application/json": {Schema: s}}}
}

// document describes the pages and the routes.
func document() *openapi.Document {
	d := &openapi.Document{
		OpenAPI: openapi.Version,
		Info: openapi.Info{
			Title: "BleepStore Administration API", Version: "v1", License: openapi.Apache,
			Description: "What is below `/_/` is for administrators.",
		},
		Tags: []openapi.Tag{
			{Name: tagHealth, Description: "For load balancers and monitoring."},
			{Name: tagAdministration, Description: "For administrators."},
			{Name: tagDocumentation, Description: "What can be asked."},
			{Name: tagProfiles, Description: "What goes on inside, for `go tool pprof`; only where there is no S3: `server.admin_listen`."},
		},
		Paths: make(map[string]openapi.Operations),
		Components: openapi.Components{
			Schemas: schemas,
			Responses: map[string]*openapi.Response{
				"Denied":       inJSON("The credentials are not an administrator's.", openapi.Ref("Error")),
				"Unauthorized": inJSON("There are no credentials, or they are wrong.", openapi.Ref("Error")),
			},
			SecuritySchemes: map[string]openapi.SecurityScheme{
				openapi.Signature: openapi.SignatureV4,
				secret: {
					Type: "http", Scheme: "basic",
					Description: "Access key and secret key: over TLS, or from the machine that the server runs on.",
				},
			},
		},
	}
	for pattern, operation := range descriptions {
		method, path, _ := strings.Cut(pattern, " ")
		operation.Security = &[]openapi.Requirement{}
		if strings.HasPrefix(path, "/_/") && path != documentPath {
			operation.Security = &[]openapi.Requirement{{openapi.Signature: {}}, {secret: {}}}
			operation.Responses = maps.Clone(operation.Responses)
			operation.Responses["401"] = &openapi.Response{Ref: "#/components/responses/Unauthorized"}
			operation.Responses["403"] = &openapi.Response{Ref: "#/components/responses/Denied"}
		}
		path = strings.ReplaceAll(path, "...}", "}") // documents know no parameter that has slashes
		if d.Paths[path] == nil {
			d.Paths[path] = make(openapi.Operations)
		}
		d.Paths[path][strings.ToLower(method)] = &operation
	}
	return d
}
